// Other people's Bayeux servers, each a process on a port of this host, and halley's own client, which hears and speaks there.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { freePort, until } from '../e2e/server.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const cache = process.env.INTEROP_CACHE;
const java = cache + '/java/server';
const running = new Set();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export const servers = [
  { name: 'npm faye 1.4.3', path: '/bayeux', absent: !existsSync(cache + '/npm/node_modules') && 'npm', command: () => ['node', here + 'fayed.mjs'] },
  { name: 'Java cometd 8.0.8', path: '/cometd', absent: !existsSync(java + '/classpath') && 'Maven',
    command: () => ['java', '-cp', `${java}/target/classes:${readFileSync(java + '/classpath', 'utf8').trim()}`, 'Cometd'] },
];

function begin(command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, INTEROP_NPM: cache + '/npm' } });
  running.add(child);
  child.ended = new Promise((resolve) => child.once('close', (code) => { running.delete(child); resolve(code); }));
  child.noise = '';
  child.stderr.on('data', (chunk) => { child.noise = (child.noise + chunk).slice(-2000); });
  child.stdin.on('error', () => {});
  return child;
}

/** One of the servers. */
export class Other {
  static async start(kind) {
    const other = new Other();
    other.kind = kind;
    other.port = await freePort();
    other.url = `http://127.0.0.1:${other.port}${kind.path}`;
    await other.run();
    return other;
  }

  async run() {
    const [command, ...args] = this.kind.command();
    this.process = begin(command, [...args, String(this.port)]);
    let open = false;
    createInterface({ input: this.process.stdout }).on('line', (line) => { open ||= line.includes('"open":true'); });
    await until(() => open || this.process.exitCode !== null, this.kind.name, 30000);
    if (!open) throw new Error(`${this.kind.name} left: ${this.process.noise}`);
  }

  async stop() {
    this.process.kill('SIGKILL');
    await this.process.ended;
  }
}

/** Hears a pattern at a server: hear is called with each message, {channel, data}. */
export class Ear {
  constructor(url, pattern, hear) {
    this.process = begin(process.env.HALLEY_BIN, ['sub', pattern, '--server', url, '--transport', 'websocket,long-polling', '--wait', '20s']);
    createInterface({ input: this.process.stdout }).on('line', (line) => hear(JSON.parse(line)));
  }

  async close() {
    this.process.kill('SIGTERM');
    await this.process.ended;
  }
}

/** Speaks at a server, one message after the other. */
export class Mouth {
  constructor(url) {
    this.process = begin(process.env.HALLEY_BIN, ['pub', '-', '--bayeux', url, '--transport', 'websocket,long-polling']);
    this.process.stdout.resume();
  }

  say(channel, data) {
    this.process.stdin.write(JSON.stringify({ channel, data }) + '\n');
  }

  /** Ends when the server has answered all of it. */
  async close() {
    this.process.stdin.end();
    const code = await this.process.ended;
    if (code) throw new Error(`pub: exit ${code}: ${this.process.noise}`);
  }
}

/** What a halley server's metrics say of a name, labels and all; 0 if it is not there. */
export async function metric(server, name) {
  const page = await (await fetch(server.internal + '/metrics')).text();
  const line = page.split('\n').find((text) => text.startsWith(name + ' '));
  return line ? Number(line.slice(name.length + 1)) : 0;
}
