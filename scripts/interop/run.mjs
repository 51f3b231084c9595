// A matrix of other people's clients, each of its version, against the halley binary of HALLEY_BIN: what it hears of what it should.
//
//   scripts/interop/run [CLIENT…]
//
// A driver is a process that says {"open":true} when its library has a session, takes commands as lines of JSON
// ({"do":"subscribe","on":CHANNEL,"replay":ID}, publish with "data", bytes) and says what comes of them: subscribed, error, event.
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Server, pause, until } from '../e2e/server.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const cache = process.env.INTEROP_CACHE;
const env = { ...process.env, INTEROP_NPM: cache + '/npm' };
const both = ['long-polling', 'websocket'];
const npm = existsSync(cache + '/npm/node_modules');
const python = cache + '/python/bin/python';
const ruby = spawnSync('ruby', ['-rfaye', '-e', '']).status === 0;
const java = (version) => {
  const folder = `${cache}/java/${version}`;
  return { absent: !existsSync(folder + '/classpath') && 'Maven', command: ['sh', '-c', `exec java -cp "${folder}/target/classes:$(cat ${folder}/classpath)" Driver "$@"`, '-'] };
};

const clients = [
  ...[['3', '3.1.14'], ['4', '4.0.9'], ['5', '5.0.23'], ['7', '7.0.19'], ['8', '8.0.11'], ['9', '9.0.0']].map(([major, version]) => (
    { name: 'npm cometd ' + version, library: 'cometd-' + major, absent: !npm && 'npm', command: ['node', here + 'cometd.mjs'], transports: both, binary: true })),
  ...[['0.8', '0.8.11'], ['1.0', '1.0.4'], ['1.1', '1.1.3'], ['1.2', '1.2.5'], ['1.3', '1.3.0'], ['1.4', '1.4.3']].map(([minor, version]) => (
    { name: 'npm faye ' + version, library: 'faye-' + minor, absent: !npm && 'npm', command: ['node', here + 'faye.mjs'], transports: both })),
  { name: 'npm jsforce 3.10.16', library: 'jsforce', absent: !npm && 'npm', command: ['node', here + 'jsforce.mjs'], transports: ['long-polling'], salesforce: true },
  { name: 'Java cometd 5.0.16', library: 'javax', ...java('5'), transports: both, binary: true },
  { name: 'Java cometd 8.0.8', library: 'jakarta', ...java('8'), transports: both, binary: true },
  { name: 'Python aiocometd-ng 0.5.6', library: 'aiocometd', absent: !existsSync(python) && 'pip', command: [python, here + 'python/cometd.py'], transports: both },
  { name: 'Python aiosfstream-ng 0.7.5', library: 'aiosfstream', absent: !existsSync(python) && 'pip', command: [python, here + 'python/cometd.py'], transports: ['long-polling'], salesforce: true },
  { name: 'Ruby faye 1.4.0 (Debian)', library: 'faye', absent: !ruby && 'ruby-faye', command: ['ruby', here + 'ruby/faye.rb'], transports: both },
];

/** A client at work. */
class Driver {
  constructor(client, transport, server) {
    this.heard = [];
    this.said = { open: 0, subscribed: 0, errors: [] };
    const [command, ...args] = client.command;
    this.process = spawn(command, [...args, server.origin, transport, client.library], { stdio: ['pipe', 'pipe', 'pipe'], env });
    this.process.on('error', (error) => this.said.errors.push(error.message));
    this.process.stderr.on('data', (chunk) => { this.noise = ((this.noise || '') + chunk).slice(-2000); });
    this.process.stdin.on('error', () => {});
    createInterface({ input: this.process.stdout }).on('line', (line) => {
      let told = {};
      try { told = JSON.parse(line); } catch { return; }
      if ('event' in told) this.heard.push(told.event);
      else if (told.error) this.said.errors.push(told.error);
      else if (told.open) this.said.open++;
      else if (told.subscribed) this.said.subscribed++;
    });
  }

  tell(command) {
    this.process.stdin.write(JSON.stringify(command) + '\n');
  }

  async subscribe(on, replay) {
    const before = this.said.subscribed;
    this.tell({ do: 'subscribe', on, replay });
    await until(() => this.said.subscribed > before || this.said.errors.length, 'the subscribe reply');
    if (this.said.errors.length) throw new Error(this.said.errors.join('; '));
  }

  async hears(wanted, ms) {
    await until(() => this.heard.length >= wanted.length, `${wanted.length} events, has ${this.heard.length}`, ms);
    await pause(100);
    const got = this.heard.splice(0);
    if (JSON.stringify(got) !== JSON.stringify(wanted)) throw new Error(`heard ${JSON.stringify(got).slice(0, 200)}`);
  }

  end() {
    this.process.kill('SIGKILL');
  }
}

