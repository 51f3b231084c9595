// Recorded trades through routers, a symbol a channel: each has to arrive once, and those of a channel in order. Prints a table.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { Server, pause, until } from '../e2e/server.mjs';
import { Ear, Other, metric, servers } from './servers.mjs';

const RATE = 1000; // a second
const BEAT = 10; // milliseconds between two publishes
const OPENING = 34200000; // half past nine, in milliseconds
const root = fileURLToPath(new URL('../../', import.meta.url));
const [seconds = '60', file = process.env.HALLEY_FEED || root + '../shared/data/trades-2013-10-07.csv.gz'] = process.argv.slice(2);

/** So many trades from the opening on: [symbol, price, size]. Where the file ends they begin anew. */
function trades(count) {
  const rows = gunzipSync(readFileSync(file)).toString().trim().split('\n').slice(1)
    .map((row) => row.split(',')).filter(([ms]) => Number(ms) >= OPENING).map(([, symbol, price, size]) => [symbol, price, size]);
  return Array.from({ length: count }, (_, n) => rows[n % rows.length]);
}

/** What has arrived, by channel. */
class Account {
  constructor() {
    Object.assign(this, { arrived: 0, disordered: 0, last: new Map(), took: [] });
  }

  take({ channel, data: { n, at } }) {
    if (n < 0) {
      this.hears = true;
      return;
    }
    this.arrived++;
    this.took.push(Date.now() - at);
    if (n <= (this.last.get(channel) ?? -1)) this.disordered++;
    this.last.set(channel, n);
  }

  took99() {
    const sorted = this.took.sort((a, b) => a - b);
    return [0.5, 0.99, 1].map((share) => sorted[Math.ceil(sorted.length * share) - 1]);
  }
}

async function publish(server, list) {
  const response = await fetch(server.internal + '/publish', { method: 'POST', body: list.map((m) => JSON.stringify(m)).join('\n') });
  if (!response.ok) throw new Error(`publish: ${response.status} ${await response.text()}`);
}

/** Publishes the rows at the rate, and tells how long that took. */
async function feed(server, rows) {
  const begun = Date.now();
  for (let next = 0; next < rows.length;) {
    const due = Math.min(rows.length, Math.floor((Date.now() - begun + BEAT) * RATE / 1000));
    const at = Date.now();
    const list = rows.slice(next, due).map(([symbol, price, size], i) => ({ channel: '/stock/' + symbol, data: { n: next + i, at, price, size } }));
    if (list.length) await publish(server, list);
    next = due;
    await pause(Math.max(0, BEAT - (Date.now() - at)));
  }
  return (Date.now() - begun) / 1000;
}

/** Trades from the first of so many halley servers to another server behind the last one. */
async function run(kind, halleys, rows) {
  const ends = [];
  try {
    const other = await Other.start(kind);
    ends.push(() => other.stop());
    let up = other.url;
    const chain = [];
    for (let i = 0; i < halleys; i++) {
      const server = await Server.start('--upstream', up, '--route', '/stock/** out');
      ends.push(() => server.stop('SIGKILL'));
      chain.push({ server, up });
      up = server.url;
    }
    const near = chain.at(-1).server;
    const account = new Account();
    const ear = new Ear(other.url, '/stock/**', (message) => account.take(message));
    ends.push(() => ear.close());
    for (const { server, up: url } of chain) await until(() => metric(server, `halley_upstream_connected{upstream="${url}"}`), 'the upstream');
    await until(async () => { await publish(near, [{ channel: '/stock/none', data: { n: -1 } }]); await pause(50); return account.hears; }, 'the way to be open');
    const took = await feed(near, rows);
    await until(() => account.arrived >= rows.length, 'all trades', 30000).catch(() => {});
    await pause(500);
    const sum = async (name) => (await Promise.all(chain.map(({ server, up: url }) => metric(server, `${name}{upstream="${url}"}`)))).reduce((a, b) => a + b);
    const channels = new Set(rows.map(([symbol]) => symbol)).size;
    return { way: 'halley → '.repeat(halleys) + kind.name, published: rows.length, rate: Math.round(rows.length / took), channels, arrived: account.arrived,
      disordered: account.disordered, dropped: await sum('halley_upstream_overflowed_total'), unconfirmed: await sum('halley_upstream_unconfirmed_total'),
      latency: account.took99().join(' / ') };
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

const line = (cells) => console.log('| ' + cells.join(' | ') + ' |');
const heads = ['way', 'trades', 'a second', 'channels', 'arrived', 'out of order', 'dropped', 'unconfirmed', 'ms, median / 99 % / most'];
line(heads);
line(heads.map(() => '---'));
const rows = trades(Number(seconds) * RATE);
let failed = false;
for (const [kind, halleys] of [[servers[0], 2], [servers[1], 1]]) {
  if (kind.absent) {
    line([kind.name, 'absent: ' + kind.absent, '', '', '', '', '', '', '']);
    continue;
  }
  const r = await run(kind, halleys, rows);
  line([r.way, r.published, r.rate, r.channels, r.arrived, r.disordered, r.dropped, r.unconfirmed, r.latency]);
  failed ||= r.arrived !== r.published || r.disordered > 0;
}
process.exit(failed ? 1 : 0);
