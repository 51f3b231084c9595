// The record of what goes over the wire, and the watch on a client's links.
import { beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { Wire, bytes, duration, plural, sizeOf, watch } from '../assets/wire.js';

let now, wire;

beforeEach(() => {
  now = 1000;
  wire = new Wire(() => now);
});

const event = (data) => ({ channel: '/a', data });
const CONNECT = [{ channel: '/meta/connect' }];

/** A client whose links do what `link` says, watched. */
function client(name, link) {
  const made = { open: () => ({ deliver() {}, broken() {}, close() {}, send: async () => [{ successful: true }], ...link }) };
  watch(made, wire);
  return made.open(name);
}

test('an exchange is open until it ends', () => {
  const span = wire.begin('held', CONNECT);
  now += 250;
  assert.deepEqual(wire.open, { kind: 'held', age: 250 });
  wire.end(span);
  now += 100;
  wire.end(span);
  assert.equal(wire.open, null);
  assert.deepEqual(wire.spans, [{ kind: 'held', from: 1000, to: 1250 }]);
});

test('of what is open, what waits is told', () => {
  wire.begin('short');
  wire.begin('stream');
  assert.equal(wire.open.kind, 'stream');
  wire.stop();
  assert.equal(wire.open, null);
});

test('only events count as messages', () => {
  const batch = [event(0), { channel: '/meta/connect', successful: true }];
  wire.heard(batch);
  wire.heard([{ channel: '/a', successful: true, data: 1 }]);
  assert.equal(wire.messages, 1);
  assert.equal(wire.last.event.data, 0);
  assert.equal(wire.bytes, sizeOf(batch) + sizeOf([{ channel: '/a', successful: true, data: 1 }]));
});

test('what is long past is forgotten, what is open is not', () => {
  wire.begin('stream');
  wire.end(wire.begin('short'));
  wire.heard([event(1)]);
  now += 60000;
  wire.heard([event(2)]);
  assert.deepEqual(wire.spans.map((span) => span.kind), ['stream']);
  assert.equal(wire.marks.length, 1);
  assert.equal(wire.messages, 2);
});

test('a poll is held but for the first, which is answered at once', async () => {
  const link = client('long-polling');
  await link.send([{ channel: '/meta/connect', advice: { timeout: 0 } }]);
  await link.send(CONNECT);
  assert.deepEqual(wire.spans.map((span) => span.kind), ['short', 'held']);
  assert.equal(wire.requests, 2);
});

test('a websocket is one request, whatever is said', async () => {
  const link = client('websocket');
  await link.send(CONNECT);
  await link.send([event(1)]);
  link.deliver([event(2)]);
  assert.deepEqual([wire.requests, wire.messages, wire.open.kind], [1, 1, 'stream']);
  assert.equal(wire.marks.filter((mark) => mark.out).length, 2);
  link.broken(new Error('gone'));
  assert.equal(wire.open, null);
});

test('what comes is handed on, and counted once', () => {
  const handed = [];
  const link = client('long-polling', { deliver: (batch) => { handed.push(batch); return batch; } });
  const batch = [event(1), { channel: '/meta/connect', successful: true }];
  assert.equal(link.deliver(batch), batch);
  assert.deepEqual([handed, wire.messages, wire.bytes], [[batch], 1, sizeOf(batch)]);
});

test('an event-stream opens with the first connect, and again when it has ended', async () => {
  let told = 0;
  const link = client('eventsource', { ended: () => { told++; } });
  await link.send(CONNECT);
  await link.send(CONNECT);
  assert.deepEqual([wire.requests, wire.open.kind], [3, 'stream']);
  link.ended();
  assert.deepEqual([told, wire.open], [1, null]);
  await link.send(CONNECT);
  assert.equal(wire.open.kind, 'stream');
  link.close();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(wire.open, null);
});

test('a streamed answer is open until it ends', async () => {
  let end;
  const link = client('xhr-streaming', { stream: new Promise((resolve) => { end = resolve; }) });
  await link.send(CONNECT);
  assert.equal(wire.open.kind, 'stream');
  end();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(wire.open, null);
});

test('a failure ends the exchange, and stays one', async () => {
  const link = client('long-polling', { send: () => Promise.reject(new Error('cut')) });
  await assert.rejects(link.send(CONNECT), /cut/);
  assert.equal(wire.open, null);
});

test('figures read as people say them', () => {
  assert.deepEqual([duration(0), duration(9940), duration(9951), duration(119000), duration(180000)], ['0.0 s', '9.9 s', '10 s', '119 s', '3 min']);
  assert.deepEqual([bytes(999), bytes(1500), bytes(123456), bytes(1234567)], ['999 B', '1.5 kB', '123 kB', '1.2 MB']);
  assert.deepEqual([plural(1, 'message'), plural(1234, 'message')], ['1 message', '1,234 messages']);
});
