// How halley.js comes by its token, and has it renewed.
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import assert from 'node:assert/strict';
import { FakeServer, page, until } from './fake.mjs';
import { askToken, endRenewal, planRenewal } from '../client/token.js';

const QUICK = { backoff: 10, maxBackoff: 40, transports: ['long-polling'] };
const HOUR = 3_600_000;

describe('with a server', () => {
  let server, halley, window;

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

  const init = (options) => halley.init('/bayeux', { ...QUICK, ...options });
  const greetings = () => server.seen('/meta/handshake').map(({ ext }) => ext.auth);
  const connected = () => until(() => halley.status === 'connected', 'a connection');

  test('each handshake has a fresh token beside what ext has', async () => {
    let count = 0;
    init({ token: () => 't' + ++count, ext: { auth: { token: 'old' }, own: 1 } });
    await until(() => server.held.length, 'a held connect');
    server.held.shift()({ successful: false, error: '402::session_unknown', advice: { reconnect: 'handshake' } });
    await until(() => server.sessions === 2, 'a second session');
    assert.deepEqual(greetings(), [{ token: 't1' }, { token: 't2' }]);
    assert.equal(server.seen('/meta/handshake')[0].ext.own, 1);
  });

  test('one that has expired is replaced at once, the next after the advised time', async () => {
    const welcome = server.script['/meta/handshake'];
    const refuse = () => ({ successful: false, error: '403::token_expired', advice: { reconnect: 'handshake', interval: 2000 } });
    const times = [];
    const pauses = [];
    const replies = [refuse, refuse, welcome];
    server.script['/meta/handshake'] = () => { times.push(Date.now()); return replies.shift()(); };
    init({ token: async () => 't', onStatus: (status, { retryIn }) => status === 'reconnecting' && pauses.push(retryIn) });
    await connected();
    assert.deepEqual(pauses, [0, 2000]);
    assert.ok(times[2] - times[1] >= 1900, `${times}`);
  });

  test('one that will never do ends it', async () => {
    server.script['/meta/handshake'] = () => ({ successful: false, error: '403::token_audience', advice: { reconnect: 'none' } });
    init({ token: () => 't' });
    await until(() => halley.status === 'closed', 'the end');
    assert.equal(greetings().length, 1);
  });

  test('a page that has none for a while is asked again, by the same transport', async () => {
    const answers = [() => { throw new Error('away'); }, () => undefined, () => new Promise(() => {}), () => Promise.reject(new Error('off')), () => 'good'];
    const told = [];
    init({ token: () => answers.shift()(), networkDelay: 1000, transports: ['long-polling', 'websocket'], onStatus: (status, { error }) => told.push(error && error.message) });
    await until(() => halley.status === 'connected', 'a connection');
    assert.deepEqual(told.filter(Boolean), ['token: away', 'token: it is no text', 'token: no answer', 'token: off']);
    assert.deepEqual([greetings(), halley.transport], [[{ token: 'good' }], 'long-polling']);
  });

  test('it is renewed before it expires, as long as the session lives', async () => {
    let count = 0;
    server.script['/meta/handshake'] = () => ({ ...server.welcome(), ext: { auth: { expiresIn: 50 } } });
    server.script.publish = () => ({ ext: { auth: { expiresIn: 50 } } });
    init({ token: () => 't' + ++count });
    await until(() => server.seen('/service/auth').length >= 3, 'renewals');
    assert.deepEqual(server.seen('/service/auth').slice(0, 3).map(({ data }) => data.token), ['t2', 't3', 't4']);
    await halley.disconnect();
    const { length } = server.seen('/service/auth');
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.ok(server.seen('/service/auth').length === length, 'renewed after the end');
    assert.deepEqual(window.errors, []);
  });

  test('without the option there is nothing of it', async () => {
    server.script['/meta/handshake'] = () => ({ ...server.welcome(), ext: { auth: { expiresIn: 20 } } });
    init();
    await connected();
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual([greetings(), server.seen('/service/auth')], [[undefined], []]);
  });
});

describe('for days', () => {
  let client, now, published, tokens;

  /** Lets time pass in steps, and what is due happen. */
  async function pass(ms, step = 60_000) {
    for (const end = now + ms; now < end; now += step) {
      mock.timers.tick(step);
      for (let i = 0; i < 20; i++) await Promise.resolve();
    }
  }

  beforeEach(() => {
    now = 1_800_000_000_000;
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now });
    published = [];
    tokens = 0;
    client = {
      options: { token: () => { tokens++; return 't' + tokens; }, networkDelay: 10_000 },
      publish: async (channel, { token }) => { published.push(now); assert.equal(channel, '/service/auth'); return { ext: { auth: { expiresIn: HOUR } }, token }; },
      fail: (error) => client.errors.push(error.message),
      pause: (failures) => Math.min(30_000, 500 * 2 ** failures),
      errors: [],
    };
  });

  afterEach(() => {
    endRenewal(client);
    mock.timers.reset();
  });

  test('each token is followed by another before it expires, and not much too early', async () => {
    planRenewal(client, { ext: { auth: { expiresIn: HOUR } } });
    let last = now;
    await pass(72 * HOUR);
    assert.ok(published.length > 72 && published.length < 72 / 0.65, `${published.length} renewals`);
    for (const at of published) {
      assert.ok(at - last < HOUR && at - last > 0.6 * HOUR, `${at - last}`);
      last = at;
    }
  });

  test('a page without one for hours is asked with growing pauses, and told of once', async () => {
    planRenewal(client, { ext: { auth: { expiresIn: HOUR } } });
    client.options.token = () => { tokens++; throw new Error('off'); };
    await pass(5 * HOUR, 1000);
    assert.ok(tokens > 400 && tokens <= 540, `${tokens} times`); // every 30 s, of 4 to 4.5 hours
    assert.deepEqual(client.errors, ['token: off']);
    client.options.token = () => 't';
    await pass(60_000, 1000);
    assert.equal(published.length, 1);
  });

  test('one that hangs is given up, and leaves one plan', async () => {
    planRenewal(client, { ext: { auth: { expiresIn: HOUR } } });
    client.options.token = () => { tokens++; return new Promise(() => {}); };
    await pass(2 * HOUR, 1000);
    assert.ok(tokens > 60 && tokens < 160, `${tokens} times`); // every 40 s
  });

  test('another plan, or the end, stops the one before', async () => {
    planRenewal(client, { ext: { auth: { expiresIn: 1000 } } });
    planRenewal(client, { ext: { auth: { expiresIn: HOUR } } });
    await pass(HOUR / 2);
    assert.equal(published.length, 0);
    endRenewal(client);
    await pass(2 * HOUR);
    assert.equal(published.length, 0);
  });

  test('what says nothing of its time is not renewed, what is good for years is no trouble', async () => {
    for (const ext of [undefined, {}, { auth: {} }, { auth: { expiresIn: 0 } }]) planRenewal(client, { ext });
    await pass(2 * HOUR);
    assert.equal(published.length, 0);
    planRenewal(client, { ext: { auth: { expiresIn: 10 * 365 * 24 * HOUR } } });
    await pass(2 * HOUR);
    assert.equal(published.length, 0);
  });
});

test('what the page gives has to be a text', async () => {
  for (const token of [() => 7, () => null, () => '', async () => ({})]) {
    await assert.rejects(askToken({ options: { token, networkDelay: 1000 } }), /token: it is no text/);
  }
});
