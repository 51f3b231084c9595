// What halley.js asks of a server beyond Bayeux: replay, conflation, acknowledgements.
import { afterEach, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { FakeServer, page, pause, until } from './fake.mjs';

const QUICK = { backoff: 10, maxBackoff: 40, transports: ['long-polling'] };
const LOST = { successful: false, error: '402::session_unknown', advice: { reconnect: 'handshake', interval: 0 } };

let server, window, halley, got, errors;

beforeEach(async () => {
  server = await new FakeServer().start();
  window = page(server.url, fetch, server);
  halley = window.halley;
  [got, errors] = [[], []];
});

afterEach(async () => {
  const done = halley.disconnect();
  server.held.forEach((answer) => answer({}));
  await done;
  await server.stop();
});

const init = (options) => halley.init(server.url, { ...QUICK, onError: (error) => errors.push(error.message), ...options });
const held = () => until(() => server.held.length, 'a held connect');
const numbered = (n, channel = '/a') => ({ channel, data: n, replayId: n });
const listen = (channel, options) => halley.subscribe(channel, (data) => got.push(data), options);
const subscribes = () => server.seen('/meta/subscribe');
const asked = (n) => until(() => subscribes().length >= n, `subscribe ${n}`);

/** Answers the held connect with messages, and waits for the next. */
async function bring(...messages) {
  await held();
  server.answer(messages);
  await held();
}

describe('replay', () => {
  test('begins where it is wanted, and goes on there by the next session', async () => {
    listen('/a', { since: -2 });
    listen('/b', { since: 7 });
    listen('/c', { since: -1 });
    listen('/d');
    init();
    await asked(4);
    assert.deepEqual(subscribes().map((m) => m.ext?.replay), [{ '/a': -2 }, { '/b': 7 }, { '/c': -1 }, undefined]);
    await bring(numbered(3), numbered(9, '/d'), numbered(4));
    server.answer([], LOST);
    await asked(8);
    assert.deepEqual(subscribes().slice(4).map((m) => m.ext?.replay), [{ '/a': 4 }, { '/b': 7 }, { '/c': -1 }, undefined]);
    assert.deepEqual(got, [3, 9, 4]);
  });

  test('gives nothing twice, whichever channel it comes on', async () => {
    const sub = listen('/s/*', { since: -2 });
    init();
    await asked(1);
    await bring(numbered(5, '/s/x'), numbered(3, '/s/y'), numbered(5, '/s/x'), numbered(3, '/s/y'), numbered(6, '/s/y'));
    assert.deepEqual(got, [5, 3, 6]);
    assert.equal(sub.since, 6);
  });

  test('believes a server that counts from 1 again', async () => {
    listen('/a', { since: -1 });
    init();
    await asked(1);
    await bring(numbered(500));
    server.answer([], LOST);
    await asked(2);
    await bring(numbered(1), numbered(2));
    server.answer([], LOST);
    await asked(3);
    assert.deepEqual(subscribes().map((m) => m.ext.replay['/a']), [-1, 500, 2]);
    assert.deepEqual(got, [500, 1, 2]);
  });

  test('of what is forgotten is told, and gives all that is left', async () => {
    server.script['/meta/subscribe'] = ({ ext }) => (ext.replay['/a'] > 0
      ? { successful: false, error: '400::The replayId {17} you provided was invalid' } : {});
    listen('/a', { since: 17 });
    init();
    await asked(2);
    assert.deepEqual(subscribes().map((m) => m.ext.replay['/a']), [17, -2]);
    await bring(numbered(20));
    assert.deepEqual([got, errors], [[20], ['/meta/subscribe: 400::The replayId {17} you provided was invalid']]);
    assert.equal(subscribes().length, 2);
  });

  test('that is refused over and over ends', async () => {
    server.script['/meta/subscribe'] = () => ({ successful: false, error: '400::The replayId {-2} you provided was invalid' });
    listen('/a', { since: 1 });
    init();
    await asked(2);
    await halley.publish('/b', 1);
    assert.deepEqual([subscribes().length, errors.length], [2, 2]);
  });

  test('asks again for what a failed poll may have had, before the next can bring more', async () => {
    listen('/a', { since: -2 });
    listen('/plain');
    init();
    await asked(2);
    await bring(numbered(1));
    server.script['/meta/subscribe'] = (m) => (m.ext ? [numbered(1), numbered(2), numbered(3), {}] : {});
    server.http.closeAllConnections();
    await until(() => got.length === 3, 'the replay');
    const again = server.requests.find((r) => r.messages.length === 2 && /connect/.test(r.messages[1].channel)).messages;
    assert.deepEqual([again[0].ext.replay, again[0].clientId, again[1].advice], [{ '/a': 1 }, 'session1', { timeout: 0 }]);
    assert.deepEqual(got, [1, 2, 3]);
    assert.equal(server.sessions, 1);
  });

  test('asks for many subscriptions in several requests, and mixes nothing up', async () => {
    const channels = Array.from({ length: 120 }, (_, n) => '/many/' + n);
    channels.forEach((channel) => listen(channel, { since: -2 }));
    init();
    await asked(120);
    await bring(...channels.map((channel, n) => numbered(n + 1, channel)));
    got.length = 0;
    const last = channels.at(-1);
    server.script['/meta/subscribe'] = ({ subscription }) => (subscription === channels[0] ? [numbered(202, last), {}]
      : subscription === last ? [numbered(201, last), numbered(202, last), {}] : {});
    server.http.closeAllConnections();
    await until(() => got.length >= 2, 'the replay');
    const requests = server.requests.filter((r) => r.messages.length > 1 && /connect/.test(r.messages.at(-1).channel));
    assert.deepEqual(requests.map((r) => r.messages.length), [101, 21]);
    assert.deepEqual(got, [201, 202]);
  });

  test('that has no number yet to go on from hears what comes', async () => {
    listen('/a', { since: -1 });
    init();
    await asked(1);
    await held();
    server.held.length = 0;
    server.http.closeAllConnections();
    await bring(numbered(1));
    await bring(numbered(2));
    assert.deepEqual([got, subscribes().length], [[1, 2], 1]);
  });

  test('takes what is live from no connection that may have lost something', async () => {
    listen('/a', { since: -2 });
    init({ transports: ['websocket'] });
    await asked(1);
    await until(() => server.sockets.length, 'the socket');
    server.push(numbered(1));
    const [old] = server.sockets;
    server.script['/meta/subscribe'] = () => {
      old.onmessage({ data: JSON.stringify([numbered(3)]) });
      return [numbered(2), numbered(3), {}];
    };
    window.fire('online');
    await until(() => got.length >= 3, 'the replay');
    assert.deepEqual(got, [1, 2, 3]);
    const frame = server.requests.find((r) => r.messages.length === 2).messages;
    assert.equal(frame[1].connectionType, 'websocket');
  });

  test('follows an event-stream that ended', async () => {
    server.script['/meta/connect'] = () => ({ advice: { reconnect: 'retry', interval: 100000, timeout: 0 } });
    listen('/a', { since: -2 });
    let now = 1000;
    window.now = () => now;
    init({ transports: ['eventsource'] });
    await asked(1);
    await until(() => server.streams.length, 'the stream');
    server.push(numbered(1));
    await until(() => got.length, 'the message');
    now += 1050; // it has lived
    server.script['/meta/subscribe'] = () => [numbered(2), {}];
    server.streams[0].end();
    await until(() => server.streams.length === 2, 'the next stream');
    server.push(numbered(3));
    await until(() => got.length === 3, 'the messages');
    assert.deepEqual(got, [1, 2, 3]);
    assert.deepEqual(subscribes().map((m) => m.ext.replay['/a']), [-2, 1]);
    assert.equal(server.seen('/meta/connect').find((m) => m.connectionType === 'long-polling').advice.timeout, 0);
  });

  test('follows a stream that ended, for the server may have thought of another', async () => {
    listen('/a', { since: -2 });
    init({ transports: ['xhr-streaming'] });
    await asked(1);
    await until(() => server.streams.length, 'the stream'); // the subscribe may overtake it
    server.push(numbered(1));
    await until(() => got.length, 'the message');
    server.script['/meta/subscribe'] = () => [numbered(2), {}];
    server.streams[0].end();
    await until(() => server.streams.length === 2, 'the next stream');
    server.push(numbered(3));
    await until(() => got.length === 3, 'the messages');
    assert.deepEqual(got, [1, 2, 3]);
    assert.deepEqual(subscribes().map((m) => m.ext.replay['/a']), [-2, 1]);
  });

  test('that joins what is live comes whole', async () => {
    const all = [];
    halley.subscribe('/s/*', () => {});
    init();
    await asked(1);
    halley.subscribe('/s/x', (data) => all.push(data), { since: -2 });
    await asked(2);
    await bring(numbered(8, '/s/x'), ...[1, 7, 8, 9].map((n) => numbered(n, '/s/x')));
    await bring(...[7, 8, 9, 10].map((n) => numbered(n, '/s/x')));
    assert.deepEqual(all.sort((a, b) => a - b), [1, 7, 8, 9, 10]);
  });

  test('of a second subscription to a channel harms not the first', async () => {
    const second = [];
    listen('/a', { since: -1 });
    init();
    await asked(1);
    await bring(numbered(5));
    halley.subscribe('/a', (data) => second.push(data), { since: -2 });
    await asked(2);
    assert.deepEqual(subscribes()[1].ext.replay, { '/a': -2 });
    await bring(numbered(4), numbered(5), numbered(6));
    assert.deepEqual([got, second], [[5, 6], [4, 5, 6]]);
  });
});

describe('an interval', () => {
  test('is asked for, changed while it runs, and taken back', async () => {
    const sub = listen('/a', { interval: 500 });
    init();
    await asked(1);
    for (const interval of [1000, 0, 200]) {
      halley.pace(sub, interval);
      halley.pace(sub, interval);
      await halley.publish('/b', 1);
    }
    assert.deepEqual(subscribes().map((m) => m.ext?.conflate?.interval), [500, 1000, undefined, 200]);
  });

  test('is the least that the subscriptions to a channel want', async () => {
    const quick = listen('/a', { interval: 200 });
    listen('/a', { interval: 1000 });
    init();
    await asked(1);
    const all = listen('/a');
    await asked(2);
    halley.unsubscribe(quick);
    halley.unsubscribe(all);
    await asked(3);
    assert.deepEqual(subscribes().map((m) => m.ext?.conflate?.interval), [200, undefined, 1000]);
  });

  test('that is changed skips nothing of a replay, and asks for no more of it', async () => {
    const sub = listen('/a', { since: -1 });
    init();
    await asked(1);
    halley.pace(sub, 100);
    await asked(2);
    assert.deepEqual(subscribes()[1].ext, { conflate: { interval: 100 } }); // from now on would skip what waits
    await bring(numbered(5));
    halley.pace(sub, 200);
    await asked(3);
    assert.deepEqual(subscribes()[2].ext, { replay: { '/a': 5 }, conflate: { interval: 200 } });
  });

  test('that broke off on its way is asked for again, with no word of now', async () => {
    const sub = listen('/a', { since: -1 });
    init();
    await asked(1);
    await held();
    server.script['/meta/subscribe'] = () => { server.http.closeAllConnections(); return new Promise(() => {}); };
    halley.pace(sub, 100);
    await asked(2);
    server.script['/meta/subscribe'] = () => ({});
    await asked(3);
    assert.deepEqual(subscribes().map((m) => m.ext), [{ replay: { '/a': -1 } }, ...Array(2).fill({ conflate: { interval: 100 } })]);
  });

  test('stands for the next session', async () => {
    listen('/a', { interval: 300 });
    init();
    await asked(1);
    await held();
    server.answer([], LOST);
    await asked(2);
    assert.equal(subscribes()[1].ext.conflate.interval, 300);
  });
});

describe('acknowledgements', () => {
  const acks = () => server.seen('/meta/connect').map((m) => m.ext?.ack);
  let number;

  beforeEach(() => {
    number = 0;
    server.script['/meta/handshake'] = () => ({ ...server.welcome(), ext: { ack: true } });
    server.script['/meta/connect'] = (m) => (m.advice ? { ext: { ack: ++number } } : server.hold());
  });

  test('confirm each reply with the next connect', async () => {
    listen('/a');
    init({ ack: true });
    await asked(1);
    await held();
    server.answer([{ channel: '/a', data: 1 }], { ext: { ack: 2 } });
    await until(() => acks().length === 3, 'the next connect');
    assert.deepEqual(server.seen('/meta/handshake')[0].ext, { replay: true, ack: true });
    assert.deepEqual([acks(), got], [[0, 1, 2], [1]]);
  });

  test('are not sent to a server that has them not, nor unasked', async () => {
    init();
    await held();
    assert.deepEqual(acks(), [undefined, undefined]);
    server.script['/meta/handshake'] = () => server.welcome();
    init({ ack: true });
    await until(() => server.held.length === 2, 'a held connect');
    assert.deepEqual(acks().slice(2), [undefined, undefined]);
  });

  test('begin anew with a session', async () => {
    init({ ack: true });
    await held();
    server.answer([], { ...LOST, ext: { ack: 9 } });
    await until(() => server.sessions === 2 && acks().length === 4, 'the next session');
    assert.deepEqual(acks(), [0, 1, 0, 2]);
  });

  test('of a reply that was cut off wait for its repetition', async () => {
    listen('/a');
    init({ ack: true });
    await asked(1);
    await held();
    server.script['/meta/connect'] = (m) => (m.advice ? [{ channel: '/a', data: 1 }, { ext: { ack: 3 } }] : server.hold());
    server.http.closeAllConnections();
    await until(() => acks().length === 4, 'the next connects');
    assert.deepEqual([acks(), got], [[0, 1, 1, 3], [1]]);
  });

  test('make what comes late by a connection that was left come once', async () => {
    listen('/a');
    init({ ack: true });
    await asked(1);
    await held();
    const [late] = server.held.splice(0);
    server.script['/meta/connect'] = async (m) => {
      if (!m.advice) return server.hold();
      late([{ channel: '/a', data: 1 }, { ext: { ack: 2 } }]);
      await pause(30);
      return [{ channel: '/a', data: 1 }, { ext: { ack: 3 } }];
    };
    await halley.use('websocket');
    await held();
    assert.deepEqual(got, [1]);
    assert.equal(acks().at(-1), 3);
  });

  test('leave the streams out, which have no replies', async () => {
    init({ ack: true, transports: ['eventsource', 'xhr-streaming'] });
    await held();
    assert.equal(halley.transport, 'long-polling');
    await assert.rejects(halley.use('eventsource'), /no transport/);
  });
});

describe('the name of the browser', () => {
  const named = () => server.seen('/meta/handshake').map((m) => m.ext.browser);
  const storage = () => {
    const kept = new Map();
    return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), kept };
  };
  const tab = (localStorage) => {
    const window = page(server.url, fetch, server);
    Object.assign(window, { localStorage, crypto: globalThis.crypto });
    return window.halley;
  };

  test('is what its tabs share, and another has another', async () => {
    const [ours, theirs] = [storage(), storage()];
    const tabs = [tab(ours), tab(ours), tab(theirs)];
    for (const [i, each] of tabs.entries()) {
      each.init(server.url, QUICK);
      await until(() => named().length === i + 1, 'a handshake');
    }
    const [first, second, third] = named();
    assert.match(first, /^[0-9a-f]{32}$/);
    assert.equal(second, first);
    assert.notEqual(third, first);
    const done = tabs.map((each) => each.disconnect());
    server.held.forEach((answer) => answer({}));
    await Promise.all(done);
  });

  test('lasts a day', async () => {
    const ours = storage();
    ours.setItem('halley', Math.floor(Date.now() / 86400000) - 1 + ' 0123456789abcdef0123456789abcdef');
    const one = tab(ours);
    one.init(server.url, QUICK);
    await until(() => named().length, 'a handshake');
    assert.notEqual(named()[0], '0123456789abcdef0123456789abcdef');
    const done = one.disconnect();
    server.held.forEach((answer) => answer({}));
    await done;
  });

  test('is left out where nothing is remembered', async () => {
    init();
    await until(() => named().length, 'a handshake');
    assert.deepEqual(named(), [undefined]);
  });
});
