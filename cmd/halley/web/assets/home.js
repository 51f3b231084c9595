// The start page: a few live prices, and what someone says from a shell.
import { connect } from './status.js';
import { Market, Rate, format, trend } from './market.js';
import { createSparkline } from './sparkline.js';
import { runLanes } from './lanes.js';

const SHOWN = 5; // symbols in the little market
const LANDED = 4; // messages kept on show

const byId = (id) => document.getElementById(id);
const market = new Market();
const rate = new Rate();
const lines = new Map(); // symbol → the parts of its line
const dirty = new Set();

function line(quote) {
  const item = document.createElement('li');
  const spark = createSparkline(120, 28);
  const name = document.createElement('strong');
  const price = document.createElement('span');
  const percent = document.createElement('span');
  name.textContent = quote.symbol;
  price.className = 'number';
  item.append(name, spark.element, price, percent);
  byId('market').append(item);
  byId('market-empty').hidden = true;
  return { spark, price, percent };
}

function draw() {
  for (const quote of dirty) {
    if (!lines.has(quote.symbol)) lines.set(quote.symbol, line(quote));
    const { spark, price, percent } = lines.get(quote.symbol);
    price.textContent = format.price(quote.price);
    percent.textContent = format.percent(quote.percent);
    percent.className = 'number ' + trend(quote.change);
    spark.draw(quote);
  }
  dirty.clear();
}

function trade(row) {
  const now = Date.now();
  const quote = market.take(row, now);
  rate.add(now);
  if (!quote || [...market.quotes.keys()].indexOf(quote.symbol) >= SHOWN) return;
  if (!dirty.size) requestAnimationFrame(draw);
  dirty.add(quote);
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
  if (market.quotes.size) byId('rate').textContent = `${Math.round(rate.per(Date.now()))} messages/s`;
}, 1000);
connect(byId('status'));
halley.subscribe('/stock/*', trade);
halley.subscribe('/demo/hello', land);
byId('ways-send').addEventListener('click', () => halley.publish('/demo/wire', 'Hello'));
runLanes(byId('ways'), { button: byId('ways-run'), note: byId('ways-note') });
