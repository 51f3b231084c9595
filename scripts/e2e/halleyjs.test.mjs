// halley.js in a real browser: every transport from its own origin and from another, fallback, moves, hosts and tabs.
import { after, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, host, pause, until } from './server.mjs';
import { Cutter } from './cutter.mjs';
import { story } from './story.mjs';
import { launch, openInPage, otherOrigin } from './browser.mjs';
import { openFaye } from './libraries.mjs';

const ALL = ['websocket', 'eventsource', 'xhr-streaming', 'long-polling', 'callback-polling', 'polling'];
const { context, close } = await launch();
const elsewhere = await otherOrigin();
const admitted = ['--allow-origin', elsewhere.origin];

after(async () => {
  await close();
  elsewhere.close();
});

function tell(where, type, flags = []) {
  story(`halley.js, ${type}, ${where} origin`, {
    type,
    flags,
    open: (server) => openInPage(context, {
      library: 'halley', type, url: server.url, origin: where === 'same' ? server.origin : elsewhere.origin,
    }),
    openPeer: openFaye,
  });
}

for (const type of ALL) tell('same', type);
for (const type of ALL) tell('another', type, admitted);

/**
 * Runs a test with a server and a page of it, or of another origin; `transports` may be left to halley.js.
 * With `cuts` the page reaches its server by a Cutter.
 */
async function withPage({ flags = [], origin, transports, cuts, ...options }, test) {
  const server = await Server.start(...flags);
  const cutter = cuts && await Cutter.start(server);
  const front = cutter ?? server;
  const client = await openInPage(context, { library: 'halley', type: '', url: front.url, origin: origin ?? front.origin });
  await client.page.evaluate(([names, further]) => {
    Object.assign(window.client.options, further, { transports: names });
    if (!names) delete window.client.options.transports;
  }, [transports, options]);
  try {
    await test(client, server, cutter);
    await client.close();
    await client.dispose();
  } finally {
    cutter?.close();
    await server.stop('SIGKILL');
  }
}

/** The numbers that came on a channel, in order. */
const numbers = async (client, channel) => (await client.inbox).filter(([from]) => from === channel).map(([, n]) => n);
/** Waits until so many more have come of the feed. */
async function more(client, count) {
  const before = (await numbers(client, '/feed')).length;
  await until(async () => (await numbers(client, '/feed')).length >= before + count, `${count} more of the feed`);
}
const upTo = (n) => Array.from({ length: n }, (_, i) => i);

describe('the choice of a transport', () => {
  it('is websocket', () => withPage({}, async (client) => {
    await client.open();
    assert.equal(await client.type(), 'websocket');
  }));

  it('ends with callback-polling where nothing else gets through', () => withPage({ origin: elsewhere.origin, flags: admitted }, async (client) => {
    await client.page.evaluate(() => {
      const deaf = class { constructor() { setTimeout(() => this.onerror()); } close() {} };
      Object.assign(window, { WebSocket: deaf, EventSource: deaf, fetch: () => Promise.reject(new TypeError('no network')) });
    });
    await client.open();
    assert.equal(await client.type(), 'callback-polling');
  }));

  it('is without success where the origin is not admitted, and says so', () => withPage({ origin: elsewhere.origin }, async (client) => {
    await client.page.evaluate(() => {
      window.told = [];
      window.client.halley.on('status', (status, { error }) => window.told.push([status, error?.message]));
    });
    client.open().catch(() => {}); // never
    const failed = () => client.page.evaluate(() => window.told.filter(([status, error]) => status === 'reconnecting' && error).length);
    await until(async () => (await failed()) > 5, 'every transport to fail');
    assert.equal(await client.id(), null);
  }));

  it('passes over what does not get through', () => withPage({}, async (client) => {
    await client.page.evaluate(() => { window.WebSocket = class { constructor() { setTimeout(() => this.onerror()); } close() {} }; });
    await client.open();
    assert.equal(await client.type(), 'eventsource');
  }));
});

it('the module has a client of its own, and leaves that of the window alone', () => withPage({}, async (client) => {
  const kinds = await client.page.evaluate(async () => {
    const {halley} = window;
    const module = await import('/halley.mjs');
    return [module.default instanceof module.Client, module.default.Client === module.Client, typeof module.default.use,
      module.default !== halley, window.halley === halley];
  });
  assert.deepEqual(kinds, [true, true, 'function', true, true]);
  await client.open();
}));

it('moves through all transports under a feed: every message once and in order', () => withPage({ flags: ['--loops', '4'] }, async (client, server) => {
  await client.open();
  await client.subscribe('/feed');
  const id = await client.id();
  let count = 0;
  let moving = true;
  const feed = (async () => {
    for (; moving; await pause(8)) await server.publish('/feed', count++);
  })();
  for (const name of [...ALL.slice(1), 'websocket', 'eventsource', 'long-polling', 'xhr-streaming', 'websocket']) {
    await client.page.evaluate((to) => window.client.halley.use(to), name);
    assert.equal(await client.type(), name);
    await more(client, 10);
  }
  moving = false;
  await feed;
  await until(async () => (await numbers(client, '/feed')).length >= count, 'the feed');
  assert.deepEqual(await numbers(client, '/feed'), upTo(count));
  assert.equal(await client.id(), id);
}));

