// jsforce's streaming client against --profile salesforce: only the URL and the token are ours.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jsforce from 'jsforce';
import { StreamingExtension } from 'jsforce/lib/api/streaming.js';
import { Server, pause, until } from './server.mjs';

const CHANNEL = '/event/Order__e';

const connect = (server, version) => new jsforce.Connection({ instanceUrl: server.origin, accessToken: '00Dx0!token', version });

/** Subscribes as a program for Salesforce does; heard lists the payloads' numbers, events what came beside them. */
function consumer(server, replayId) {
  const self = { heard: [], events: [], failures: [], types: new Set() };
  self.client = connect(server, '64.0').streaming.createClient([
    new StreamingExtension.AuthFailure((message) => self.failures.push(message)),
    new StreamingExtension.Replay(CHANNEL, replayId),
    { outgoing(message, send) { self.types.add(message.connectionType); send(message); } },
  ]);
  const subscription = self.client.subscribe(CHANNEL, (data) => {
    self.heard.push(data.payload.n);
    self.events.push(data.event);
  });
  // Faye's then() is a promise's only with both functions.
  self.subscribed = new Promise((resolve, reject) => subscription.then(resolve, reject));
  return self;
}

const numbers = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);

describe('jsforce', () => {
  let server, folder, sent = 0;
  const clients = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halley-'));
    server = await Server.start('--profile', 'salesforce', '--loops', '2',
      '--rule', '/event/** history=1000', '--history-file', join(folder, 'history'));
  });
  after(async () => {
    await Promise.allSettled(clients.map(({ client }) => client.disconnect())); // some are away already
    await server?.stop('SIGKILL');
    await rm(folder, { recursive: true });
  });

  const open = async (...args) => {
    const one = consumer(server, ...args);
    clients.push(one);
    await one.subscribed;
    return one;
  };
  const publish = async (count) => {
    for (let i = 0; i < count; i++) await server.publish(CHANNEL, { schema: 'x', payload: { n: sent++ } });
  };
  const has = async (one, wanted) => {
    await until(() => one.heard.length >= wanted.length, `${wanted.length} events, has ${one.heard.length}`);
    await pause(60);
    assert.deepEqual(one.heard, wanted);
  };

  let tip, earliest;

  it('hears what is published from now on with -1', async () => {
    await publish(3);
    tip = await open(-1);
    await publish(2);
    await has(tip, [3, 4]);
  });

  it('hears all that is kept with -2, and then what is live', async () => {
    earliest = await open(-2);
    await publish(2);
    await has(earliest, [0, 1, 2, 3, 4, 5, 6]);
    for (const [i, event] of earliest.events.entries()) {
      const before = earliest.events[i - 1]?.replayId ?? 0;
      assert.ok(Number.isInteger(event.replayId) && event.replayId > before, `replayId ${event.replayId}`);
      assert.ok(Math.abs(Date.parse(event.createdDate) - Date.now()) < 60000, `createdDate ${event.createdDate}`);
    }
  });

  it('hears what followed an id', async () => {
    const later = await open(earliest.events[3].replayId);
    await has(later, [4, 5, 6]);
  });

  it('is told of an id that stands for nothing', async () => {
    const wrong = consumer(server, 999999);
    clients.push(wrong);
    await assert.rejects(wrong.subscribed, (error) => {
      assert.match(error.message, /^400::The replayId \{999999\} you provided was invalid/); // Faye reads no code from it
      return true;
    });
  });

  it('subscribes by the short way too', async () => {
    const connection = connect(server, '36.0');
    const got = [];
    await connection.streaming.subscribe('/u/notifications', (data) => got.push(data));
    await server.publish('/u/notifications', { payload: 'hello' });
    await until(() => got.length === 1, 'the notification');
    assert.deepEqual(got, [{ payload: 'hello' }]);
    await connection.streaming._getFayeClient('/u/notifications').disconnect();
  });

  it('goes on where it was after a crash of the server, each event once', async () => {
    const before = earliest.events.at(-1).replayId;
    await server.restart('SIGKILL');
    await publish(5);
    await has(earliest, numbers(0, 12));
    assert.ok(earliest.events[7].replayId > before, 'ids go on');
    await has(tip, numbers(3, 12));
    assert.deepEqual(earliest.failures, []);
    assert.deepEqual([...earliest.types], [undefined, 'long-polling']);
  });

  it('is told when it is sent away', async () => {
    const sessions = await server.sessions();
    assert.ok(sessions.length >= 2);
    for (const id of sessions) await fetch(`${server.internal}/sessions/${id}`, { method: 'DELETE' });
    await until(() => earliest.failures.length > 0, 'the failure');
    assert.equal(earliest.failures[0].advice.reconnect, 'none');
  });
});
