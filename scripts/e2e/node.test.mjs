// The clients as programs use them, over long-polling and websockets.
import { it } from 'node:test';
import assert from 'node:assert/strict';
import { Server, until } from './server.mjs';
import { story } from './story.mjs';
import { BinaryExtension, openCometd, openCometdSocket, openFaye, openFayeSocket } from './libraries.mjs';

story('cometd in Node', { type: 'long-polling', open: openCometd, openPeer: openFaye });
story('faye in Node', { type: 'long-polling', open: openFaye, openPeer: openCometd });
story('cometd in Node, four loops', { type: 'long-polling', open: openCometd, openPeer: openFaye, flags: ['--loops', '4'] });
story('faye in Node, four loops', { type: 'long-polling', open: openFaye, openPeer: openCometd, flags: ['--loops', '4'] });
story('cometd in Node, websocket', { type: 'websocket', open: openCometdSocket, openPeer: openFaye });
story('faye in Node, websocket', { type: 'websocket', open: openFayeSocket, openPeer: openCometdSocket });
story('cometd in Node, websocket, four loops', { type: 'websocket', open: openCometdSocket, openPeer: openFayeSocket, flags: ['--loops', '4'] });

for (const [name, open] of [['long-polling', openCometd], ['websocket', openCometdSocket]]) {
  it("bytes arrive as bytes by CometD's binary extension, " + name, async () => {
    const server = await Server.start('--rule', '/kept/** history=10');
    const clients = [open(server), open(server)];
    for (const { cometd } of clients) cometd.registerExtension('binary', new BinaryExtension());
    const [sender, hearer] = clients;
    for (const client of clients) await client.open();
    for (const channel of ['/bytes', '/kept/bytes']) {
      await hearer.subscribe(channel);
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      await new Promise((resolve) => sender.cometd.publish(channel, { data: bytes.buffer, last: true, meta: { n: 1 } }, { ext: { binary: {} } }, resolve));
      await until(() => hearer.inbox.length === 1, 'the bytes');
      const [[, data]] = hearer.inbox.splice(0);
      assert.ok(data.data instanceof ArrayBuffer, 'it is ' + typeof data.data);
      assert.deepEqual(new Uint8Array(data.data), bytes);
      assert.deepEqual(data.meta, { n: 1 });
    }
    for (const client of clients) await client.close();
    await server.stop();
  });
}
