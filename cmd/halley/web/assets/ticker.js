// The ticker: a table with one row per symbol, drawn at most once a frame.
import { connect } from './status.js';
import { Market, Rate, format, trend } from './market.js';
import { createSparkline } from './sparkline.js';

const QUIET = 10000; // ms without a trade that the page mentions

const byId = (id) => document.getElementById(id);
const market = new Market();
const rate = new Rate();
const skips = new Rate();
const rows = new Map(); // symbol → its row
const dirty = new Set(); // quotes that changed since the last frame
const still = matchMedia('(prefers-reduced-motion: reduce)');
const order = { key: 'symbol', sign: 1 };
let live = false; // whether what is shown is what the server has
let heard = 0; // when the last trade came
let paused = false;
let frame = 0;

function cell(row, className, child) {
  const td = row.insertCell();
  td.className = className;
  if (child) td.append(child);
  return td;
}

function createRow(quote) {
  const element = document.createElement('tr');
  const name = document.createElement('th');
  name.scope = 'row';
  name.textContent = quote.symbol;
  element.append(name);
  const spark = createSparkline(156, 32);
  cell(element, 'trend', spark.element);
  const price = document.createElement('span');
  cell(element, 'price', price);
  const change = cell(element, 'extra');
  const percent = cell(element, 'pct');
  const volume = cell(element, 'extra');
  const range = document.createElement('div');
  const mark = document.createElement('i');
  range.className = 'range';
  range.append(mark);
  cell(element, 'extra', range);
  return { quote, element, spark, price, change, percent, volume, range, mark };
}

function drawRow(row, quote, colors) {
  const tone = trend(quote.change);
  row.price.textContent = format.price(quote.price);
  row.change.textContent = format.change(quote.change);
  row.change.className = 'extra ' + tone;
  row.percent.textContent = format.percent(quote.percent);
  row.percent.className = 'pct ' + tone;
  row.volume.textContent = format.volume(quote.volume);
  const span = quote.high - quote.low;
  row.mark.style.left = `${span ? ((quote.price - quote.low) / span) * 100 : 50}%`;
  row.range.title = `${format.price(quote.low)} to ${format.price(quote.high)}`;
  row.spark.draw(quote);
  flash(row.price, colors[quote.direction]);
}

/** The colours of a flash by direction: none for those who asked for less motion. */
function flashColors() {
  if (still.matches) return {};
  const style = getComputedStyle(document.documentElement);
  return { '1': style.getPropertyValue('--flash-up'), '-1': style.getPropertyValue('--flash-down') };
}

function flash(element, color) {
  if (!color) return;
  element.animate([{ backgroundColor: color }, { backgroundColor: 'transparent' }], { duration: 700, easing: 'ease-out' });
}

function draw() {
  frame = 0;
  if (paused) return;
  const colors = flashColors(); // before anything is written, so that styles are worked out once
  let grown = false;
  for (const quote of dirty) {
    if (!rows.has(quote.symbol)) {
      rows.set(quote.symbol, createRow(quote));
      grown = true;
    }
    drawRow(rows.get(quote.symbol), quote, colors);
  }
  dirty.clear();
  if (grown) arrange();
}

/** Puts the rows in order and shows those that the filter admits. */
function arrange() {
  const wanted = byId('filter').value.trim().toUpperCase();
  const value = (row) => row.quote[order.key];
  const compare = (a, b) => (value(a) < value(b) ? -order.sign : value(a) > value(b) ? order.sign : 0);
  const sorted = [...rows.values()].sort(compare);
  const body = byId('rows');
  sorted.forEach((row, i) => {
    row.element.hidden = !row.quote.symbol.toUpperCase().includes(wanted);
    if (body.children[i] !== row.element) body.insertBefore(row.element, body.children[i] || null);
  });
  byId('none').hidden = !sorted.length || sorted.some((row) => !row.element.hidden);
  byId('board').hidden = !sorted.length;
  byId('empty').hidden = !!sorted.length;
}

function sortBy(heading) {
  const { key } = heading.dataset;
  order.sign = order.key === key ? -order.sign : key === 'symbol' ? 1 : -1;
  order.key = key;
  document.querySelectorAll('[aria-sort]').forEach((other) => other.removeAttribute('aria-sort'));
  heading.setAttribute('aria-sort', order.sign > 0 ? 'ascending' : 'descending');
  arrange();
}

function togglePause() {
  paused = !paused;
  byId('pause').textContent = paused ? 'Resume' : 'Pause';
  if (!paused) draw();
}

/** Milliseconds between two prices of a symbol, which the server then leaves out rather than queues. */
function interval() {
  return byId('slow').checked ? 1000 : 0; // browsers remember it over a reload
}

/** Says what the prices are: all trades, the newest now and then, or old. */
function note() {
  const old = Date.now() - heard;
  const stale = market.quotes.size > 0 && (!live || old > QUIET);
  const since = new Date(heard).toLocaleTimeString();
  byId('board').classList.toggle('stale', stale);
  byId('age').textContent = !stale ? '' : live ? `No trade since ${since}.` : `Not live: prices of ${since}.`;
  byId('age').hidden = !stale;
  byId('slow-note').hidden = stale || !byId('slow').checked;
  byId('full-note').hidden = stale || byId('slow').checked;
}

function figures() {
  const now = Date.now();
  note();
  const [came, skipped] = [rate.per(now), skips.per(now)].map(Math.round);
  byId('rate').textContent = came;
  byId('skipped').textContent = skipped;
  byId('trades').textContent = came + skipped;
  if (paused) return;
  const count = (tone) => [...market.quotes.values()].filter((q) => trend(q.change) === tone).length;
  byId('symbols').textContent = market.quotes.size;
  byId('advancing').textContent = count('up');
  byId('declining').textContent = count('down');
  if (order.key !== 'symbol') arrange();
}

function trade(row) {
  const now = Date.now();
  const quote = market.take(row, now);
  rate.add(now);
  heard = now;
  if (!quote) return;
  if (quote.skipped) skips.add(now, quote.skipped);
  byId('skips').hidden = quote.skipped === null;
  dirty.add(quote);
  if (!frame) frame = requestAnimationFrame(draw);
}

document.querySelectorAll('th[data-key]').forEach((heading) => {
  heading.querySelector('button').addEventListener('click', () => sortBy(heading));
});
byId('filter').addEventListener('input', arrange);
byId('pause').addEventListener('click', togglePause);
setInterval(figures, 1000);
halley.on('status', (status) => {
  live = status === 'connected';
  note();
});
connect(byId('status'));
const trades = halley.subscribe('/stock/*', trade, { interval: interval() });
byId('slow').addEventListener('change', () => {
  halley.pace(trades, interval());
  note();
});
note();
