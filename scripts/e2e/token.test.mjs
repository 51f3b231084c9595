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

const SOON = 2; // seconds after which a token ends that is not renewed
const LASTS = 24; // seconds of one that is renewed: those that are left then are a busy machine's
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
function token(lasts) {
  const exp = Date.now() / 1000 + lasts;
  const claims = { sub: 'ann', exp, halley: { subscribe: ['/user/{sub}/**'], publish: ['/user/{sub}/said', '/e2e/sync'] } };
  const text = [{ alg: 'HS256' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return text + '.' + createHmac('sha256', SECRET).update(text).digest('base64url');
}

// A client that came back only when its poll has been held to the end would wait in vain.
const start = () => Server.start('--token-keys', secret, '--token-leeway', '0s', '--hold', '5m');

async function figure(server, name) {
  const page = await (await fetch(server.internal + '/metrics')).text();
  return Number(new RegExp(`^halley_${name} (.*)$`, 'm').exec(page)[1]);
}

/** Feeds a channel until done() holds, and gives what was published. */
async function fed(server, done) {
  const all = [];
  do {
    await server.publish('/user/ann/feed', all.length);
    all.push(['/user/ann/feed', all.length]);
    await pause(20);
  } while (!await done());
  return all;
}

const lapsed = (server) => figure(server, 'sessions_lapsed_total');

/** Feeds a client until the first token of its session is past by far, and the server has had so many others: the session is the same, and nothing is lost. */
async function keepsItsSession(server, client, others) {
  const id = await client.id();
  const end = Date.now() + LASTS * 1000;
  const all = await fed(server, async () => Date.now() > end && await figure(server, 'tokens_refreshed_total') >= others);
  await until(async () => (await client.inbox).length >= all.length, 'the feed');
  assert.deepEqual(await client.inbox, all);
  assert.deepEqual([await client.id(), await lapsed(server)], [id, 0]);
}

const bringing = (lasts) => (message) => {
  if (message.channel === '/meta/handshake') message.ext = { ...message.ext, auth: { token: token(lasts) } };
  return message;
};
const bring = bringing(SOON);

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
      // A token may be over before the server sees it, and the session may end at any time, before an answer too.
      await client.open().catch(() => {});
      const refusal = (channel) => client.subscribe(channel).then(() => 'none', (error) => error.message);
      await until(async () => await refusal('/user/ann/*') === 'none', 'the subscription');
      for (const times of [1, 2]) {
        await fed(server, async () => await lapsed(server) >= times);
        const before = client.inbox.length;
        const end = Date.now() + 90000;
        await fed(server, () => client.inbox.length > before || Date.now() > end);
        assert.ok(client.inbox.length > before, 'it does not come back');
      }
      await until(async () => /token_channel/.test(await refusal('/user/bob/*')), 'the refusal');
      await client.close().catch(() => {});
      await server.stop();
    });
  }

  it('cometd keeps its session by fresh tokens on /service/auth', async () => {
    const server = await start();
    const client = openCometd(server);
    client.cometd.registerExtension('auth', { outgoing: bringing(LASTS) });
    await client.open();
    await client.subscribe('/user/ann/*');
    let renewed;
    const timer = setInterval(() => { renewed = client.publish('/service/auth', { token: token(LASTS) }); }, 1000);
    await keepsItsSession(server, client, 3).finally(() => clearInterval(timer));
    await renewed;
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

  for (const type of ['websocket', 'eventsource', 'long-polling']) {
    it(`halley.js in Chromium, ${type}, renews its token and keeps its session`, async () => {
      const server = await start();
      const client = await openInPage(context, { library: 'halley', type, url: server.url, origin: server.origin });
      await client.page.exposeFunction('freshToken', () => token(LASTS));
      await client.page.evaluate(() => {
        window.client.options.token = () => window.freshToken();
        Math.random = () => 0; // renews as soon as it ever does, after 16.8 s: a busy machine may be late
      });
      await client.open();
      await client.subscribe('/user/ann/*');
      await keepsItsSession(server, client, 2);
      await client.close();
      await client.dispose();
      await server.stop();
    });
  }
});
