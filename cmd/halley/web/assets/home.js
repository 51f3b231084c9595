// The start page: a few live prices, and what someone says from a shell.
import { connect } from './status.js';
import { Market, Rate, choose, format, trend } from './market.js';
import { createSparkline } from './sparkline.js';
import { runLanes } from './lanes.js';

const SHOWN = 5; // symbols in the little market
const LANDED = 4; // messages kept on show

const byId = (id) => document.getElementById(id);
const market = new Market();
const rate = new Rate();
const lines = new Map(); // symbol → the parts of its line
const dirty = new Set();
let live = false;
let heard = 0; // when the last price came

function line(quote) {
  const item = document.createElement('li');
  const spark = createSparkline(120, 28);
  const name = document.createElement('strong');
  const price = document.createElement('span');
  const percent = document.createElement('span');
  name.textContent = quote.symbol;
  price.className = 'number';
  item.append(name, spark.element, price, percent);
  return { item, spark, price, percent };
}

function draw() {
  for (const quote of dirty) {
    if (!lines.has(quote.symbol)) continue;
    const { spark, price, percent } = lines.get(quote.symbol);
    price.textContent = format.price(quote.price);
    percent.textContent = format.percent(quote.percent);
    percent.className = 'number ' + trend(quote.change);
    spark.draw(quote);
  }
  dirty.clear();
}

/** Gives the lines to the symbols that are to be seen now, each its place as long as it has one. */
function arrange(now) {
  const shown = choose(market.quotes, [...lines.keys()], SHOWN, now);
  if (shown.join() === [...lines.keys()].join()) return;
  const before = new Map(lines);
  lines.clear();
  for (const symbol of shown) {
    const quote = market.quotes.get(symbol);
    lines.set(symbol, before.get(symbol) || line(quote));
    dirty.add(quote);
  }
  byId('market').replaceChildren(...[...lines.values()].map(({ item }) => item));
  byId('market-empty').hidden = true;
  draw();
}

function trade(row) {
  const now = Date.now();
  const quote = market.take(row, now);
  rate.add(now);
  heard = now;
  if (!quote) return;
  if (lines.size < SHOWN) arrange(now);
  if (!lines.has(quote.symbol)) return;
  if (!dirty.size) requestAnimationFrame(draw);
  dirty.add(quote);
}

/** How many messages come, or that none can. */
function pulse() {
  const stale = market.quotes.size > 0 && !live;
  byId('market').classList.toggle('stale', stale);
  if (stale) byId('rate').textContent = `Not live since ${new Date(heard).toLocaleTimeString()}`;
  else if (market.quotes.size) byId('rate').textContent = `${Math.round(rate.per(Date.now()))} messages/s`;
}

function land(data) {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  const item = document.createElement('li');
  const time = document.createElement('time');
  time.textContent = new Date().toLocaleTimeString();
  const what = document.createElement('span');
  what.textContent = text.slice(0, 500);
  item.append(time, what);
  byId('landed-empty').hidden = true;
  byId('landed').prepend(item);
  if (byId('landed').children.length > LANDED) byId('landed').lastChild.remove();
}

async function copy() {
  const code = byId('curl');
  try {
    await navigator.clipboard.writeText(code.textContent);
    byId('copy').textContent = 'Copied';
  } catch { // no permission: select it, so that one key copies it
    getSelection().selectAllChildren(code);
    byId('copy').textContent = 'Selected';
  }
  setTimeout(() => { byId('copy').textContent = 'Copy'; }, 2000);
}

byId('copy').addEventListener('click', copy);
setInterval(() => {
  pulse();
  arrange(Date.now());
}, 1000);
halley.on('status', (status) => {
  live = status === 'connected';
  pulse();
});
connect(byId('status'));
halley.subscribe('/stock/*', trade);
halley.subscribe('/demo/hello', land);
byId('ways-send').addEventListener('click', () => halley.publish('/demo/wire', 'Hello'));
runLanes(byId('ways'), { button: byId('ways-run'), note: byId('ways-note') });
