// Behind nginx and haproxy: upgrades pass, streams are not kept in its buffer, and nothing is silent for as long as it waits.
import { after, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { Server, pause, until } from './server.mjs';
import { Haproxy, Proxy, readTimeout } from './proxy.mjs';
import { adapt } from 'cometd-nodejs-client';
import { CometdClient } from './clients.mjs';

adapt();
const cometd = await import('cometd');

// The server speaks some times before a proxy gives up, so that a busy machine may be late with some of it.
const server = await Server.start('--heartbeat', '500ms', '--hold', '1500ms', '--loops', '2');
const proxy = await Proxy.start(server);
const haproxy = await Haproxy.start(server);
after(async () => {
  await Promise.all([proxy.stop(), haproxy.stop()]);
  await server.stop();
});

/** Long enough for a proxy to give up a connection that is silent. */
const longIdle = (readTimeout + 2) * 1000;

const open = (type, by = proxy) => new CometdClient(cometd, by.origin + '/cometd', type);

/** How many polls a server holds. */
async function held(server) {
  const metrics = await (await fetch(server.internal + '/metrics')).text();
  return Number(metrics.match(/^halley_held_polls (.*)$/m)[1]);
}

/** Reads a response's text as it comes. */
function follow(response) {
  const stream = { text: '', ended: false };
  (async () => {
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) stream.text += piece;
  })().catch((error) => { stream.error = error; }).finally(() => { stream.ended = true; });
  stream.has = (what, ms) => until(() => stream.text.includes(what), what + ' on the stream', ms);
  return stream;
}

it('haproxy compresses what is no stream, so that the tests of streams see it', async () => {
  const response = await fetch(haproxy.url, { method: 'POST', body: '[{"channel":"/meta/handshake"}]' });
  assert.equal(response.headers.get('content-encoding'), 'gzip');
  await response.text();
});

