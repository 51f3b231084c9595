// Behind haproxy: what becomes of a poll whose page is closed.
import { after, it } from 'node:test';
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { freePort, host, Server, until } from './server.mjs';
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

// It says whose a connection is by a header of its own, and so does its health check, which is nobody's but its own.
for (const version of ['send-proxy', 'send-proxy-v2']) {
  it(`a client behind ${version} is known by its own address`, async () => {
    const port = await freePort();
    const behind = new Server(port, await freePort(), ['--proxy-protocol', `${host}:${port}`, '--trusted-proxy', '127.0.0.1',
      '--handshake-rate', '1']);
    await behind.run();
    const proxy = await Haproxy.start(behind, 120, version);
    try {
      // The client of this test comes from another address than the one that is trusted.
      const handshake = () => new Promise((resolve, reject) => {
        const asked = request(proxy.url, { method: 'POST', localAddress: '127.0.0.77' }, (response) => {
          response.resume().once('end', () => resolve(response.statusCode));
        });
        asked.once('error', reject);
        asked.end(JSON.stringify({ channel: '/meta/handshake', version: '1.0' }));
      });
      assert.equal(await handshake(), 200);
      // Together they come faster than one a second, however slow the machine is.
      const many = () => Promise.all(Array.from({ length: 20 }, handshake));
      await until(async () => (await many()).includes(429), 'a handshake to be refused');
      await until(() => behind.log.includes('127.0.0.77'), 'the log to name the client');
      await assert.rejects(fetch(behind.url), 'a client that sends no header');
    } finally {
      await proxy.stop();
      await behind.stop();
    }
  });
}
