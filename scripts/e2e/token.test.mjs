// Tokens that expire within seconds, under a feed: clients that come back with another, and clients that renew theirs in time.
import { after, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, pause, until } from './server.mjs';
import { launch, openInPage } from './browser.mjs';
import { openCometd, openCometdSocket, openFaye, openFayeSocket } from './libraries.mjs';

const LASTS = 2; // seconds of a token
const WHILE = 7; // seconds of a test
const SECRET = 'a secret that is long enough for it';
const folder = await mkdtemp(join(tmpdir(), 'halley-tokens-'));
const secret = join(folder, 'secret');
await writeFile(secret, SECRET);
const { context, close } = await launch();

after(async () => {
  await close();
  await rm(folder, { recursive: true });
});

/** A token as a back-end in Node makes it. */
function token() {
  const exp = Date.now() / 1000 + LASTS;
  const claims = { sub: 'ann', exp, halley: { subscribe: ['/user/{sub}/**'], publish: ['/user/{sub}/said', '/e2e/sync'] } };
  const text = [{ alg: 'HS256' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return text + '.' + createHmac('sha256', SECRET).update(text).digest('base64url');
}

const start = () => Server.start('--token-keys', secret, '--token-leeway', '0s');

async function figure(server, name) {
  const page = await (await fetch(server.internal + '/metrics')).text();
  return Number(new RegExp(`^halley_${name} (.*)$`, 'm').exec(page)[1]);
}

/** Feeds a channel for a while, and gives the longest time without a message of it, in ms. */
async function fed(server, client) {
  let longest = 0;
  let last = Date.now();
  let had = 0;
  const end = last + WHILE * 1000;
  for (let n = 0; Date.now() < end; n++) {
    await server.publish('/user/ann/feed', n);
    await pause(20);
    const { length } = await client.inbox;
    const now = Date.now();
    if (length > had) last = now;
    longest = Math.max(longest, now - last);
    had = length;
  }
  return { longest, had };
}

const bring = (message) => {
  if (message.channel === '/meta/handshake') message.ext = { ...message.ext, auth: { token: token() } };
  return message;
};

const comesBack = {
  'cometd, long-polling': [openCometd, ({ cometd }) => cometd.registerExtension('auth', { outgoing: bring })],
  'cometd, websocket': [openCometdSocket, ({ cometd }) => cometd.registerExtension('auth', { outgoing: bring })],
  'faye, long-polling': [openFaye, ({ faye }) => faye.addExtension({ outgoing: (message, pass) => pass(bring(message)) })],
  'faye, websocket': [openFayeSocket, ({ faye }) => faye.addExtension({ outgoing: (message, pass) => pass(bring(message)) })],
};

describe('tokens that expire', { concurrency: true }, () => {
  for (const [name, [open, extend]] of Object.entries(comesBack)) {
    it(`${name} comes back with another when the session ends, and is refused what no token names`, async () => {
      const server = await start();
      const client = open(server);
      extend(client);
      await client.open();
      await client.subscribe('/user/ann/*');
      const { longest, had } = await fed(server, client);
      assert.ok(had > 100 && longest < 3000, `${had} messages, ${longest} ms without one`);
      assert.ok(await figure(server, 'sessions_lapsed_total') >= 2);
      await assert.rejects(client.subscribe('/user/bob/*'), /token_channel/);
      await client.close();
      await server.stop();
    });
  }

  it('cometd keeps its session by fresh tokens on /service/auth', async () => {
    const server = await start();
    const client = openCometd(server);
    client.cometd.registerExtension('auth', { outgoing: bring });
    await client.open();
    const id = client.id();
    await client.subscribe('/user/ann/*');
    let renewed;
    const timer = setInterval(() => { renewed = client.publish('/service/auth', { token: token() }); }, 1000);
    const { longest, had } = await fed(server, client);
    clearInterval(timer);
    await renewed;
    assert.ok(had > 100 && longest < 2000, `${had} messages, ${longest} ms without one`);
    assert.deepEqual([client.id(), await figure(server, 'sessions_lapsed_total')], [id, 0]);
    await client.close();
    await server.stop();
  });

  it('nobody gets through without one', async () => {
    const server = await start();
    const client = openFaye(server);
    await client.open();
    await assert.rejects(client.subscribe('/user/ann/*'), /token_missing/);
    await client.close();
    await server.stop();
  });
});

describe('tokens that are renewed', () => {
  for (const type of ['websocket', 'eventsource', 'long-polling']) {
    it(`halley.js in Chromium, ${type}, renews its token and keeps its session`, async () => {
      const server = await start();
      const client = await openInPage(context, { library: 'halley', type, url: server.url, origin: server.origin });
      await client.page.bringToFront(); // timers of pages in the background come late
      await client.page.exposeFunction('freshToken', token);
      await client.page.evaluate(() => { window.client.options.token = () => window.freshToken(); });
      await client.open();
      const id = await client.id();
      await client.subscribe('/user/ann/*');
      const { longest, had } = await fed(server, client);
      assert.ok(had > 100 && longest < 2000, `${had} messages, ${longest} ms without one`);
      assert.deepEqual([await client.id(), await figure(server, 'sessions_lapsed_total')], [id, 0]);
      assert.ok(await figure(server, 'tokens_refreshed_total') >= 3);
      await client.close();
      await client.dispose();
      await server.stop();
    });
  }
});
