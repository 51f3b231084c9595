// A way to a server of ours that cuts connections off at a message from the server, which is lost with them.
// Of an answer that is lost as a whole Chromium says nothing: it repeats the request by itself.
import { connect, createServer } from 'node:net';
import { host } from './server.mjs';

export class Cutter {
  static async start(server) {
    const cutter = new Cutter();
    const { hostname, port } = new URL(server.origin);
    cutter.sockets = new Set();
    cutter.cuts = 0;
    cutter.listener = createServer((client) => cutter.join(client, connect(port, hostname)));
    await new Promise((resolve) => cutter.listener.listen(0, host, resolve));
    cutter.origin = `http://${host}:${cutter.listener.address().port}`;
    cutter.url = cutter.origin + '/bayeux';
    return cutter;
  }

  /** Has the next piece with this text go lost, from there on or as a whole, and its connection break off. */
  cutNext(text, whole) {
    Object.assign(this, { text, whole });
  }

  join(client, server) {
    const end = () => [client, server].forEach((socket) => {
      socket.destroy();
      this.sockets.delete(socket);
    });
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    client.pipe(server);
    server.on('data', (piece) => {
      if (!this.text || !piece.includes(this.text)) return client.write(piece);
      const kept = this.whole ? 0 : piece.indexOf(this.text);
      this.text = null;
      this.cuts++;
      client.write(piece.subarray(0, kept), end);
    });
  }

  close() {
    this.listener.close();
    this.sockets.forEach((socket) => socket.destroy());
  }
}
