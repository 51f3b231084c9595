// Three servers of ours that form a cluster, behind a proxy without stickiness: each request of a connection goes to another node.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Server, freePort, host } from './server.mjs';

const COUNT = 3;
const running = new Set();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export class Cluster {
  /** Starts the nodes with further flags, and the proxy before them; has the face of a Server. */
  static async start(...flags) {
    const cluster = new Cluster();
    const free = [];
    while (free.length < 3 * COUNT) free.push(await freePort());
    const addresses = free.splice(0, COUNT).map((port) => `${host}:${port}`);
    cluster.nodes = addresses.map((own) => {
      const peers = addresses.filter((address) => address !== own).flatMap((address) => ['--cluster-peer', address]);
      // Nodes of a busy machine may be silent for seconds: they would lose each other, and the clients their sessions.
      const beside = ['--cluster-name', 'e2e', '--cluster-listen', own, ...peers, '--cluster-timeout', '10s'];
      return new Server(free.pop(), free.pop(), [...beside, ...flags]);
    });
    try {
      await Promise.all(cluster.nodes.map((node) => node.run()));
      await cluster.open();
    } catch (error) {
      cluster.nodes.forEach((node) => node.process?.kill('SIGKILL'));
      throw error;
    }
    return cluster;
  }

  /** Starts the proxy, which prints where it listens. */
  async open() {
    const binary = process.env.HALLEY_ROUNDROBIN;
    if (!binary) throw new Error('HALLEY_ROUNDROBIN must name the program of scripts/roundrobin');
    this.proxy = spawn(binary, this.nodes.map(({ origin }) => new URL(origin).host), { stdio: ['ignore', 'pipe', 'inherit'] });
    running.add(this.proxy);
    this.proxy.once('close', () => running.delete(this.proxy));
    const lines = createInterface({ input: this.proxy.stdout });
    this.said = [];
    lines.on('line', (line) => this.said.push(line));
    await new Promise((resolve, reject) => {
      lines.once('line', resolve);
      this.proxy.once('close', () => reject(new Error('the proxy has ended')));
    });
    this.origin = 'http://' + this.said[0];
    this.url = this.origin + '/bayeux';
    this.turn = 0;
  }

  /** The next node in turn. */
  next() {
    return this.nodes[this.turn++ % COUNT];
  }

  /** Publishes as a back-end does that has one node. */
  publish(channel, data) {
    return this.nodes[0].publish(channel, data);
  }

  /** Publishes by another node each time. */
  publishAnywhere(channel, data) {
    return this.next().publish(channel, data);
  }

  /** Sends messages with no client library, to any node. */
  async raw(...messages) {
    const response = await fetch(this.url, { method: 'POST', body: JSON.stringify(messages) });
    return response.json();
  }

  /** Crashes or shuts down one node after the other, each of which is back before the next goes. */
  async restart(signal) {
    for (const node of this.nodes) await node.restart(signal);
  }

  async stop(signal) {
    const ended = new Promise((resolve) => this.proxy.once('close', resolve));
    this.proxy.kill('SIGTERM');
    await ended;
    await Promise.all(this.nodes.map((node) => node.stop(signal)));
  }
}
