// A halley server of our own: the binary of HALLEY_BIN on free ports, ended by its process.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

/** Resolves to what check() returns once that is truthy; fails with what was awaited. A busy machine takes its time. */
export async function until(check, what, ms = 90000) {
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

/**
 * The address of our servers, which other processes do not use: a port that is free stays so until a server of ours has it, and
 * while one is away. Connections come from 127.0.0.1 and take no port here.
 */
export const host = `127.${200 + Math.floor(process.pid / 250) % 50}.${process.pid % 250}.1`;

// Below what the system gives to those that ask for any port, and without 10080, which browsers and fetch call nowhere.
const FIRST_PORT = 11000, PORTS = 19000;
const offered = new Set();

/** A port that is free, and that this process has not had before. */
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
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}

export class Server {
  /** Starts `halley serve` with further flags and waits until it is ready. */
  static async start(...flags) {
    const server = new Server(await freePort(), await freePort(), flags);
    await server.run();
    return server;
  }

  constructor(port, internalPort, flags) {
    this.binary = process.env.HALLEY_BIN;
    if (!this.binary) throw new Error('HALLEY_BIN must name the halley binary');
    this.origin = `http://${host}:${port}`;
    this.url = this.origin + '/bayeux';
    this.internal = `http://${host}:${internalPort}`;
    this.arguments = ['serve', '--listen', `${host}:${port}`, '--internal', `${host}:${internalPort}`,
      '--drain-delay', '0', '--drain-timeout', '1s',
      '--admit-lag', '0', // a busy machine is no reason to refuse a session
      ...flags];
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
    await until(() => this.ready(), 'the server to be ready');
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

  /** The clientIds of all sessions. A server whose loops do not answer within 5 s has none to tell, and is asked again. */
  async sessions() {
    const response = await until(async () => {
      const answer = await fetch(this.internal + '/sessions');
      return answer.ok && answer;
    }, 'the list of sessions');
    return (await response.json()).sessions.map(({ id }) => id);
  }

  /** Sends messages with no client library; resolves to the reply batch. */
  async raw(...messages) {
    const response = await fetch(this.url, { method: 'POST', body: JSON.stringify(messages) });
    return response.json();
  }
}
