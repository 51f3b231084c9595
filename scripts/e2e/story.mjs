// What every client must be able to do with halley, told once.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { Server, until } from './server.mjs';

const VALUES = [0, false, '', [], {}, 'ü ☄ \u2028 "quoted" </script>', { deep: [1, [2, { a: null }]] }, 12345.678, -1e-7];

/**
 * Registers the story's tests. open(server) makes the client under test,
 * openPeer(server) the one that it talks to; both have the face of clients.mjs
 * (inbox may be a promise) and `type` is the connection type that it must use.
 * start(...flags) makes the server, one of plain HTTP if it is left out.
 */
export function story(name, { type, open, openPeer, flags = [], start = (...all) => Server.start(...all) }) {
  describe(name, { concurrency: 1 }, () => { // also where stories run side by side
    let server, client, peer;

    before(async () => {
      server = await start(...flags);
      client = await open(server);
      peer = await openPeer(server);
    });
    after(async () => {
      await client?.dispose?.();
      await peer?.dispose?.();
      await server?.stop('SIGKILL');
    });

    /** Waits for what is published last: what should not come would have come before it. */
    let marks = 0;
    const mark = async (who) => {
      const number = ++marks;
      await server.publish('/e2e/mark', number);
      await until(async () => (await who.inbox).some(([from, data]) => from === '/e2e/mark' && data === number), 'mark ' + number);
    };

    /** Waits for `count` messages that pass, and for those that should not come. */
    const heard = async (who, channel, count) => {
      const on = async () => (await who.inbox).filter(([from]) => channel.test(from));
      await until(async () => (await on()).length >= count, `${count} messages on ${channel}`).catch(async ({ message }) => {
        throw new Error(`${message}: ${JSON.stringify(await on())}`);
      });
      await mark(who);
      return on();
    };

    it('shakes hands', async () => {
      await client.open();
      await peer.open();
      assert.match(await client.id(), /^.{16,}$/);
    });

    it('hears the channels that it subscribed to: exact, * and **', async () => {
      for (const channel of ['/e2e/mark', '/e2e/one', '/e2e/star/*', '/e2e/deep/**']) await client.subscribe(channel);
      assert.equal(await client.type(), type);
      const all = ['/e2e/one', '/e2e/two', '/e2e/star/x', '/e2e/star/x/y', '/e2e/star', '/e2e/deep/x', '/e2e/deep/x/y', '/e2e/deep'];
      for (const channel of all) await server.publish(channel, channel);
      const expected = ['/e2e/one', '/e2e/star/x', '/e2e/deep/x', '/e2e/deep/x/y'];
      assert.deepEqual(await heard(client, /one|star|deep/, 4), expected.map((channel) => [channel, channel]));
    });

    it('hears a message once, however many of its subscriptions match', async () => {
      for (const channel of ['/e2e/over/lap', '/e2e/over/*', '/e2e/over/**']) await client.subscribe(channel);
      const before = Date.now();
      await server.publish('/e2e/over/lap', before);
      const got = await heard(client, /over/, 1);
      // Libraries call each matching listener; halley.js, CometD and Faye all do.
      assert.deepEqual(got, [1, 2, 3].map(() => ['/e2e/over/lap', before]));
    });

    it('talks with another client, both ways', async () => {
      await client.subscribe('/e2e/talk');
      await peer.subscribe('/e2e/talk');
      await peer.subscribe('/e2e/mark');
      await client.publish('/e2e/talk', 'hello');
      await heard(peer, /talk/, 1);
      await peer.publish('/e2e/talk', { text: 'and hello to you' });
      const expected = [['/e2e/talk', 'hello'], ['/e2e/talk', { text: 'and hello to you' }]];
      assert.deepEqual(await heard(client, /talk/, 2), expected);
      assert.deepEqual(await heard(peer, /talk/, 2), expected);
    });

    it('sends and gets any value unchanged', async () => {
      await client.subscribe('/e2e/echo');
      await peer.subscribe('/e2e/value');
      for (const value of VALUES) {
        await client.publish('/e2e/value', value);
        await peer.publish('/e2e/echo', value);
      }
      assert.deepEqual((await heard(peer, /value/, VALUES.length)).map(([, value]) => value), VALUES);
      assert.deepEqual((await heard(client, /echo/, VALUES.length)).map(([, value]) => value), VALUES);
    });

    it('sends a batch in order', async () => {
      await peer.subscribe('/e2e/batch');
      // Few enough for one URL: Faye sends what is longer than 2,048 characters in parts, side by side.
      const numbers = Array.from({ length: 8 }, (_, n) => n);
      await client.batch(numbers.map((n) => ['/e2e/batch', n]));
      assert.deepEqual((await heard(peer, /batch/, numbers.length)).map(([, n]) => n), numbers);
    });

    it('gets a burst whole and in order', async () => {
      await client.subscribe('/e2e/burst');
      const numbers = Array.from({ length: 300 }, (_, n) => n);
      for (const n of numbers) await server.publish('/e2e/burst', n);
      assert.deepEqual((await heard(client, /burst/, numbers.length)).map(([, n]) => n), numbers);
    });

    it('hears no more of a channel that it left', async () => {
      await client.unsubscribe('/e2e/one');
      // Not every library tells when the server has answered: its next message goes after the unsubscribe.
      await until(async () => {
        const before = (await client.inbox).filter(([from]) => from === '/e2e/one').length;
        await server.publish('/e2e/one', 'gone');
        await mark(client);
        return (await client.inbox).filter(([from]) => from === '/e2e/one').length === before;
      }, 'the unsubscribe');
      await server.publish('/e2e/star/still', 1);
      await heard(client, /still/, 1);
    });

    for (const [what, signal] of [['crashed', 'SIGKILL'], ['was shut down', 'SIGTERM']]) {
      it(`comes back after the server ${what}, subscriptions included`, async () => {
        const old = await client.id();
        await server.restart(signal);
        const again = async (who) => {
          await server.publish('/e2e/talk', signal);
          return (await who.inbox).some(([, data]) => data === signal);
        };
        await until(() => again(client), 'the client to come back');
        await until(() => again(peer), 'the peer to come back');
        assert.notEqual(await client.id(), old);
        const count = (await peer.inbox).length;
        await client.publish('/e2e/talk', 'back');
        await until(async () => (await peer.inbox).slice(count).some(([, data]) => data === 'back'), 'its first words');
      });
    }

    it('says goodbye, and its session is over', async () => {
      const clientId = await client.id();
      await client.close();
      await peer.close();
      const [reply] = await server.raw({ channel: '/meta/connect', clientId, connectionType: 'long-polling' });
      assert.equal(reply.successful, false);
      assert.match(reply.error, /^402/);
      assert.equal(reply.advice.reconnect, 'handshake');
    });
  });
}