for (const type of ['websocket', 'eventsource', 'xhr-streaming']) {
  it(`${type}: a long feed comes whole and in order, over streams that roll over`, () => withPage({ transports: [type], flags: ['--stream-bytes', '2KiB'] }, async (client, server) => {
    await client.open();
    await client.subscribe('/feed');
    for (const n of upTo(400)) await server.publish('/feed', n);
    await until(async () => (await numbers(client, '/feed')).length >= 400, 'the feed');
    assert.deepEqual(await numbers(client, '/feed'), upTo(400));
  }));
}

it('a message larger than the server takes is refused before it is sent, and harms nobody', () => withPage({ flags: ['--max-message', '2KiB'] }, async (client, server) => {
  await client.open();
  await client.subscribe('/feed');
  const id = await client.id();
  const sizes = await client.page.evaluate(() => {
    const publish = (n) => window.client.halley.publish('/feed', 'x'.repeat(n)).then(() => n, (error) => error.message);
    return Promise.all([1500, 2100, 1900, 70000, 10].map(publish));
  });
  assert.deepEqual(sizes.map((said) => String(said).replace(/\d{2,} bytes/, 'N bytes')), ['1500', '/feed: too large, N bytes where the server takes 2048', '1900', '/feed: too large, N bytes where the server takes 2048', '10']);
  await until(async () => (await client.inbox).length === 3, 'the others');
  assert.equal(await client.id(), id);
  assert.equal(await client.type(), 'websocket');
}));

describe('a network that comes back', () => {
  it('finds the session, and what was missed', () => withPage({}, async (client, server) => {
    await client.open();
    await client.subscribe('/feed');
    const id = await client.id();
    await context.setOffline(true); // leaves an open websocket as it is, as a dead network does
    await server.publish('/feed', 1);
    await context.setOffline(false);
    await server.publish('/feed', 2);
    await until(async () => (await numbers(client, '/feed')).length === 2, 'both messages');
    assert.equal(await client.id(), id);
  }));
});

describe('with a history', () => {
  for (const type of ALL.slice(0, 5)) {
    it(`${type}: every message comes once and in order, over crashes and restarts`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'halley-history-'));
      const flags = ['--rule', '/feed/* history=10000', '--history-file', join(folder, 'history')];
      let count = 0;
      const wanted = [];
      try {
        await withPage({ transports: [type], flags }, async (client, server) => {
          const feed = async (n) => {
            for (; n > 0; n--) {
              wanted.push([`/feed/${count % 3}`, count]);
              await server.publish(...wanted.at(-1));
              count++;
            }
          };
          await client.open();
          await feed(5);
          await client.subscribe('/feed/*', { since: -2 });
          for (const signal of ['SIGKILL', 'SIGTERM']) {
            await feed(60);
            await server.restart(signal); // with what is on its way
            await feed(20);
          }
          await until(async () => (await client.inbox).length >= count, 'all messages');
          await pause(100);
          assert.deepEqual(await client.inbox, wanted);
        });
      } finally {
        await rm(folder, { recursive: true });
      }
    });

    it(`${type}: what is lost with a connection comes again`, () => losses([type], { since: -2 }, ['--rule', '/feed history=1000']));
  }
});

/** Publishes, cuts off the answers that bring some of it, and expects all of it. */
function losses(transports, subscribe, flags, options) {
  return withPage({ transports, flags, cuts: true, ...options }, async (client, server, cutter) => {
    await client.open();
    await client.subscribe('/feed', subscribe);
    for (const n of upTo(9)) {
      if (n % 3 === 1) cutter.cutNext(`"data":${n}`, options?.ack);
      await server.publish('/feed', n);
      await until(async () => (await numbers(client, '/feed')).length > n, `message ${n}`);
    }
    await pause(100);
    assert.deepEqual(await numbers(client, '/feed'), upTo(9));
    assert.equal(cutter.cuts, 3);
  });
}

describe('with acknowledgements', () => {
  for (const type of ['websocket', 'long-polling', 'callback-polling']) {
    it(`${type}: what is lost with a reply comes again`, () => losses([type], {}, [], { ack: true }));
  }

  it('every message comes once and in order while the session moves', () => withPage({ ack: true, flags: ['--loops', '4'] }, async (client, server) => {
    await client.open();
    await client.subscribe('/feed');
    let count = 0;
    let moving = true;
    const feed = (async () => {
      for (; moving; await pause(8)) await server.publish('/feed', count++);
    })();
    for (const name of ['long-polling', 'websocket', 'callback-polling', 'polling', 'websocket', 'long-polling']) {
      await client.page.evaluate((to) => window.client.halley.use(to), name);
      await more(client, 10);
    }
    moving = false;
    await feed;
    await until(async () => (await numbers(client, '/feed')).length >= count, 'the feed');
    assert.deepEqual(await numbers(client, '/feed'), upTo(count));
  }));
});

