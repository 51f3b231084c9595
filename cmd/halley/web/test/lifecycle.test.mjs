// How sessions of halley.js begin and end, who hears of it, and what it leaves behind.
import { afterEach, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { FakeServer, page, until } from './fake.mjs';

const QUICK = { backoff: 10, maxBackoff: 40, transports: ['long-polling'] };
const DENIED = { successful: false, error: '403:/a:subscription_denied' };

let server, window, halley;

beforeEach(async () => {
  server = await new FakeServer().start();
  window = page(server.url, fetch, server);
  halley = window.halley;
});

afterEach(async () => {
  const done = halley.disconnect();
  server.held.forEach((answer) => answer({}));
  await done;
  await server.stop();
});

const init = (options = {}) => halley.init('/bayeux', { ...QUICK, ...options });
const held = (count = 1) => until(() => server.held.length >= count, 'a held connect');
const left = () => server.seen('/meta/disconnect').map((message) => message.clientId);

describe('a session', () => {
  for (const name of ['long-polling', 'websocket', 'eventsource', 'xhr-streaming']) {
    const connected = () => until(() => halley.status === 'connected', 'a connection');

    test(`${name}: that ends and begins in one tick is followed by another`, async () => {
      init({ transports: [name] });
      await connected();
      const done = halley.disconnect();
      init({ transports: [name] });
      await done;
      await connected();
      assert.deepEqual([left(), halley.clientId], [['session1'], 'session2']);
    });
  }

  test('that an init follows is ended on the server', async () => {
    init();
    await held();
    init();
    await held(2);
    await until(() => left().length, 'the end');
    assert.deepEqual([left(), halley.clientId], [['session1'], 'session2']);
  });

  test('is not made for a page that changes its mind at once', async () => {
    init();
    halley.disconnect();
    init();
    await held();
    assert.equal(server.sessions, 1);
  });

  test('that is about to begin when it is ended leaves nothing on the server', async () => {
    const welcome = server.script['/meta/handshake'];
    let release;
    server.script['/meta/handshake'] = () => new Promise((resolve) => { release = () => resolve(welcome()); });
    init();
    await until(() => release, 'the handshake');
    const done = halley.disconnect();
    release();
    await done;
    assert.deepEqual([left(), halley.status], [['session1'], 'closed']);
  });

  test('says what is on its way before another begins', async () => {
    init();
    await held();
    let release;
    server.script.publish = () => new Promise((resolve) => { release = () => resolve({}); });
    const said = halley.publish('/a', 1);
    await until(() => release, 'the publish');
    init();
    release();
    assert.equal((await said).successful, true);
    await until(() => left().length, 'the end');
  });

  test('takes what waits along when it is replaced', async () => {
    init();
    await held();
    const said = halley.publish('/a', 1);
    halley.disconnect();
    init();
    await said;
    assert.equal(server.seen('/a')[0].clientId, 'session2');
  });

  test('ends by a signal, which an older init had too', async () => {
    const [old, signal] = [new AbortController(), new AbortController()];
    init({ signal: old.signal });
    init({ signal: signal.signal });
    await held();
    old.abort();
    assert.equal(halley.status, 'connected');
    signal.abort();
    await until(() => left().length, 'the end');
    assert.equal(halley.status, 'closed');
  });
});

test('a session that is lost with its server is followed at once when that is back', async () => {
  const pauses = [];
  init({ backoff: 10, maxBackoff: 10, onStatus: (status, { retryIn }) => status === 'reconnecting' && pauses.push(retryIn) });
  await held();
  server.status = 503;
  server.held.splice(0).forEach((answer) => answer({}));
  await until(() => pauses.length > 3, 'some failures');
  server.script['/meta/connect'] = () => ({ successful: false, error: '402::session_unknown', advice: { reconnect: 'handshake' } });
  server.status = 0;
  await until(() => server.sessions > 1, 'another session');
  assert.equal(pauses.filter((ms) => ms === 0).length, 1, String(pauses));
});

test('a pause can be ended', async () => {
  server.status = 503;
  init({ backoff: 60000, maxBackoff: 60000 });
  await until(() => halley.status === 'reconnecting', 'the pause');
  server.status = 0;
  halley.retry();
  await until(() => halley.status === 'connected', 'a connection');
});

test('the page is not listened to any more after a disconnect', async () => {
  const before = window.listening();
  for (let i = 0; i < 3; i++) {
    init();
    await held();
    assert.ok(window.listening() > before);
    const done = halley.disconnect();
    server.held.splice(0).forEach((answer) => answer({}));
    await done;
    assert.equal(window.listening(), before);
  }
  init();
  await held();
  server.answer([], { advice: { reconnect: 'none' } });
  await until(() => halley.status === 'closed', 'the end');
  assert.equal(window.listening(), before);
});

test('a page that comes back from the cache of its browser is served again', async () => {
  init();
  await held();
  window.fire('pagehide');
  window.fire('pageshow', { persisted: false });
  assert.equal(halley.status, 'closed');
  window.fire('pageshow', { persisted: true });
  await until(() => halley.status === 'connected', 'a connection');
});

describe('a subscription', () => {
  test('is ready when the server has taken it, and so is one that joins', async () => {
    init();
    const first = halley.subscribe('/a', () => {});
    assert.equal(await first.ready, first);
    const second = halley.subscribe('/a', () => {});
    assert.equal(await second.ready, second);
    assert.equal(server.seen('/meta/subscribe').length, 1);
  });

  test('that is refused says so: ready, onError, or else the console', async () => {
    const own = [];
    const all = [];
    server.script['/meta/subscribe'] = () => DENIED;
    init();
    const loud = halley.subscribe('/a', () => {});
    await assert.rejects(loud.ready, /subscription_denied/);
    assert.match(window.told[0], /halley\.js: .*subscription_denied/);
    const off = halley.on('error', (error) => all.push(error.message));
    const heard = halley.subscribe('/b', () => {}, { onError: (error) => own.push(error.reply.error) });
    await assert.rejects(heard.ready);
    assert.deepEqual([own, all, window.told.length], [[DENIED.error], [], 1]);
    await assert.rejects(halley.subscribe('/c', () => {}).ready);
    assert.deepEqual([all.length, window.told.length], [1, 1]);
    off();
    await assert.rejects(halley.subscribe('/d', () => {}).ready);
    assert.deepEqual([all.length, window.told.length], [1, 2]);
  });

  test('is refused anew when another asks, and asked for again by the next session', async () => {
    server.script['/meta/subscribe'] = () => DENIED;
    init({ onError() {} });
    await assert.rejects(halley.subscribe('/a', () => {}).ready);
    await assert.rejects(halley.subscribe('/a', () => {}).ready);
    assert.equal(server.seen('/meta/subscribe').length, 2);
    server.script['/meta/subscribe'] = () => ({});
    await held();
    server.answer([], { successful: false, error: '402::session_unknown', advice: { reconnect: 'handshake' } });
    await until(() => server.seen('/meta/subscribe').length === 3, 'the subscribe');
    const third = halley.subscribe('/a', () => {});
    await third.ready;
  });

  test('ends by itself, and by a signal', async () => {
    init();
    const control = new AbortController();
    const got = [];
    const one = halley.subscribe('/a', (data) => got.push(data));
    const two = halley.subscribe('/b', (data) => got.push(data), { signal: control.signal });
    await Promise.all([one.ready, two.ready]);
    one.unsubscribe();
    control.abort();
    await until(() => server.seen('/meta/unsubscribe').length === 2, 'the unsubscribes');
    await held();
    server.answer([{ channel: '/a', data: 1 }, { channel: '/b', data: 2 }]);
    await held();
    assert.deepEqual(got, []);
  });

  test('that ends before the server has answered is not ready', async () => {
    const sub = halley.subscribe('/a', () => {});
    sub.unsubscribe();
    await assert.rejects(sub.ready, /unsubscribed/);
  });
});

describe('listeners', () => {
  test('hear of the status, several at once, until they leave', async () => {
    const told = { option: [], one: [], two: [] };
    const control = new AbortController();
    const off = halley.on('status', (status) => told.one.push(status));
    halley.on('status', (status, { transport }) => told.two.push(`${status} ${transport}`), { signal: control.signal });
    init({ onStatus: (status) => told.option.push(status) });
    await held();
    off();
    control.abort();
    server.held.forEach((answer) => answer({}));
    await halley.disconnect();
    assert.deepEqual(told, {
      option: ['connecting', 'connected', 'closed'], one: ['connecting', 'connected'], two: ['connecting null', 'connected long-polling'],
    });
  });

  test('hear of what was refused; without any the console does', async () => {
    server.script.publish = () => ({ successful: false, error: '403::denied' });
    init();
    await assert.rejects(halley.publish('/a', 1));
    await until(() => window.told.length, 'the console');
    assert.match(window.told[0], /\/a: 403::denied/);
    const errors = [];
    halley.on('error', (error) => errors.push(error.message));
    await assert.rejects(halley.publish('/a', 2));
    await until(() => errors.length, 'the listener');
    assert.equal(window.told.length, 1);
  });
});

describe('a publish', () => {
  test('that waits is taken back by its signal, in silence', async () => {
    const control = new AbortController();
    const said = halley.publish('/a', 1, { signal: control.signal });
    const kept = halley.publish('/a', 2);
    control.abort();
    await assert.rejects(said, { name: 'AbortError' });
    init();
    await kept;
    assert.deepEqual(server.seen('/a').map((message) => message.data), [2]);
    assert.deepEqual(window.told, []);
  });

  const limited = () => { server.script['/meta/handshake'] = () => ({ ...server.welcome(), ext: { halley: { maxMessage: 1000 } } }); };

  test('larger than the server takes is refused here, and the rest goes', async () => {
    limited();
    init({ transports: ['websocket'] });
    const large = halley.publish('/a', 'ä'.repeat(600));
    const small = halley.publish('/a', 'x'.repeat(600));
    await assert.rejects(large, /\/a: too large, 12\d\d bytes where the server takes 1000/);
    await small;
    assert.equal(server.sessions, 1);
    assert.equal(server.seen('/a').length, 1);
  });

  test('goes in another batch where together they are too large', async () => {
    limited();
    init({ transports: ['websocket'] });
    await Promise.all(Array.from({ length: 5 }, (_, i) => halley.publish('/a', i + 'x'.repeat(300))));
    const sizes = server.requests.map((request) => JSON.stringify(request.messages).length);
    assert.ok(Math.max(...sizes) <= 1000, String(sizes));
    assert.deepEqual(server.seen('/a').map((message) => message.data[0]), ['0', '1', '2', '3', '4']);
  });

  test('that ends the websocket tells why', async () => {
    init({ transports: ['websocket'], onError() {} });
    await until(() => server.sockets.length && halley.status === 'connected', 'a connection');
    server.script.publish = () => { server.sockets[0].end({ code: 1009, reason: 'too long' }); return new Promise(() => {}); };
    await assert.rejects(halley.publish('/a', 1), /too large \(1009\)/);
  });
});

describe('headers and ext', () => {
  test('are values', async () => {
    init({ headers: { Authorization: 'Bearer 1' }, ext: { token: 'one', replay: false } });
    await held();
    assert.deepEqual(server.seen('/meta/handshake')[0].ext, { token: 'one', replay: true });
    assert.deepEqual(server.requests.map((request) => request.headers.authorization), ['Bearer 1', 'Bearer 1', 'Bearer 1']);
    assert.ok(server.requests.every((request) => request.headers['content-type'] === 'application/json'));
  });

  test('are functions, asked again each time', async () => {
    let count = 0;
    init({ headers: () => ({ 'X-Count': String(++count) }), ext: async () => ({ token: ++count }) });
    await held();
    server.answer([], { successful: false, error: '402::session_unknown', advice: { reconnect: 'handshake' } });
    await held();
    assert.deepEqual(server.seen('/meta/handshake').map((message) => message.ext.token), [1, 5]);
    assert.deepEqual(server.requests.map((request) => request.headers['x-count']), ['2', '3', '4', '6', '7', '8']);
  });
});
