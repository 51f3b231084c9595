// The clients as programs and browsers use them, on a cluster where any request may come to any node.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { until } from './server.mjs';
import { Cluster } from './cluster.mjs';
import { story } from './story.mjs';
import { openCometd, openCometdSocket, openFaye, openFayeSocket } from './libraries.mjs';
import { launch, openInPage } from './browser.mjs';

const start = (...flags) => Cluster.start(...flags);
const { context, close } = await launch();
after(close);

// They wait for nodes that come back most of the time.
describe('stories', { concurrency: 4 }, () => {
  story('cometd in Node, three nodes', { type: 'long-polling', open: openCometd, openPeer: openFaye, start });
  story('faye in Node, three nodes', { type: 'long-polling', open: openFaye, openPeer: openCometd, start });
  story('cometd in Node, websocket, three nodes', { type: 'websocket', open: openCometdSocket, openPeer: openFaye, start });
  story('faye in Node, websocket, three nodes', { type: 'websocket', open: openFayeSocket, openPeer: openCometdSocket, start });

  for (const type of ['websocket', 'eventsource', 'xhr-streaming', 'long-polling']) {
    story(`halley.js, ${type}, three nodes`, {
      type, start, openPeer: openFaye,
      open: (server) => openInPage(context, { library: 'halley', type, url: server.url, origin: server.origin }),
    });
  }
});

describe('one session, three nodes', () => {
  let cluster;
  before(async () => { cluster = await start('--rule', '/kept/** history=1000'); });
  after(() => cluster?.stop('SIGKILL'));

  it('its requests come to each node', async () => {
    const client = openCometd(cluster);
    await client.open();
    await client.subscribe('/any');
    for (let n = 0; n < 30; n++) {
      await client.publish('/any', n);
      await until(() => client.inbox.length === n + 1, 'message ' + n);
    }
    assert.deepEqual(client.inbox.map(([, n]) => n), Array.from({ length: 30 }, (_, n) => n));
    await client.close();
    cluster.proxy.kill('SIGTERM');
    await until(() => cluster.said.length > 1, 'the counts of the proxy');
    const taken = cluster.said[1].match(/\[(.*)\]/)[1].split(' ').map(Number);
    assert.ok(taken.every((count) => count > 15), `requests by node: ${taken}`);
    await cluster.open();
  });

  it('messages that are kept have one order, whichever node takes them', async () => {
    const clients = [openCometd(cluster), openFaye(cluster), openCometdSocket(cluster)];
    for (const client of clients) {
      await client.open();
      await client.subscribe('/kept/one');
    }
    for (let n = 0; n < 60; n++) await cluster.publishAnywhere('/kept/one', n);
    const expected = Array.from({ length: 60 }, (_, n) => n);
    for (const client of clients) {
      await until(() => client.inbox.length >= 60, 'all messages');
      assert.deepEqual(client.inbox.map(([, n]) => n), expected);
      await client.close();
    }
  });
});
