// halley.js over each of its transports: what goes over the wire, fallback, moves, and what wakes it.
import { afterEach, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { FakeServer, page, pause, until } from './fake.mjs';

const QUICK = { backoff: 10, maxBackoff: 40 };

let server, window, halley, states, passed, got;

async function setUp(network, origin) {
  window = page(origin ?? server.url, network, server);
  halley = window.halley;
  states = [];
  passed = 0;
  got = [];
  halley.subscribe('/a', (data) => got.push(data));
}

beforeEach(async () => {
  server = await new FakeServer().start();
  await setUp();
});

afterEach(async () => {
  const done = halley.disconnect();
  server.held.forEach((answer) => answer({}));
  await done;
  await server.stop();
});

const init = (options = {}) => halley.init(server.url, {
  ...QUICK, onStatus: (s, { transport }) => states.push(s === 'connected' ? transport : s), ...options,
});
/** Waits for a state after those that were waited for before: it may be over already when this looks. */
const over = (name) => until(() => {
  const at = states.indexOf(name, passed);
  if (at >= passed) passed = at + 1;
  return at >= 0;
}, `${name} in ${states}`);
const connects = () => server.seen('/meta/connect');
const subscribed = () => until(() => server.seen('/meta/subscribe').length, 'the subscribe');
const message = (data) => ({ channel: '/a', data });
const numbers = (n) => Array.from({ length: n }, (_, i) => i);

describe('websocket', () => {
  test('carries all of a session, and takes what is pushed', async () => {
    init();
    await over('websocket');
    await subscribed();
    server.push(message(1), message(null));
    await until(() => got.length === 2, 'the messages');
    assert.equal((await halley.publish('/b', 2)).successful, true);
    assert.ok(server.requests.every((r) => r.method === 'FRAME'));
    assert.equal(server.sockets.length, 1);
    assert.match(server.sockets[0].url, /^ws:/);
    assert.equal(connects().at(-1).connectionType, 'websocket');
  });

  test('delivers what comes in one frame with replies', async () => {
    server.script.publish = () => [message('own copy'), {}];
    init();
    await over('websocket');
    await halley.publish('/a', 1);
    assert.deepEqual(got, ['own copy']);
  });

  test('that breaks off is replaced, by the same session', async () => {
    init();
    await over('websocket');
    await subscribed();
    server.sockets[0].end();
    await over('reconnecting');
    await over('websocket');
    await until(() => server.sockets.length === 1, 'another socket');
    assert.equal(server.sessions, 1);
    server.push(message('still there'));
    await until(() => got.length, 'the message');
  });

  test('that does not answer is given up', async () => {
    server.script['/meta/handshake'] = () => server.welcome({ timeout: 20 });
    init({ networkDelay: 300 });
    await over('websocket');
    await over('reconnecting');
  });

  test('that is refused gives way to an event-stream at once', async () => {
    server.refuse = true;
    init({ backoff: 60000 });
    await over('eventsource');
  });

  test('that worked is tried again before another', async () => {
    init({ backoff: 5 });
    await over('websocket');
    server.refuse = true;
    server.sockets[0].end();
    await until(() => server.seen('/meta/connect').some((m) => m.connectionType === 'eventsource'), 'the next transport');
    assert.equal(server.sessions, 1);
    assert.ok(states.filter((s) => s === 'reconnecting').length >= 3, String(states));
    await over('eventsource');
  });
});

describe('eventsource', () => {
  let now; // on the page's clock: for it a stream lives as long as a test says, and not as long as a busy machine takes

  const stream = async (advice = { interval: 40, timeout: 0 }) => {
    now = 1000;
    window.now = () => now;
    server.script['/meta/connect'] = () => ({ advice: { reconnect: 'retry', ...advice } });
    init({ transports: ['eventsource', 'long-polling'] });
    await over('eventsource');
    await subscribed();
  };

  test('gets events on the stream, and says by connects that it lives', async () => {
    await stream();
    assert.deepEqual(server.requests.filter((r) => r.stream).map((r) => r.stream), ['/bayeux/session1']);
    server.push(message('line\nbreak'));
    await until(() => got.length, 'the message');
    await until(() => connects().length >= 3, 'heartbeats');
    assert.deepEqual(connects().slice(0, 2).map((m) => m.connectionType), ['long-polling', 'eventsource']);
    assert.ok(connects().slice(1).every((m) => m.connectionType === 'eventsource'));
    assert.equal(server.streams.length, 1);
  });

  test('polls until it sees its stream', async () => {
    server.withholds = true;
    init({ transports: ['eventsource', 'long-polling'] });
    await until(() => server.streams.length, 'the request for a stream');
    assert.deepEqual(connects().map((m) => [m.connectionType, m.advice]), [['long-polling', { timeout: 0 }]]);
    server.begin(server.streams[0]);
    await over('eventsource');
    assert.equal(connects().at(-1).connectionType, 'eventsource');
  });

  test('is not asked for when the session has ended meanwhile', async () => {
    server.script['/meta/connect'] = () => server.hold();
    init({ transports: ['eventsource'] });
    await until(() => server.held.length, 'the first connect');
    const done = halley.disconnect();
    server.answer();
    await done;
    await until(() => server.seen('/meta/disconnect').length, 'the goodbye');
    assert.equal(server.streams.length, 0);
    assert.deepEqual(server.requests.filter((r) => r.stream), []);
  });

  test('that broke off is not taken for seen any more', async () => {
    await stream({ interval: 100000, timeout: 0 });
    const before = connects().length;
    server.streams[0].end();
    await until(() => server.streams.length === 2, 'the next stream');
    assert.equal(connects()[before].connectionType, 'long-polling');
  });

  test('opens a stream for each session', async () => {
    await stream();
    server.script['/meta/connect'] = (m) => (m.clientId === 'session1'
      ? { successful: false, error: '402::session_unknown', advice: { reconnect: 'handshake' } }
      : { advice: { interval: 1000, timeout: 0 } });
    await until(() => server.streams.length === 2, 'the second stream');
    assert.equal(server.requests.filter((r) => r.stream).at(-1).stream, '/bayeux/session2');
  });

  test('that ends soon is opened again with a pause', async () => {
    await stream({ interval: 100000, timeout: 0 });
    server.streams[0].end();
    await over('reconnecting');
    await over('eventsource');
    assert.equal(server.streams.length, 2);
    assert.equal(server.sessions, 1);
  });

  test('that has lived is opened again at once, but not after goodbye', async () => {
    await stream({ interval: 100000, timeout: 0 });
    now += 1050;
    server.streams[0].end();
    await until(() => server.streams.length === 2, 'the next stream');
    assert.deepEqual(states, ['connecting', 'eventsource']);
    server.push(message(1));
    await until(() => got.length, 'the message');
    now += 1050;
    server.script['/meta/disconnect'] = () => { server.streams[1].end(); return pause(20).then(() => ({})); };
    await halley.disconnect();
    await pause(40);
    assert.equal(server.streams.length, 2);
  });

  test('that is refused gives way, the session stays', async () => {
    server.streamStatus = 404;
    init({ transports: ['eventsource', 'long-polling'], backoff: 60000 });
    await over('long-polling');
    assert.equal(server.sessions, 1);
  });
});

describe('xhr-streaming', () => {
  const stream = async () => {
    init({ transports: ['xhr-streaming', 'long-polling'] });
    await over('xhr-streaming');
    await subscribed();
  };

  test('reads lines however they are cut, and asks no more while its stream is open', async () => {
    await stream();
    const text = Buffer.from(JSON.stringify([message('ü☄')]) + '\n\n' + JSON.stringify([message(2)]) + '\n');
    for (const byte of text) {
      server.streams[0].write(Buffer.of(byte));
      await pause(1);
    }
    await until(() => got.length === 2, 'the messages');
    assert.deepEqual(got, ['ü☄', 2]);
    assert.equal(connects().length, 1);
  });

  test('keeps the order of lines that come with the first', async () => {
    await stream();
    server.more = [message(2), message(3)];
    server.script['/meta/connect'] = () => [message(1), {}];
    server.streams[0].end();
    await until(() => got.length === 3, 'the messages');
    assert.deepEqual(got, [1, 2, 3]);
  });

  test('opens the next stream when one rolls over', async () => {
    await stream();
    server.push(message(1));
    server.streams[0].end();
    await until(() => server.streams.length === 2, 'the next stream');
    server.push(message(2));
    await until(() => got.length === 2, 'the messages');
    assert.deepEqual(states, ['connecting', 'xhr-streaming']);
    assert.equal(server.sessions, 1);
  });

  test('obeys advice that comes on the stream', async () => {
    await stream();
    server.push({ channel: '/meta/connect', successful: true, advice: { reconnect: 'none' } });
    await over('closed');
  });

  test('that is cut off is a failure', async () => {
    await stream();
    server.streams[0].destroy();
    await over('reconnecting');
    await over('xhr-streaming');
  });

  test('whose first line does not come through gives way', async () => {
    await setUp((url, options) => (/xhr-streaming/.test(options.body) && /connect"/.test(options.body)
      ? new Promise((_, reject) => { options.signal.onabort = () => reject(new Error('cut')); }) : fetch(url, options)));
    init({ transports: ['xhr-streaming', 'long-polling'], networkDelay: 300 });
    await over('long-polling');
  });

  test('whose first line does not come, though its beats do, gives way', async () => {
    server.beats = true;
    init({ transports: ['xhr-streaming', 'long-polling'], networkDelay: 300 });
    await over('long-polling');
  });
});

describe('polling', () => {
  test('asks for no hold, at an interval that grows while nothing happens', async () => {
    server.script['/meta/connect'] = ({ advice }) => ({ advice: { reconnect: 'retry', interval: advice.interval, timeout: 2000 } });
    init({ transports: ['polling'], pollInterval: 10, maxPollInterval: 60 });
    await until(() => connects().length >= 7, 'polls');
    assert.ok(connects().every((m) => m.connectionType === 'long-polling' && m.advice.timeout === 0));
    assert.deepEqual(connects().slice(0, 7).map((m) => m.advice.interval), [10, 15, 23, 34, 51, 60, 60]);
  });

  test('is quick again when messages come, and when somebody is at the page', async () => {
    const calm = 1e6; // ms that the thirteenth poll would wait for
    server.script['/meta/connect'] = ({ advice }) => [
      ...(connects().length === 4 ? [message(1)] : []),
      { advice: { interval: connects().length < 12 ? advice.interval : calm, timeout: 2000 } },
    ];
    init({ transports: ['polling'], pollInterval: 10, maxPollInterval: 100000 });
    await until(() => connects().length === 5, 'five polls');
    assert.equal(connects()[4].advice.interval, 10);
    await until(() => connects().length === 12, 'twelve polls');
    const count = connects().length;
    const before = connects().at(-1).advice.interval;
    await until(() => {
      window.fire('keydown'); // does nothing within a pollInterval of the last answer
      return connects().length > count;
    }, 'a poll');
    assert.ok(connects()[count].advice.interval < before / 4);
  });
});

describe('moves', () => {
  test('go through every transport with one session, and lose nothing', async () => {
    init({ transports: ['long-polling', 'websocket', 'eventsource', 'xhr-streaming', 'callback-polling'] });
    await over('long-polling');
    await subscribed();
    for (const name of ['websocket', 'eventsource', 'xhr-streaming', 'callback-polling', 'polling', 'long-polling']) {
      await halley.use(name);
      assert.equal(halley.transport, name);
      assert.equal(connects().at(-1).clientId, 'session1');
    }
    assert.equal(server.sessions, 1);
    assert.equal(server.seen('/meta/subscribe').length, 1);
    assert.ok(!states.includes('reconnecting'), String(states));
  });

  test('leave the old connection open until the new one has taken over, and hear what comes by it', async () => {
    init({ transports: ['long-polling', 'websocket'] });
    await over('long-polling');
    await subscribed();
    await until(() => server.held.length, 'a held connect');
    const [held] = server.held.splice(0);
    const moved = halley.use('websocket');
    await until(() => server.sockets.length, 'the socket');
    held([message('by the old one'), {}]);
    await moved;
    server.push(message('by the new one'));
    await until(() => got.length === 2, 'both messages');
    assert.equal(connects().filter((m) => m.connectionType === 'long-polling').length, 2);
  });

  for (const [from, sendsLast] of Object.entries({
    'long-polling': (stream, held, data) => held([message(data), {}]),
    'xhr-streaming': (stream, held, data) => stream.end(JSON.stringify([message(data)]) + '\n'),
    'eventsource': (stream, held, data) => stream.end(`data: ${JSON.stringify([message(data)])}\n\n`),
  })) {
    test(`hand on what the new one brings after what is on its way by the old one: ${from}`, async () => {
      init({ transports: [from] });
      await over(from);
      await subscribed();
      await until(() => server.held.length || from !== 'long-polling', 'a held connect');
      const [held] = server.held.splice(0);
      const stream = server.streams.at(-1);
      await halley.use('websocket');
      server.sockets.at(-1).onmessage({ data: JSON.stringify([message(2)]) });
      await pause(20);
      assert.deepEqual(got, []);
      sendsLast(stream, held, 1);
      await until(() => got.length === 2, 'both');
      assert.deepEqual(got, [1, 2]);
    });
  }

  test('off a stream leave subscriptions with a place in the history as they were: nothing is asked for again', async () => {
    halley.subscribe('/kept', (data) => got.push(data), { since: -2 });
    init({ transports: ['xhr-streaming'] });
    await over('xhr-streaming');
    await until(() => halley.granted.has('/kept'), 'the subscription');
    await halley.use('websocket');
    server.streams.at(-1).end();
    await until(() => !server.streams.some((stream) => !stream.writableFinished), 'the end of the stream');
    server.sockets.at(-1).onmessage({ data: JSON.stringify([{ channel: '/kept', data: 7, replayId: 5 }]) });
    await until(() => got.length, 'the message');
  });

  test('do not wait for ever for what never comes', async () => {
    for (const from of ['long-polling', 'eventsource']) {
      await setUp();
      init({ transports: [from] });
      await over(from);
      await subscribed();
      await halley.use(from === 'eventsource' ? 'long-polling' : 'websocket'); // neither the poll is answered nor does the stream end
      if (from === 'eventsource') {
        await until(() => server.held.length, 'a held connect');
        server.held.pop()([message('all the same'), {}]);
      } else {
        server.sockets.at(-1).onmessage({ data: JSON.stringify([message('all the same')]) });
      }
      await until(() => got.length, 'the message');
    }
  });

  test('that fail leave all as it was', async () => {
    init({ transports: ['long-polling'] });
    await over('long-polling');
    server.refuse = true;
    await assert.rejects(halley.use('websocket'), /closed/);
    await until(() => server.held.length === 2, 'another held connect');
    server.held.pop()([message('goes on'), {}]);
    await until(() => got.length, 'the message');
    assert.equal(halley.transport, 'long-polling');
    await assert.rejects(halley.use('telepathy'), /no transport/);
  });

  test('that are overtaken by another bring what they got', async () => {
    init({ transports: ['long-polling'] });
    await over('long-polling');
    await subscribed();
    const { '/meta/connect': connect } = server.script;
    server.script['/meta/connect'] = (m) => (m.connectionType === 'websocket' ? server.hold() : connect(m));
    const first = halley.use('websocket');
    await until(() => connects().some((m) => m.connectionType === 'websocket'), 'its connect');
    const [socket] = server.sockets;
    const second = halley.use('xhr-streaming');
    socket.onmessage({ data: JSON.stringify([message('by the first')]) });
    await second;
    server.held.forEach((answer) => answer({}));
    await assert.rejects(first, /closed/);
    await until(() => got.length, 'the message');
    assert.deepEqual(got, ['by the first']);
    assert.equal(halley.transport, 'xhr-streaming');
  });

  test('are possible while there is no connection', async () => {
    server.status = 503;
    init({ transports: ['long-polling'], backoff: 60000, maxBackoff: 60000 });
    await over('reconnecting');
    await halley.use('websocket');
    await over('websocket');
  });
});

describe('a network or page that comes back', () => {
  test('gets a new connection, for the old one may be dead', async () => {
    init();
    await over('websocket');
    const [old] = server.sockets;
    window.fire('online');
    await until(() => server.sockets.some((socket) => socket !== old), 'a new socket');
    assert.equal(server.sessions, 1);
    assert.deepEqual(states, ['connecting', 'websocket']);
  });

  test('keeps a connection that was heard of', async () => {
    init();
    await over('websocket');
    window.fire('visibilitychange');
    await pause(20);
    assert.equal(server.sockets.length, 1);
    assert.equal(connects().length, 2);
  });
});

describe('hosts that the server names', () => {
  const named = (hosts) => { server.script['/meta/handshake'] = () => server.welcome({ hosts }); };

  test('hold the connection, while what the page says goes to its own', async () => {
    const port = new URL(server.url).port;
    const asked = [];
    await setUp((url, options) => { asked.push([new URL(url).hostname, /meta.connect/.test(decodeURIComponent(options.body))]); return fetch(url, options); });
    named([`localhost:${port}`]);
    init({ transports: ['long-polling'] });
    await over('long-polling');
    await halley.publish('/b', 1);
    assert.ok(asked.length >= 4);
    for (const [host, connect] of asked) assert.equal(host, connect ? 'localhost' : '127.0.0.1');
  });

  test('that cannot be reached are passed over at once', async () => {
    named(['localhost:1', 'localhost:2']);
    init({ transports: ['long-polling'], backoff: 60000, maxBackoff: 60000 });
    await over('long-polling');
    assert.equal(server.sessions, 1);
  });
});

test('the choice falls on what the browser has, in order', async () => {
  await setUp();
  window.WebSocket = window.EventSource = undefined;
  init();
  await over('xhr-streaming');
  assert.deepEqual(server.seen('/meta/handshake')[0].supportedConnectionTypes, ['xhr-streaming', 'long-polling']);
});

test('all that fail are tried in turn, then with growing pauses', async () => {
  server.refuse = true;
  server.status = 503;
  init();
  await until(() => states.filter((s) => s === 'reconnecting').length >= 8, 'failures');
  server.status = 0;
  await until(() => states.at(-1) !== 'reconnecting', 'a connection');
});

test('callback-polling holds nothing before the page is loaded', async () => {
  window.document.readyState = 'interactive';
  init({ transports: ['callback-polling'] });
  await subscribed();
  assert.equal(connects().length, 0);
  window.fire('load');
  await over('callback-polling');
});

test('is told what the server dropped', async () => {
  const dropped = [];
  init({ onDropped: (counts) => dropped.push({ ...counts }) });
  await over('websocket');
  server.push({ channel: '/meta/connect', successful: true, ext: { dropped: { '/a': 3 } } });
  await until(() => dropped.length, 'the counts');
  assert.deepEqual(dropped, [{ '/a': 3 }]);
});

test('hears a burst whole and in order by each of the pushing transports', async () => {
  for (const name of ['websocket', 'xhr-streaming']) {
    init({ transports: [name] });
    await over(name);
    await until(() => server.seen('/meta/subscribe').length, 'the subscribe');
    got.length = 0;
    numbers(200).forEach((n) => server.push(message(n)));
    await until(() => got.length === 200, 'the burst by ' + name);
    assert.deepEqual(got, numbers(200));
    server.sockets = [];
  }
});
