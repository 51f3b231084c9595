// What a real browser makes of polls: those that come late, beside an event-stream, and those that another replaces.
import { after, it } from 'node:test';
import assert from 'node:assert/strict';
import { Server, pause, until } from './server.mjs';
import { blankPage, launch, openInPage } from './browser.mjs';

const hold = 120000; // far longer than a busy machine takes
const server = await Server.start('--hold', `${hold}ms`);
const { context, close } = await launch();
after(async () => {
  await close();
  await server.stop();
});

/** The value of one of the server's counters. */
async function counter(name) {
  const text = await (await fetch(server.internal + '/metrics')).text();
  return Number(text.match(new RegExp(`^halley_${name} (\\S+)$`, 'm'))[1]);
}

// Faye's client sends long-polling connects until it sees its stream open. No such connect may make it deaf until its
// next one: it hears the first message while its stream is young, in each of 20 loads of the page.
it('a page that only subscribes over eventsource hears at once', async () => {
  const waits = [];
  for (let load = 0; load < 20; load++) {
    const client = await openInPage(context, { library: 'faye', type: 'eventsource', origin: server.origin, url: server.url });
    await client.open();
    await client.subscribe('/polls/' + load);
    const begin = Date.now();
    await server.publish('/polls/' + load, load);
    await until(async () => (await client.inbox).length, `the message of load ${load}`, hold / 2);
    waits.push(Date.now() - begin);
    await pause(200); // the stream has opened: messages go on there now
    await server.publish('/polls/' + load, 'more');
    await until(async () => (await client.inbox).length === 2, `the second message of load ${load}`, hold / 2);
    await client.close();
    await client.dispose();
  }
  console.log('the first message was heard after', waits.join(' '), 'ms');
});

// Chromium repeats a POST that was answered 408 on a connection used before: the copy would replace the poll that
// replaced it, and so on.
it('a poll that another replaces is answered once', async () => {
  const page = await blankPage(context, server.origin, true);
  const held = () => counter('held_polls');
  await until(async () => await held() === 0, 'the pages of before to be gone');
  const displaced = () => counter('connects_displaced_total');
  const before = await displaced();
  await page.evaluate(async (url) => {
    const post = async (...messages) => {
      const response = await fetch(url, { method: 'POST', body: JSON.stringify(messages) });
      return { status: response.status, reply: response.ok && (await response.json()).at(-1) };
    };
    const clientId = (await post({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'] })).reply.clientId;
    const connect = (id, advice) => post({ channel: '/meta/connect', connectionType: 'long-polling', clientId, id, advice });
    await post({ channel: '/meta/subscribe', clientId, subscription: '/polls/once' });
    await Promise.all([connect('0', { timeout: 0 }), connect('0', { timeout: 0 })]); // two connections that were used
    Object.assign(window, { connect, first: connect('1') });
  }, server.url);
  await until(async () => await held() === 1, 'the first poll to be held');
  await page.evaluate(() => { window.second = window.connect('2'); });
  const first = await page.evaluate(() => window.first);
  await until(async () => await held() === 1, 'the second poll to be held');
  await server.publish('/polls/once', 1); // which ends it
  const replies = [first, await page.evaluate(() => window.second)];
  await until(async () => await displaced() > before, 'the count'); // a loop that is busy has its last figures shown
  assert.equal(await displaced() - before, 1);
  assert.deepEqual(replies.map((r) => [r.status, r.reply.id, r.reply.successful]), [[200, '1', true], [200, '2', true]]);
  await page.close();
});