describe('an interval', () => {
  for (const type of ['websocket', 'long-polling']) {
    it(`${type}: brings the newest now and then, the last one always, and changes while it runs`, () => withPage({ transports: [type] }, async (client, server) => {
      /** Publishes numbers, and gives those that came and how many an interval allows meanwhile, however long that was. */
      const feed = async (from, to, interval) => {
        const [before, begin] = [(await numbers(client, '/feed')).length, Date.now()];
        for (let n = from; n < to; n++) await server.publish('/feed', n);
        await until(async () => (await numbers(client, '/feed')).at(-1) === to - 1, 'the last one');
        return [(await numbers(client, '/feed')).slice(before), (Date.now() - begin) / interval + 2];
      };
      await client.open();
      await client.subscribe('/feed', { interval: 200 });
      const [some, most] = await feed(0, 300, 200);
      assert.ok(some.length <= most, `more than ${most}: ${some}`);
      assert.deepEqual(some, [...some].sort((a, b) => a - b));
      await client.pace('/feed', 0);
      let next = 300;
      // Of two at once the first may be left out until the pause after the last one is over.
      await until(async () => (await feed(next, next += 2))[0].length === 2, 'the pause to end');
      const [all] = await feed(next, next + 40);
      assert.deepEqual(all, upTo(next + 40).slice(next));
      await client.pace('/feed', 500);
      const [few, limit] = await feed(next + 40, next + 200, 500);
      assert.ok(few.length <= limit, `more than ${limit}: ${few}`);
    }));
  }
});

describe('a host of its own for held connections', () => {
  const asked = [];
  const second = host.replace(/1$/, '2'); // another address of the same server
  for (const type of ['long-polling', 'eventsource', 'xhr-streaming']) {
    it(`is used by ${type}, and only for what is held`, async () => {
      const server = await Server.start();
      await server.stop();
      const holder = `${second}:${new URL(server.origin).port}`;
      server.arguments.push('--listen', holder, '--advertise-host', holder, '--allow-origin', server.origin);
      await server.run();
      try {
        const client = await openInPage(context, { library: 'halley', type, url: server.url, origin: server.origin });
        client.page.on('request', (request) => asked.push([new URL(request.url()).hostname, decodeURIComponent(request.postData() ?? 'stream')]));
        await client.open();
        await client.subscribe('/feed');
        await server.publish('/feed', 1);
        await until(async () => (await numbers(client, '/feed')).length === 1, 'the message');
        const held = asked.filter(([, body]) => /^stream|meta\/connect/.test(body));
        assert.ok(held.length > 0 && held.every(([name]) => name === second), JSON.stringify(asked));
        const said = asked.filter((entry) => !held.includes(entry));
        assert.ok(said.length > 0 && said.every(([name]) => name === host), JSON.stringify(asked));
        await client.close();
        await client.dispose();
      } finally {
        asked.length = 0;
        await server.stop('SIGKILL');
      }
    });
  }

  it('is given up where it does not let the page in', async () => {
    const server = await Server.start('--advertise-host', 'localhost:1');
    try {
      const client = await openInPage(context, { library: 'halley', type: 'long-polling', url: server.url, origin: server.origin });
      await client.open();
      await client.subscribe('/feed');
      await server.publish('/feed', 1);
      await until(async () => (await numbers(client, '/feed')).length === 1, 'the message');
      await client.close();
      await client.dispose();
    } finally {
      await server.stop('SIGKILL');
    }
  });
});

describe('tabs of one browser', () => {
  /** Opens tabs that use one transport, and tells how long a message takes to reach each. */
  async function tabs(server, count, transports) {
    const all = [];
    for (let i = 0; i < count; i++) {
      const client = await openInPage(context, { library: 'halley', type: transports[0], url: server.url, origin: server.origin });
      await client.open();
      await client.subscribe('/all');
      all.push(client);
    }
    await pause(500);
    await server.publish('/all', 'to each');
    await Promise.all(all.map((client) => until(async () => (await client.inbox).length, 'the message')));
    for (const client of all) assert.deepEqual(await client.inbox, [['/all', 'to each']]);
    return all;
  }

  const stats = async (server) => (await (await fetch(server.internal + '/metrics')).text());
  const gauge = (text, name) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)[1]);

  it('all hear by long-polling, though no more than four polls are held', async () => {
    const server = await Server.start('--polls-per-browser', '4');
    try {
      const all = await tabs(server, 8, ['long-polling']);
      assert.ok(gauge(await stats(server), 'halley_held_polls') <= 4);
      for (const client of all) await client.dispose();
    } finally {
      await server.stop('SIGKILL');
    }
  });

  it('are all live by websocket', async () => {
    const server = await Server.start();
    try {
      const all = await tabs(server, 10, ['websocket']);
      await until(async () => gauge(await stats(server), 'halley_held_polls') === 10, 'ten connects to be held');
      for (const client of all) await client.dispose();
    } finally {
      await server.stop('SIGKILL');
    }
  });
});
