// Behind haproxy: what becomes of a poll whose page is closed.
import { after, it } from 'node:test';
import assert from 'node:assert/strict';
import { Server, until } from './server.mjs';
import { Haproxy } from './proxy.mjs';

const server = await Server.start('--hold', '60s');
const haproxy = await Haproxy.start(server, 120);
after(async () => {
  await haproxy.stop();
  await server.stop();
});

/** How many polls the server holds. */
async function held() {
  const metrics = await (await fetch(server.internal + '/metrics')).text();
  return Number(metrics.match(/^halley_held_polls (.*)$/m)[1]);
}

it('the poll of a page that is closed ends at once, and not after --hold', async () => {
  const post = (message, signal) => fetch(haproxy.url, { method: 'POST', body: JSON.stringify(message), signal });
  const [{ clientId }] = await (await post({ channel: '/meta/handshake', version: '1.0' })).json();
  const connect = { channel: '/meta/connect', clientId, connectionType: 'long-polling' };
  await (await post(connect)).json();
  const page = new AbortController();
  const poll = post(connect, page.signal);
  await until(async () => await held() === 1, 'the poll to be held');
  page.abort();
  await assert.rejects(poll);
  await until(async () => await held() === 0, 'the poll to end');
});
