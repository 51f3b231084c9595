// What the pages know of a market: one quote per symbol, built from rows.

/** Symbols beyond this many are not shown. */
export const MAX_SYMBOLS = 500;

const QUIET = 10000;     // ms without a trade after which a symbol gives way to another
const POINTS = 60;       // points of a sparkline at most
const WIDE = 16;         // points that fill its width; more of them move closer together
const POINT_EVERY = 500; // ms between two of them; trades in between move the last

/**
 * Market turns rows into quotes. It takes the demo's rows, which carry change
 * and volume, and those of a recorded feed, which hold only symbol, price and
 * size: there, change counts from the first price that was seen.
 */
export class Market {
  constructor() {
    this.quotes = new Map();
  }

  /**
   * Takes one row at a time `now` (ms); returns the symbol's quote, or null for what is no row.
   * The quote's `skipped` tells how many trades of the symbol this one followed unseen, null
   * where rows do not count them.
   */
  take(row, now) {
    const price = row && Number(row.price);
    if (!row || typeof row.symbol !== 'string' || !row.symbol || !(price > 0 && price < Infinity)) return null;
    const quote = this.quotes.get(row.symbol) || this.open(row, price);
    if (!quote) return null;
    quote.skipped = Number.isInteger(row.trades) ? Math.max(0, row.trades - (quote.trades ?? row.trades) - 1) : null;
    quote.trades = row.trades;
    quote.direction = Math.sign(price - quote.price);
    quote.price = price;
    quote.at = now;
    quote.high = number(row.high, Math.max(quote.high, price));
    quote.low = number(row.low, Math.min(quote.low, price));
    quote.volume = number(row.volume, quote.volume + number(row.size, 0));
    quote.change = number(row.change, price - quote.open);
    quote.percent = number(row.percent, (quote.change / (price - quote.change)) * 100);
    plot(quote, now);
    return quote;
  }

  open(row, price) {
    if (this.quotes.size >= MAX_SYMBOLS) return null;
    const open = number(row.open, price);
    const quote = {
      symbol: row.symbol.slice(0, 12), price, open, high: price, low: price,
      change: 0, percent: 0, volume: 0, direction: 0,
      points: open === price ? [] : [open], plotted: -Infinity,
    };
    this.quotes.set(row.symbol, quote);
    return quote;
  }
}

/**
 * The symbols that a place for few shows: those of now, but that one which has been quiet
 * for QUIET gives way to one that was heard since and is not there.
 */
export function choose(quotes, shown, count, now) {
  const others = [...quotes.values()].filter((quote) => !shown.includes(quote.symbol)).sort((a, b) => b.at - a.at);
  const next = shown.map((symbol) => {
    const quiet = now - quotes.get(symbol).at > QUIET;
    return quiet && others.length && now - others[0].at <= QUIET ? others.shift().symbol : symbol;
  });
  return next.concat(others.map((quote) => quote.symbol)).slice(0, count);
}

function number(value, otherwise) {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

function plot(quote, now) {
  if (now - quote.plotted < POINT_EVERY) {
    quote.points[quote.points.length - 1] = quote.price;
    return;
  }
  quote.plotted = now;
  quote.points.push(quote.price);
  if (quote.points.length > POINTS) quote.points.shift();
}

/** The SVG path of a line through points, in a box of width by height; newest at the right edge. */
export function sparkline(points, width, height) {
  if (!points.length) return '';
  const low = Math.min(...points);
  const span = Math.max(...points) - low;
  const step = width / (Math.max(WIDE, points.length) - 1);
  const left = width - step * (points.length - 1);
  const y = (p) => (span ? height - 2 - ((p - low) / span) * (height - 4) : height / 2);
  if (points.length === 1) return `M${(width - step).toFixed(1)} ${y(points[0])}H${width}`;
  return points.map((p, i) => `${i ? 'L' : 'M'}${(left + i * step).toFixed(1)} ${y(p).toFixed(1)}`).join('');
}

/** Counts events and tells how many there were per second of late. */
export class Rate {
  constructor(window = 4000) {
    this.window = window;
    this.buckets = new Map(); // quarter of a second → events
  }

  add(now, count = 1) {
    const key = Math.floor(now / 250);
    this.buckets.set(key, (this.buckets.get(key) || 0) + count);
  }

  per(now) {
    const oldest = Math.floor((now - this.window) / 250);
    let sum = 0;
    for (const [key, count] of this.buckets) {
      if (key <= oldest) this.buckets.delete(key);
      else sum += count;
    }
    return (sum * 1000) / this.window;
  }
}

const two = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

/** Prices and changes as people read them: a real minus, a sign where it matters. */
export const format = {
  price: (value) => two.format(value),
  volume: (value) => compact.format(value),
  change: (value) => signed(value),
  percent: (value) => signed(value) + '%',
};

function signed(value) {
  const text = two.format(Math.abs(value));
  if (text === '0.00') return text;
  return (value < 0 ? '−' : '+') + text;
}

/** up, down or flat: the class that colours a change. */
export function trend(value) {
  if (Math.abs(value) < 0.005) return 'flat';
  return value < 0 ? 'down' : 'up';
}