// They wait for what a proxy would do: all at the same time.
describe('longer than a proxy waits', { concurrency: true }, () => {
  it('a websocket passes haproxy, and lives longer than it waits', async () => {
    const client = open('websocket', haproxy);
    await client.open();
    assert.equal(client.type(), 'websocket');
    await client.subscribe('/haproxy/ws');
    const id = client.id();
    for (const n of [1, 2]) {
      if (n > 1) await pause(longIdle);
      await server.publish('/haproxy/ws', n);
      await until(() => client.inbox.length === n, 'event ' + n);
    }
    assert.equal(client.id(), id);
    await client.close();
  });

  it('a held poll is answered before haproxy gives up, compressed or not', async () => {
    const client = open('long-polling', haproxy);
    await client.open();
    await client.subscribe('/haproxy/poll');
    const id = client.id();
    await pause(longIdle);
    await server.publish('/haproxy/poll', 'x'.repeat(5000));
    await until(() => client.inbox.length === 1, 'the event');
    assert.equal(client.id(), id);
    await client.close();
  });

  it('a websocket passes, and lives longer than nginx waits', async () => {
    const client = open('websocket');
    await client.open();
    assert.equal(client.type(), 'websocket');
    await client.subscribe('/proxy/ws');
    await server.publish('/proxy/ws', 1);
    await until(() => client.inbox.length === 1, 'the event');
    const id = client.id();
    await pause(longIdle);
    await server.publish('/proxy/ws', 2);
    await until(() => client.inbox.length === 2, 'the event after a silence');
    assert.equal(client.id(), id);
    await client.close();
    const upgrades = await until(async () => {
      const lines = (await proxy.log()).filter((line) => line.startsWith('101 '));
      return lines.length > 0 && lines;
    }, 'the upgrade in the log');
    assert.equal(upgrades.length, 1, 'one connection served all: ' + upgrades);
    assert.ok(parseFloat(upgrades[0].split(' ')[1]) > readTimeout, upgrades[0]);
  });

  it('a held poll is answered before nginx gives up', async () => {
    const client = open('long-polling');
    await client.open();
    await client.subscribe('/proxy/poll');
    await pause(longIdle);
    await server.publish('/proxy/poll', 1);
    await until(() => client.inbox.length === 1, 'the event');
    await client.close();
    const lines = await proxy.log();
    assert.deepEqual(lines.filter((line) => /^50/.test(line)), []);
    assert.ok(lines.some((line) => /^200 \S+ POST \S*\/connect/.test(line) && parseFloat(line.split(' ')[1]) > 1.2), 'a poll was held: ' + lines);
  });

  for (const [i, [name, root]] of [
    ['with nginx buffering', proxy.origin], ['with as little of nginx as works', proxy.origin + '/minimal'], ['with a proxy that does not buffer', proxy.origin + '/unbuffered'],
    ['with haproxy compressing', haproxy.origin],
  ].entries()) {
    it('an event-stream comes at once and stays, ' + name, async () => {
      const abort = new AbortController();
      const response = await fetch(`${root}/events?channel=/proxy/sse/${i}`, { signal: abort.signal });
      const stream = follow(response);
      await stream.has('retry: ');
      await server.publish(`/proxy/sse/${i}`, 1);
      await stream.has('"data":1');
      await pause(longIdle);
      assert.equal(stream.ended, false);
      await server.publish(`/proxy/sse/${i}`, 2);
      await stream.has('"data":2');
      abort.abort();
    });

    it('xhr-streaming comes at once and stays, ' + name, async () => {
      const [{ clientId }] = await server.raw({ channel: '/meta/handshake' });
      await server.raw({ channel: '/meta/subscribe', subscription: `/proxy/xhr/${i}`, clientId });
      const abort = new AbortController();
      const response = await fetch(`${root}/bayeux`, {
        method: 'POST', signal: abort.signal,
        body: JSON.stringify({ channel: '/meta/connect', connectionType: 'xhr-streaming', clientId }),
      });
      const stream = follow(response);
      await stream.has('"/meta/connect"');
      await server.publish(`/proxy/xhr/${i}`, 1);
      await stream.has('"data":1');
      await pause(longIdle);
      assert.equal(stream.ended, false);
      await server.publish(`/proxy/xhr/${i}`, 2);
      await stream.has('"data":2');
      abort.abort();
    });
  }
});

it('a proxy that buffers in spite of being told not to shows that the tests above see it', async () => {
  const abort = new AbortController();
  const opening = fetch(proxy.origin + '/buffered/events?channel=/proxy/sse', { signal: abort.signal })
    .then((response) => follow(response), () => null);
  await pause(1000);
  await server.publish('/proxy/sse', 3);
  await pause(500);
  const stream = await Promise.race([opening, pause(10)]);
  assert.ok(!stream || !stream.text.includes('"data":3'), 'nothing was kept back');
  abort.abort();
  await opening;
});

it('a proxy that breaks off is no harm: an event waits for the next poll', async () => {
  const server = await Server.start('--hold', '60s'); // the poll is there until it is broken off
  const proxy = await Proxy.start(server);
  const [{ clientId }] = await server.raw({ channel: '/meta/handshake' });
  await server.raw({ channel: '/meta/connect', connectionType: 'long-polling', clientId },
    { channel: '/meta/subscribe', subscription: '/proxy/cut', clientId });
  const connect = JSON.stringify({ channel: '/meta/connect', connectionType: 'long-polling', clientId });
  const abort = new AbortController();
  const cut = fetch(proxy.url, { method: 'POST', body: connect, signal: abort.signal }).catch(() => null);
  await until(async () => await held(server) > 0, 'the poll to be held');
  abort.abort();
  await cut;
  await until(async () => await held(server) === 0, 'the poll to end');
  await server.publish('/proxy/cut', 1);
  const batch = await (await fetch(proxy.url, { method: 'POST', body: connect })).json();
  assert.deepEqual(batch.filter((m) => m.channel === '/proxy/cut').map((m) => m.data), [1]);
  await proxy.stop();
  await server.stop();
});
