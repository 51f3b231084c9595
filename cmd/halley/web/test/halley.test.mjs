import { afterEach, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { FakeServer, page, pause, until } from './fake.mjs';

// The session's own tests travel by polls, which are the easiest to script.
const QUICK = { backoff: 10, maxBackoff: 40, transports: ['long-polling', 'callback-polling'] };
const LOST = { successful: false, error: '402::session_unknown', advice: { reconnect: 'handshake', interval: 0 } };

let server, window, halley, states;

beforeEach(async () => {
  server = await new FakeServer().start();
  window = page(server.url);
  halley = window.halley;
  states = [];
});

afterEach(async () => {
  const done = halley.disconnect();
  server.held.forEach((answer) => answer({}));
  await done;
  await server.stop();
});

const init = (options = {}) => halley.init('/bayeux', { ...QUICK, onStatus: (s) => states.push(s), ...options });
const connected = () => until(() => states.at(-1) === 'connected', 'a connection');
const heldConnect = () => until(() => server.held.length, 'a held connect');

test('a session begins with a handshake and a connect that is not held', async () => {
  init();
  await heldConnect();
  const [handshake, first, second] = server.requests.map((r) => r.messages);
  assert.deepEqual({ ...handshake[0] }, {
    channel: '/meta/handshake', version: '1.0', minimumVersion: '1.0',
    supportedConnectionTypes: ['long-polling'], ext: { replay: true }, id: '1',
  });
  assert.deepEqual(first[0], {
    channel: '/meta/connect', clientId: 'session1', connectionType: 'long-polling', advice: { timeout: 0 }, id: '2',
  });
  assert.equal(second[0].advice, undefined);
  assert.deepEqual(states, ['connecting', 'connected']);
});

test('what is asked for in one tick goes into one request, and a connect always alone', async () => {
  init();
  halley.subscribe('/a', () => {});
  halley.subscribe('/a', () => {});
  halley.subscribe('/b/**', () => {});
  halley.publish('/a', 1);
  halley.publish('/b/c', 2);
  await heldConnect();
  await until(() => server.seen('/b/c').length, 'the publish');
  const batch = server.requests.find((r) => r.messages.length > 1);
  assert.deepEqual(batch.messages.map((m) => m.subscription ?? m.data), ['/a', '/b/**', 1, 2]);
  const connects = server.requests.filter((r) => r.messages.some((m) => m.channel === '/meta/connect'));
  assert.ok(connects.every((r) => r.messages.length === 1));
});

test('a message reaches every listener whose pattern matches, falsy data included', async () => {
  const got = [];
  for (const pattern of ['/a/b', '/a/*', '/a/**', '/**', '/a', '/a/b/*', '/b/**']) {
    halley.subscribe(pattern, (data) => got.push([pattern, data]));
  }
  init();
  await heldConnect();
  server.answer([{ channel: '/a/b', data: 0 }, { channel: '/a/b/c', data: null }]);
  await until(() => got.length >= 7, 'the messages');
  assert.deepEqual(got, [
    ['/a/b', 0], ['/a/*', 0], ['/a/**', 0], ['/**', 0],
    ['/a/**', null], ['/**', null], ['/a/b/*', null],
  ]);
});

test('a listener that throws harms no other', async () => {
  const got = [];
  halley.subscribe('/a', () => { throw new Error('mine'); });
  halley.subscribe('/a', (data) => got.push(data));
  init();
  await heldConnect();
  server.answer([{ channel: '/a', data: 1 }]);
  await heldConnect();
  await until(() => window.errors.length, 'the error to surface');
  assert.deepEqual([got, window.errors.map((error) => error.message)], [[1], ['mine']]);
});

test('the server hears of an unsubscribe when the last listener of a channel goes', async () => {
  init();
  const one = halley.subscribe('/a', () => {});
  const two = halley.subscribe('/a', () => {});
  await heldConnect();
  halley.unsubscribe(one);
  halley.unsubscribe(one);
  await pause(20);
  assert.equal(server.seen('/meta/unsubscribe').length, 0);
  halley.unsubscribe(two);
  await until(() => server.seen('/meta/unsubscribe').length, 'the unsubscribe');
  halley.subscribe('/a', () => {});
  await until(() => server.seen('/meta/subscribe').length === 2, 'the subscribe');
});

test('publish resolves with the reply and rejects with the error', async () => {
  const errors = [];
  init({ onError: (error) => errors.push(error.message) });
  assert.equal((await halley.publish('/a', 1)).successful, true);
  server.script.publish = () => ({ successful: false, error: '403::denied' });
  await assert.rejects(halley.publish('/a', 2), /\/a: 403::denied/);
  assert.deepEqual(errors, ['/a: 403::denied']);
});

test('one batch is in flight at a time, the next one takes what gathered meanwhile', async () => {
  init();
  await heldConnect();
  let release;
  server.script.publish = () => new Promise((resolve) => { release = () => resolve({}); });
  const first = halley.publish('/n', 0);
  await until(() => release, 'the first publish');
  const rest = [1, 2, 3].map((n) => halley.publish('/n', n));
  await pause(20);
  assert.equal(server.seen('/n').length, 1);
  server.script.publish = () => ({});
  release();
  await Promise.all([first, ...rest]);
  assert.deepEqual(server.requests.at(-1).messages.map((m) => m.data), [1, 2, 3]);
});

test('a long queue goes out in several requests, in order', async () => {
  const text = 'x'.repeat(200);
  const all = Array.from({ length: 250 }, (_, n) => halley.publish('/n', { n, text }));
  init();
  await Promise.all(all);
  const sizes = server.requests.map((r) => r.messages.filter((m) => m.channel === '/n').length).filter(Boolean);
  assert.ok(sizes.length >= 3 && Math.max(...sizes) <= 100, String(sizes));
  assert.deepEqual(server.seen('/n').map((m) => m.data.n), all.map((_, n) => n));
});

test('the queue is bounded', async () => {
  init({ maxQueue: 2 });
  halley.publish('/n', 1);
  halley.publish('/n', 2);
  await assert.rejects(halley.publish('/n', 3), /too many/);
});

test('a lost session is opened again with its subscriptions', async () => {
  const got = [];
  halley.subscribe('/a', (data) => got.push(data));
  init();
  await heldConnect();
  server.answer([], LOST);
  await until(() => server.seen('/meta/subscribe').length === 2, 'the second subscribe');
  assert.equal(server.seen('/meta/subscribe')[1].clientId, 'session2');
  await heldConnect();
  server.answer([{ channel: '/a', data: 'again' }]);
  await until(() => got.length, 'the message');
  assert.deepEqual(states, ['connecting', 'connected', 'reconnecting', 'connected']);
});

test('a publish that found no session is sent once more, by the next one', async () => {
  init();
  await heldConnect();
  server.script.publish = (message) => (message.clientId === 'session1' ? { successful: false, error: '402::session_unknown' } : {});
  const replies = [halley.publish('/a', 1), halley.publish('/a', 2)];
  await until(() => server.seen('/a').length === 2, 'the publishes');
  server.answer([], LOST);
  await Promise.all(replies);
  assert.deepEqual(server.seen('/a').map((m) => m.clientId + m.data), ['session11', 'session12', 'session21', 'session22']);
});

test('a session that is lost over and over is not asked for in a tight loop', async () => {
  server.script['/meta/connect'] = () => LOST;
  const begin = Date.now();
  init({ backoff: 100, maxBackoff: 100000 });
  await pause(250);
  const most = 3 + Math.log2(1 + (Date.now() - begin) / 100); // with pauses that double, however long a busy machine makes this one
  assert.ok(server.sessions <= most, `${server.sessions} handshakes, at most ${most}`);
});

test('after a failure the same session is resumed, with a connect that is not held', async () => {
  init();
  await heldConnect();
  server.status = 503;
  server.answer();
  await until(() => states.includes('reconnecting'), 'the failure');
  server.status = 0;
  await connected();
  const later = server.seen('/meta/connect').slice(2);
  assert.equal(server.sessions, 1);
  assert.ok(later.every((m) => m.clientId === 'session1') && later.some((m) => m.advice?.timeout === 0));
});

test('a session older than maxInterval is not resumed', async () => {
  server.script['/meta/handshake'] = () => server.welcome({ timeout: 1, maxInterval: 1 });
  init();
  await heldConnect();
  states.length = 0; // a busy machine may have needed more than one session
  server.status = 503;
  server.answer();
  await until(() => states.includes('reconnecting'), 'the failure');
  const { sessions } = server;
  server.status = 0;
  await until(() => server.sessions > sessions, 'a handshake');
});

test('the interval of the advice lies between two connects', async () => {
  server.script['/meta/handshake'] = () => server.welcome({ interval: 80 });
  const times = [];
  server.script['/meta/connect'] = () => { times.push(Date.now()); return {}; };
  init();
  await until(() => times.length === 3, 'three connects');
  assert.ok(times[2] - times[1] >= 75, `${times[2] - times[1]} ms`);
});

test('advice "none" ends it', async () => {
  init();
  await heldConnect();
  server.answer([], { advice: { reconnect: 'none' } });
  await until(() => states.at(-1) === 'closed', 'the end');
  const count = server.requests.length;
  await pause(60);
  assert.equal(server.requests.length, count);
});

test('a connection type that the server has not ends it, and says why', async () => {
  let why;
  server.script['/meta/handshake'] = () => ({ ...server.welcome(), supportedConnectionTypes: ['carrier-pigeon'] });
  init({ onStatus: (status, { error }) => { if (status === 'closed') why = error.message; } });
  await until(() => why, 'the end');
  assert.match(why, /connection type/);
});

test('a reply that does not come in time is a failure', async () => {
  server.script['/meta/handshake'] = () => new Promise(() => {});
  init({ networkDelay: 30 });
  await until(() => states.includes('reconnecting'), 'the failure');
});

test('a refused subscribe is reported once and not repeated', async () => {
  const errors = [];
  server.script['/meta/subscribe'] = () => ({ successful: false, error: '403::subscription_invalid' });
  init({ onError: (error) => errors.push(error.message) });
  halley.subscribe('bad', () => {});
  await until(() => errors.length, 'the error');
  await halley.publish('/a', 1);
  assert.deepEqual(errors, ['/meta/subscribe: 403::subscription_invalid']);
  assert.equal(server.seen('/meta/subscribe').length, 1);
});

test('a subscribe whose request broke off is asked again', async () => {
  let broken = true;
  window = page(server.url, (url, options) => {
    if (broken && options.body.includes('/meta/subscribe')) {
      broken = false;
      return Promise.reject(new TypeError('broken off'));
    }
    return fetch(url, options);
  });
  halley = window.halley;
  halley.subscribe('/a', () => {});
  init();
  await until(() => server.seen('/meta/subscribe').length === 1, 'the subscribe');
  assert.equal(broken, false);
});

test('disconnect tells the server and starts nothing new', async () => {
  init();
  await heldConnect();
  await halley.disconnect();
  assert.equal(server.seen('/meta/disconnect')[0].clientId, 'session1');
  const count = server.requests.length;
  await pause(60);
  assert.equal(server.requests.length, count);
  assert.equal(states.at(-1), 'closed');
});

test('disconnect sends what was published before it', async () => {
  init();
  await heldConnect();
  halley.publish('/a', 'last words');
  await halley.disconnect();
  const order = server.requests.flatMap((r) => r.messages).map((m) => m.channel).filter((c) => !/connect$/.test(c) || /disconnect/.test(c));
  assert.deepEqual(order, ['/meta/handshake', '/a', '/meta/disconnect']);
});

test('a client that was disconnected stays so when its page is taken up again', async () => {
  init();
  await heldConnect();
  await halley.disconnect();
  window.fire('pagehide');
  window.fire('pageshow', { persisted: true });
  await pause(40);
  assert.equal(server.sessions, 1);
  assert.equal(window.beacons.length, 0);
});

test('a page that is left says goodbye, and one that is taken up again starts anew', async () => {
  init();
  await heldConnect();
  window.fire('pagehide');
  const [beacon] = window.beacons;
  assert.equal(beacon.url, server.url);
  assert.deepEqual(JSON.parse(new URLSearchParams(beacon.body).get('message')).map((m) => [m.channel, m.clientId]), [['/meta/disconnect', 'session1']]);
  window.fire('pageshow', { persisted: true });
  await until(() => server.sessions === 2, 'a handshake');
});

test('a network that comes back is used at once', async () => {
  server.status = 503;
  init({ backoff: 60000, maxBackoff: 60000 });
  await until(() => states.includes('reconnecting'), 'the failure');
  server.status = 0;
  window.fire('online');
  await connected();
});

test('init a second time ends the first session', async () => {
  init();
  await heldConnect();
  init();
  await until(() => server.sessions === 2, 'a handshake');
  server.held.shift()({});
  await connected();
  await pause(20);
  assert.equal(new Set(server.seen('/meta/connect').slice(2).map((m) => m.clientId)).size, 1);
});

test('to another origin requests are forms, which need no preflight', async () => {
  window = page('http://elsewhere.test/page');
  halley = window.halley;
  halley.init(server.url, { ...QUICK });
  await heldConnect();
  assert.ok(server.requests.every((r) => r.form));
  assert.deepEqual(server.requests[0].messages[0].supportedConnectionTypes, ['long-polling', 'callback-polling']);
});

test('where another origin admits no fetch, callback-polling takes over', async () => {
  const blocked = (url, options) => (options ? Promise.reject(new TypeError('blocked')) : fetch(url));
  window = page('http://elsewhere.test/page', blocked);
  halley = window.halley;
  const got = [];
  halley.init(server.url, { ...QUICK });
  halley.subscribe('/a', (data) => got.push(data));
  await heldConnect();
  server.answer([{ channel: '/a', data: 'über "alles" & <b>' }]);
  await until(() => got.length, 'the message');
  assert.deepEqual(got, ['über "alles" & <b>']);
  assert.ok(server.requests.every((r) => r.method === 'GET' && /^halley_\d+$/.test(r.callback)));
  assert.equal(new Set(server.requests.map((r) => r.callback)).size, server.requests.length);
});

test('a URL of callback-polling stays short', async () => {
  window = page('http://elsewhere.test/page');
  halley = window.halley;
  halley.init(server.url, { ...QUICK, transports: ['callback-polling'] });
  await Promise.all(Array.from({ length: 30 }, (_, n) => halley.publish('/n', { n, text: '"'.repeat(40) })));
  const counts = server.requests.map((r) => r.messages.length);
  assert.ok(Math.max(...counts) < 8, String(counts));
  assert.deepEqual(server.seen('/n').map((m) => m.data.n), Array.from({ length: 30 }, (_, n) => n));
});

test('two clients on one page have two sessions', async () => {
  const other = new halley.Client();
  init();
  other.init('/bayeux', QUICK);
  await until(() => server.held.length === 2, 'two held connects');
  assert.equal(server.sessions, 2);
  const done = other.disconnect();
  server.held.forEach((answer) => answer({}));
  await done;
});
