// A halley server of our own: the binary of HALLEY_BIN on free ports, ended by its process.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

/** Resolves to what check() returns once that is truthy; fails with what was awaited. */
export async function until(check, what, ms = 20000) {
  for (const end = Date.now() + ms; Date.now() < end; await pause(20)) {
    const value = await check();
    if (value) return value;
  }
  throw new Error('waited in vain for ' + what);
}

// Whatever ends a test run, no server outlives it.
const running = new Set();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));
process.once('SIGTERM', () => process.exit(143));

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Below what the system gives to those that ask for any port, as each connection does.
const FIRST_PORT = 10000, PORTS = 20000;
const offered = new Set();

/** A port that was free a moment ago, and that this process has not had before. */
export async function freePort() {
  for (;;) {
    const port = FIRST_PORT + Math.floor(PORTS * Math.random());
    if (!offered.has(port) && await isFree(port)) {
      offered.add(port);
      return port;
    }
  }
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

export class Server {
  /** Starts `halley serve` with further flags and waits until it is ready. Another program may take a port before it does. */
  static async start(...flags) {
    for (let tries = 3; ; tries--) {
      const server = new Server(await freePort(), await freePort(), flags);
      try {
        await server.run();
        return server;
      } catch (error) {
        if (tries === 1 || !/address already in use/.test(error.message)) throw error;
      }
    }
  }

  constructor(port, internalPort, flags) {
    this.binary = process.env.HALLEY_BIN;
    if (!this.binary) throw new Error('HALLEY_BIN must name the halley binary');
    this.origin = `http://127.0.0.1:${port}`;
    this.url = this.origin + '/bayeux';
    this.internal = `http://127.0.0.1:${internalPort}`;
    this.arguments = ['serve', '--listen', `127.0.0.1:${port}`, '--internal', `127.0.0.1:${internalPort}`,
      '--drain-delay', '0', '--drain-timeout', '1s', ...flags];
  }

  async run() {
    this.log = '';
    this.process = spawn(this.binary, this.arguments, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.on('data', (chunk) => { this.log = (this.log + chunk).slice(-20000); });
    }
    const { process: child } = this;
    running.add(child);
    this.ended = new Promise((resolve) => child.once('close', () => { running.delete(child); resolve(); }));
    await until(() => this.ready(), 'the server to be ready', 60000);
  }

  async ready() {
    if (this.process.exitCode !== null) throw new Error(`halley left with ${this.process.exitCode}:\n${this.log}`);
    const response = await fetch(this.internal + '/health/ready').catch(() => null);
    return response?.ok;
  }

  /** Ends the process, SIGKILL as a crash would. */
  async stop(signal = 'SIGTERM') {
    this.process.kill(signal);
    await this.ended;
  }

  /** A crash (SIGKILL) or a drain (SIGTERM), and a new process on the same ports that knows no session. */
  async restart(signal) {
    await this.stop(signal);
    await this.run();
  }

  /** Publishes as a back-end does; fails unless the server took it. */
  async publish(channel, data) {
    const body = JSON.stringify({ channel, data });
    const response = await fetch(this.internal + '/publish', { method: 'POST', body });
    if (!response.ok) throw new Error(`publish: ${response.status} ${await response.text()}`);
  }

  /** Sends messages with no client library; resolves to the reply batch. */
  async raw(...messages) {
    const response = await fetch(this.url, { method: 'POST', body: JSON.stringify(messages) });
    return response.json();
  }
}
