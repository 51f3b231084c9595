// Twelve tabs with one connection, over each transport: a browser opens six to a host, and with a stream for each tab
// the seventh page does not load.
import { after, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { Server, until } from './server.mjs';
import { launch, openInPage, otherOrigin } from './browser.mjs';

const TABS = 12;
const { context, close } = await launch();
after(close);

/** Opens tabs one after the other, each with a subscription, and runs the test. */
async function withTabs(count, options, flags, test) {
  const server = await Server.start(...flags);
  const tabs = [];
  const add = async () => {
    const client = await openInPage(context, { library: 'halley', type: '', url: server.url, origin: server.origin });
    await client.page.evaluate((more) => Object.assign(window.client.options, { share: true }, more), options);
    await client.open();
    await client.subscribe('/all');
    tabs.push(client);
    return client;
  };
  try {
    for (let i = 0; i < count; i++) await add();
    await test(tabs, server, add);
    for (const tab of tabs.splice(0)) await tab.dispose();
  } finally {
    for (const page of context.pages()) await page.close();
    await server.stop('SIGKILL');
  }
}

const sessions = async (server) => (await server.sessions()).length;
const types = (tabs) => Promise.all(tabs.map((tab) => tab.type()));
/** Waits until each tab has said something in its session of now, which goes after the subscribe: what is on its way when the lead is taken is lost. */
async function back(tabs) {
  for (const tab of tabs) await until(() => tab.publish('/e2e/sync', 0).then(() => true, () => false), 'all to be back');
}
const heard = (tabs, count) => until(async () => (await Promise.all(tabs.map((tab) => tab.inbox))).every((inbox) => inbox.length >= count), `${count} messages in each tab`);

for (const type of ['websocket', 'eventsource', 'xhr-streaming', 'long-polling', 'callback-polling', 'polling']) {
  it(`${TABS} tabs share a ${type} connection, and another tab takes it over`, () => withTabs(TABS, { transports: [type] }, [], async (tabs, server) => {
    assert.deepEqual((await types(tabs)).sort(), [type, ...Array(TABS - 1).fill('shared')].sort());
    await until(async () => (await sessions(server)) === 1, 'one session');
    await server.publish('/all', 1);
    await heard(tabs, 1); // what two publishers send at once has no order
    await tabs.at(-1).publish('/all', 2);
    await heard(tabs, 2);
    await tabs.shift().dispose(); // it was the first, and led
    await until(async () => (await types(tabs)).filter((name) => name === type).length === 1, 'another to lead');
    await back(tabs);
    await until(async () => (await sessions(server)) === 1, 'one session');
    await server.publish('/all', 3);
    await heard(tabs, 3);
    for (const tab of tabs) assert.deepEqual(await tab.inbox, [['/all', 1], ['/all', 2], ['/all', 3]]);
  }));
}

describe('tabs that share', () => {
  it('hear all of a channel with a history, over the end of the tab that led and a crash of the server', () => withTabs(3, {}, ['--rule', '/feed history=100'], async (tabs, server) => {
    const numbers = async (tab) => (await tab.inbox).filter(([channel]) => channel === '/feed').map(([, n]) => n);
    for (const tab of tabs) await tab.subscribe('/feed', { since: -2 });
    for (const n of [1, 2, 3]) await server.publish('/feed', n);
    await heard(tabs, 3);
    await tabs.shift().dispose();
    for (const n of [4, 5]) await server.publish('/feed', n);
    await heard(tabs, 5);
    for (const tab of tabs) assert.deepEqual(await numbers(tab), [1, 2, 3, 4, 5]);
    await server.restart('SIGKILL');
    await until(async () => (await sessions(server)) === 1, 'a session');
    await back(tabs);
    await server.publish('/feed', 6);
    await heard(tabs, 6);
    for (const tab of tabs) assert.deepEqual(await numbers(tab), [1, 2, 3, 4, 5, 6]);
  }));

  it('are told what the server refuses', () => withTabs(2, {}, ['--rule', '/no/** subscribe=none publish=internal'], async ([, tab]) => {
    const refused = await tab.page.evaluate(() => window.client.halley.subscribe('/no/x', () => {}).ready.catch((error) => error.reply.error));
    assert.match(refused, /^403/);
    await assert.rejects(tab.publish('/no/x', 1), /403/);
  }));

  it('end what they subscribed to when they go, however', () => withTabs(3, {}, [], async (tabs, server) => {
    const wanted = () => tabs[0].page.evaluate(() => window.client.halley.wanted.get('/all').size);
    assert.equal(await wanted(), 3);
    await tabs.pop().page.close(); // nobody says goodbye to a closed page but its lock
    await until(async () => (await wanted()) === 2, 'the first to go');
    await tabs[1].close();
    await until(async () => (await wanted()) === 1, 'the second to go');
    assert.equal(await sessions(server), 1);
  }));

  it('take the lead from a tab that hangs, which follows when it is back', () => withTabs(3, { backoff: 50, maxBackoff: 100 }, [], async (tabs, server) => {
    const [leader, ...rest] = tabs;
    // While one hangs, and no longer: a busy machine is not to make others hang.
    const patient = (ms) => Promise.all(tabs.map((tab) => tab.page.evaluate((delay) => { window.client.halley.options.networkDelay = delay; }, ms)));
    await patient(2000);
    await leader.page.evaluate(() => {
      window.post = BroadcastChannel.prototype.postMessage;
      BroadcastChannel.prototype.postMessage = () => {};
    });
    await assert.rejects(rest[0].publish('/all', 'lost'), /does not answer/);
    await until(async () => (await types(rest)).some((type) => type === 'long-polling'), 'another to lead');
    await leader.page.evaluate(() => { BroadcastChannel.prototype.postMessage = window.post; });
    await patient(60000);
    await until(async () => (await types(tabs)).filter((type) => type === 'shared').length === 2, 'the first to follow');
    await until(async () => (await sessions(server)) === 1, 'one session');
    await back(tabs);
    await server.publish('/all', 'all');
    await heard(tabs, 1);
  }));

  it('may have their script from elsewhere', async () => {
    const elsewhere = await otherOrigin();
    const server = await Server.start('--allow-origin', elsewhere.origin);
    try {
      const tabs = [];
      for (let i = 0; i < 2; i++) {
        const tab = await openInPage(context, { library: 'halley', type: 'eventsource', url: server.url, origin: elsewhere.origin });
        await tab.page.evaluate(() => { window.client.options.share = true; });
        await tab.open();
        tabs.push(tab);
      }
      assert.deepEqual(await types(tabs), ['eventsource', 'shared']);
      for (const tab of tabs) await tab.dispose();
    } finally {
      elsewhere.close();
      await server.stop('SIGKILL');
    }
  });

  it('are kept apart by a name', () => withTabs(1, { share: 'one' }, [], async (tabs, server, add) => {
    const other = await add();
    assert.equal(await other.type(), 'shared');
    const page = await openInPage(context, { library: 'halley', type: 'websocket', url: server.url, origin: server.origin });
    await page.page.evaluate(() => Object.assign(window.client.options, { share: 'two' }));
    await page.open();
    assert.equal(await page.type(), 'websocket');
    assert.equal(await sessions(server), 2);
  }));
});
