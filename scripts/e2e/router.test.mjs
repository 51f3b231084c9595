// halley passes messages on to Faye's server and from it, over another halley.
import { it } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import faye from 'faye';
import { Server, host, until } from './server.mjs';

const numbers = (count) => Array.from({ length: count }, (_, n) => n);

/** A client of Faye's that keeps the numbers it gets. */
async function subscriber(url, channel) {
  const client = new faye.Client(url);
  const got = [];
  await client.subscribe(channel, (data) => got.push(data.n));
  return { client, got };
}

it('a chain of halley, halley and Faye brings 1,000 messages each way, in order and once', async () => {
  const far = http.createServer();
  new faye.NodeAdapter({ mount: '/bayeux', timeout: 20 }).attach(far);
  await new Promise((resolve) => far.listen(0, host, resolve));
  const up = `http://${host}:${far.address().port}/bayeux`;
  const middle = await Server.start('--upstream', up, '--route', '/stock/** both');
  const near = await Server.start('--upstream', middle.url, '--route', '/stock/** both');
  const top = await subscriber(up, '/stock/up');
  const bottom = await subscriber(near.url, '/stock/down');
  const metric = async (server, line) => (await (await fetch(server.internal + '/metrics')).text()).includes(line);
  await until(() => metric(near, `halley_upstream_connected{upstream="${middle.url}"} 1`), 'the first upstream');
  await until(() => metric(middle, `halley_upstream_subscriptions{upstream="${up}"} 1`), 'the subscription at Faye');
  const publish = async (client, channel) => {
    for (const n of numbers(1000)) await client.publish(channel, { n });
  };
  await Promise.all([publish(bottom.client, '/stock/up'), publish(top.client, '/stock/down')]);
  await until(() => top.got.length >= 1000 && bottom.got.length >= 1000, 'all messages').catch(() => {});
  assert.deepEqual(top.got, numbers(1000));
  assert.deepEqual(bottom.got, numbers(1000));
  for (const { client } of [top, bottom]) await client.disconnect();
  await near.stop();
  await middle.stop();
  far.closeAllConnections();
  await new Promise((resolve) => far.close(resolve));
});
