// The console: a Bayeux client of its own server, by the endpoint that only the internal listener has.
import { bytes, count, percent, text, time } from './format.js';
import { chart } from './chart.js';
import { $, say } from './dom.js';
import { connect } from './status.js';
import * as panels from './panels.js';
import * as sessions from './sessions.js';

const STORED = 'halley-key';
const STALE = 5000; // ms without a view after which the figures are no longer those of now

/** What each tile shows: its value, what stands beside it, how its chart reads, and when it is too much. */
const TILES = {
  connections: { show: count, beside: ({ connections }) => `of ${text(count(connections.most))}`, hot: (v, { connections }) => v > 0.9 * connections.most, least: 10 },
  delivered: { show: count, unit: '/s', beside: () => 'messages to clients', least: 10 },
  published: { show: count, unit: '/s', beside: ({ now }) => `${text(count(now.received))}/s received`, least: 10 },
  bytesOut: { show: bytes, unit: '/s', beside: ({ now }) => `${text(bytes(now.bytesIn))}/s received`, least: 1024 },
  busy: { show: percent, beside: ({ loops }) => `of ${loops.length} event loop${loops.length > 1 ? 's' : ''}`, hot: (v) => v > 0.85, least: 1 },
  turn: { show: time, beside: ({ now }) => `latest tick ${text(time(now.lag))} late`, hot: (v) => v > 100, least: 1 },
  queued: { show: count, beside: ({ kept }) => `${text(bytes(kept.queues))} of messages`, least: 10 },
  memory: { show: bytes, beside: ({ memory }) => `of ${text(bytes(memory.most))}`, hot: (v, { memory }) => v > 0.9 * memory.most, least: 1 << 20 },
};

let key = sessionStorage.getItem(STORED) ?? '';
let hour;     // what the server keeps
let started;  // the client
let heard = 0;

const headers = () => (key ? { Authorization: 'Bearer ' + key } : {});
const request = (method, path) => fetch(path, { method, headers: headers(), cache: 'no-store', credentials: 'omit' });

function tiles() {
  for (const [column, tile] of Object.entries(TILES)) {
    const element = document.querySelector(`[data-column="${column}"]`);
    const unit = tile.unit ?? '';
    const label = element.querySelector('h2').textContent;
    tile.draw = chart(element, { say: (value) => text(tile.show(value)) + unit, least: tile.least, base: tile.show === bytes ? 1024 : 1000, label });
    tile.value = element.querySelector('b');
    tile.side = element.querySelector('small');
    tile.element = element;
  }
}

function drawTiles() {
  for (const [column, tile] of Object.entries(TILES)) tile.draw(hour, column);
}

function fillTiles(view) {
  for (const [column, tile] of Object.entries(TILES)) {
    const [digits, unit] = tile.show(view.now[column]);
    const words = unit + (tile.unit ?? '');
    if (tile.value.textContent !== digits + words) {
      tile.value.replaceChildren(digits, ...(words ? [Object.assign(document.createElement('i'), { textContent: words })] : []));
    }
    say(tile.side, tile.beside(view));
    tile.element.classList.toggle('hot', tile.hot?.(view.now[column], view) ?? false);
  }
}

/** Adds the row that the server has added; what was missed meanwhile is asked for. */
function addRow(at, row) {
  if (row.number !== hour.number + 1) return refresh();
  hour.number = row.number;
  hour.at.push(at);
  for (const [column, values] of Object.entries(hour.columns)) {
    values.push(row.values[column]);
    if (values.length > hour.kept) values.shift();
  }
  if (hour.at.length > hour.kept) hour.at.shift();
  return drawTiles();
}

function show(view) {
  heard = Date.now();
  document.body.classList.remove('stale');
  panels.verdict(view);
  fillTiles(view);
  panels.types(view);
  panels.loops(view);
  panels.kept(view);
  panels.top(view);
  panels.others(view);
  panels.slow(view, sessions.open);
  panels.troubles(view);
  panels.notes(view);
  if (view.row) addRow(view.at, view.row);
}

/** Fetches the last hour. Where the server wants a key, or another one, the page asks for it. */
async function refresh() {
  const response = await request('GET', 'console/hour');
  if ([401, 403, 429].includes(response.status)) {
    askForKey((await response.json().catch(() => ({}))).error ?? 'The key is not good for the console.');
    return false;
  }
  if (!response.ok) throw new Error('HTTP ' + response.status);
  const got = await response.json();
  hour = { ...got.table, channel: got.channel };
  say($('host'), got.host);
  say($('version'), got.version.replace(/^halley /, '').replace(/(commit [0-9a-f]{10})[0-9a-f]+/, '$1'));
  $('key').hidden = true;
  $('main').hidden = false;
  drawTiles();
  return true;
}

function askForKey(reason) {
  if (started) halley.disconnect();
  started = false;
  say($('key-error'), key ? reason : '');
  $('main').hidden = true;
  $('key').hidden = false;
  $('status').dataset.status = 'closed';
  say($('status').querySelector('span'), 'Asks for a key');
  $('key-text').focus();
}

/** Begins, or begins again with another key. */
async function begin() {
  try {
    if (!await refresh()) return;
  } catch {
    setTimeout(begin, 2000); // the server is not there, or not yet
    return;
  }
  started = true;
  connect($('status'), { transports: ['long-polling'], headers });
  halley.subscribe(hour.channel, show);
}

$('key').addEventListener('submit', (event) => {
  event.preventDefault();
  key = $('key-text').value.trim();
  sessionStorage.setItem(STORED, key);
  $('key-text').value = '';
  begin();
});

halley.on('status', (status, { error }) => {
  if (/^HTTP (401|403)$/.test(error?.message)) askForKey('The key is not good any more.');
  else if (status === 'connected' && heard) refresh().catch(() => {});
});

setInterval(() => {
  if (!heard || Date.now() - heard < STALE || document.body.classList.contains('stale')) return;
  document.body.classList.add('stale');
  panels.silence(heard);
}, 1000);

tiles();
sessions.start(request);
begin();