const KEPT = 3000, LARGE = 30;
// Salesforce's events are objects, in which its clients find numbers and dates.
const wrapped = (client, n) => (client.salesforce ? { n } : n);
const text = (n) => 'x'.repeat(n);
const times = (n, value) => Array.from({ length: n }, (_, i) => (typeof value === 'function' ? value(i) : value));

async function publishAll(server, list) {
  const response = await fetch(server.internal + '/publish', { method: 'POST', body: JSON.stringify(list) });
  if (!response.ok) throw new Error('publish: ' + response.status);
}

const checks = {
  async subscribe({ driver, server, channel, client }) {
    await driver.subscribe(channel('a'));
    await pause(300);
    for (const n of [1, 2, 3]) await server.publish(channel('a'), wrapped(client, n));
    await driver.hears([1, 2, 3]);
  },
  async wildcard({ driver, server, channel, client }) {
    if (client.salesforce) return 'none there';
    await driver.subscribe(channel('w/**'));
    await server.publish(channel('w/x/y'), 4);
    await driver.hears([4]);
  },
  async publish({ driver, channel, client }) {
    if (client.library === 'aiosfstream') return 'none there';
    driver.tell({ do: 'publish', on: channel('a'), data: wrapped(client, 5) });
    await driver.hears([5]);
  },
  async replay({ driver, channel }) {
    await driver.subscribe(channel('kept'), -2);
    await driver.hears(times(KEPT, '1024'), 60000);
  },
  async 'large at once'({ driver, server, channel, client }) {
    await publishAll(server, times(LARGE, () => ({ channel: channel('a'), data: wrapped(client, text(60000)) })));
    await driver.hears(times(LARGE, '60000'), 30000);
  },
  async binary({ driver, channel, client }) {
    if (!client.binary) return 'none there';
    driver.tell({ do: 'bytes', on: channel('a') });
    await driver.hears(['bytes']);
  },
  kill: (test) => comesBack(test, 'SIGKILL'),
  restart: (test) => comesBack(test, 'SIGTERM'),
};

async function comesBack({ driver, server, channel, client }, signal) {
  await server.restart(signal);
  // Whoever comes back subscribes again, at a time of its own: it is told the time until it hears.
  await until(async () => {
    await server.publish(channel('a'), wrapped(client, 6));
    await pause(250);
    return driver.heard.includes(6);
  }, 'an event after the restart', 45000);
  await pause(500);
  driver.heard.splice(0);
}

/** Runs all checks of one client over one transport; what fails is told, and the rest goes on. */
async function run(client, transport) {
  const flags = ['--loops', '2', '--rule', '/i/kept history=10000', '--rule', '/topic/** history=10000'];
  const folder = await mkdtemp(join(tmpdir(), 'halley-interop-'));
  if (client.salesforce) flags.push('--profile', 'salesforce', '--history-file', join(folder, 'history')); // its ids outlive the server
  const server = await Server.start(...flags);
  const channel = (name) => (client.salesforce ? '/topic/i/' : '/i/') + name;
  await publishAll(server, times(KEPT, () => ({ channel: channel('kept'), data: wrapped(client, text(1024)) })));
  const driver = new Driver(client, transport, server);
  const row = {};
  try {
    await until(() => driver.said.open || driver.process.exitCode !== null, 'a session', 30000);
    for (const [name, check] of Object.entries(checks)) {
      try {
        row[name] = (await check({ driver, server, channel, client })) || 'ok';
      } catch (error) {
        row[name] = 'FAIL';
        console.error(`${client.name}, ${transport}, ${name}: ${error.message}\n${driver.noise || ''}`);
        driver.heard.splice(0);
        driver.said.errors.splice(0);
      }
    }
  } catch (error) {
    console.error(`${client.name}, ${transport}: ${error.message}\n${driver.noise || ''}`);
  } finally {
    driver.end();
    await server.stop('SIGKILL');
    await rm(folder, { recursive: true });
  }
  return row;
}

const names = Object.keys(checks);
const line = (cells) => console.log('| ' + cells.join(' | ') + ' |');
let failed = 0;
const chosen = process.argv.slice(2);
const wanted = clients.filter(({ name }) => !chosen.length || chosen.some((part) => name.includes(part)));
if (wanted.length) {
  line(['client', 'over', ...names]);
  line(['client', 'over', ...names].map(() => '---'));
}
for (const client of wanted) {
  for (const transport of client.transports) {
    if (client.absent) {
      line([client.name, transport, 'absent: ' + client.absent, ...names.slice(1).map(() => '')]);
      continue;
    }
    const row = await run(client, transport);
    line([client.name, transport, ...names.map((name) => row[name] || 'FAIL')]);
    failed += names.filter((name) => !row[name] || row[name] === 'FAIL').length;
  }
}
process.exit(failed ? 1 : 0);
