import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Market, MAX_SYMBOLS, Rate, choose, format, sparkline, trend } from '../assets/market.js';

test('a row of the demo feed brings its own change and volume', () => {
  const row = { symbol: 'HLY', price: 101.25, change: -0.42, percent: -0.41, size: 200, volume: 12300, open: 101.67, high: 102, low: 101, time: 1 };
  const quote = new Market().take(row, 0);
  const { symbol, price, change, percent, volume, open, high, low } = quote;
  assert.deepEqual({ symbol, price, change, percent, volume, open, high, low }, {
    symbol: 'HLY', price: 101.25, change: -0.42, percent: -0.41, volume: 12300, open: 101.67, high: 102, low: 101,
  });
});

test('for a row of a recorded feed they are counted from the first one seen', () => {
  const market = new Market();
  market.take({ ms_since_midnight: 1, symbol: 'SPY', price: 167.41, size: 100, exchange: 'P' }, 0);
  market.take({ ms_since_midnight: 2, symbol: 'SPY', price: 168.41, size: 50, exchange: 'Q' }, 1);
  const quote = market.take({ ms_since_midnight: 3, symbol: 'SPY', price: 166.41, size: 1, exchange: 'P' }, 2);
  assert.equal(quote.change.toFixed(2), '-1.00');
  assert.equal(quote.percent.toFixed(4), '-0.5973');
  assert.deepEqual([quote.volume, quote.high, quote.low, quote.open, quote.direction], [151, 168.41, 166.41, 167.41, -1]);
});

test('a row that counts trades tells how many were left out before it', () => {
  const market = new Market();
  const skipped = (trades) => market.take({ symbol: 'HLY', price: 1, trades }, 0).skipped;
  assert.deepEqual([7, 8, 12, 12, 1, 2].map(skipped), [0, 0, 3, 0, 0, 0]);
  assert.equal(skipped(undefined), null);
});

test('what is no row is no quote', () => {
  const market = new Market();
  for (const row of [null, 0, 'x', [], {}, { symbol: 'A' }, { price: 1 }, { symbol: 7, price: 1 }, { symbol: '', price: 1 },
    { symbol: 'A', price: -1 }, { symbol: 'A', price: 'much' }, { symbol: 'A', price: 1 / 0 }]) {
    assert.equal(market.take(row, 0), null, JSON.stringify(row));
  }
  assert.equal(market.quotes.size, 0);
});

test('fields of the wrong kind are passed over', () => {
  const quote = new Market().take({ symbol: 'A', price: 2, change: 'x', percent: NaN, volume: {}, high: null }, 0);
  assert.deepEqual([quote.change, quote.percent, quote.volume, quote.high], [0, 0, 0, 2]);
});

test('the number of symbols is bounded', () => {
  const market = new Market();
  for (let i = 0; i < MAX_SYMBOLS; i++) market.take({ symbol: 'S' + i, price: 1 }, 0);
  assert.equal(market.take({ symbol: 'ONE-MORE', price: 1 }, 0), null);
  assert.ok(market.take({ symbol: 'S0', price: 2 }, 0));
});

test('a sparkline keeps a point each half second, and sixty of them', () => {
  const market = new Market();
  const at = (now, price) => market.take({ symbol: 'A', price }, now).points;
  at(0, 1);
  at(100, 2);
  assert.deepEqual(at(499, 3), [3]);
  assert.deepEqual(at(500, 4), [3, 4]);
  for (let i = 2; i < 100; i++) at(i * 500, i);
  assert.equal(at(50000, 5).length, 60);
});

test('a sparkline begins at the open where a row tells it', () => {
  assert.deepEqual(new Market().take({ symbol: 'A', price: 5, open: 4 }, 0).points, [4, 5]);
});

test('a sparkline ends at the right edge and stays inside its box', () => {
  for (const points of [[1, 2], [3, 1, 2], Array.from({ length: 60 }, (_, i) => Math.sin(i))]) {
    const pairs = sparkline(points, 100, 20).match(/[\d.]+ [\d.]+/g).map((pair) => pair.split(' ').map(Number));
    assert.equal(pairs.length, points.length);
    assert.equal(pairs.at(-1)[0], 100);
    assert.ok(pairs.every(([x, y]) => x >= 0 && x <= 100 && y >= 2 && y <= 18), String(pairs));
  }
  assert.equal(sparkline([], 100, 20), '');
  assert.match(sparkline([5, 5, 5], 100, 20), /^M[\d.]+ 10\.0L/);
});

test('a rate forgets what is old', () => {
  const rate = new Rate(4000);
  for (let now = 0; now < 4000; now += 100) rate.add(now);
  assert.equal(rate.per(3999), 10);
  assert.equal(rate.per(5999), 5);
  assert.equal(rate.per(60000), 0);
});

test('figures are written as people read them', () => {
  assert.deepEqual(
    [format.price(1234.5), format.change(0.42), format.change(-0.42), format.change(0.001), format.percent(-12), format.volume(12345)],
    ['1,234.50', '+0.42', '−0.42', '0.00', '−12.00%', '12.3K']);
  assert.deepEqual([trend(0.01), trend(-0.01), trend(0.001)], ['up', 'down', 'flat']);
});

test('few symbols give way to others when they are quiet', () => {
  const quotes = new Map();
  const heard = (at, ...symbols) => symbols.forEach((symbol) => quotes.set(symbol, { symbol, at }));
  heard(0, 'A', 'B', 'C');
  assert.deepEqual(choose(quotes, [], 2, 0), ['A', 'B']);
  assert.deepEqual(choose(quotes, ['A', 'B'], 2, 20000), ['A', 'B'], 'nothing else is heard');
  heard(20000, 'C', 'D');
  heard(15000, 'B');
  assert.deepEqual(choose(quotes, ['A', 'B'], 2, 20000), ['C', 'B']);
  heard(21000, 'A');
  assert.deepEqual(choose(quotes, ['C', 'B'], 2, 21000), ['C', 'B'], 'all of them are heard');
});
