// The console as an operator finds it: alive, behind a key, in trouble, on a phone, in the dark; one session shown and ended.
// Pictures of it go to the folder that E2E_SHOTS names.
import { after, afterEach, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Server, freePort, host, until } from './server.mjs';
import { launch } from './browser.mjs';

const DESKTOP = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };
const KEY = 'correct-horse-battery-staple';
const shots = process.env.E2E_SHOTS;
if (shots) mkdirSync(shots, { recursive: true });

let server, browser, faults;
const sockets = [];

/** Opens the console and keeps every error that the browser's own console shows; `allow` passes over what a test provokes. */
async function open({ on = server, size = DESKTOP, dark = false, allow, hour } = {}) {
  const page = await browser.context.newPage();
  if (hour) await page.route('**/console/hour', (route) => route.fulfill({ json: hour }));
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !allow?.test(message.text())) faults.push(message.text());
  });
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' });
  await page.goto(on.internal + '/console');
  return page;
}

const text = (page, selector) => page.locator(selector).first().textContent();
const level = (page) => page.locator('#verdict').getAttribute('data-level');
const shows = (page, selector, wanted) => until(async () => wanted.test(await text(page, selector)), `${wanted} in ${selector}`);
const live = (page) => until(async () => (await level(page)) !== 'none', 'the first figures');

// What the console says of a server on a machine that has no time for it.
const HOSTS_DOING = /^(An event loop is behind|Turns of the event loops are long|An event loop has little time left)$/;

/** Waits until the console finds the server well, or nothing but the machine slow. */
async function healthy(page) {
  await until(async () => {
    const [found, words, reasons] = [await level(page), await text(page, '#words'), await page.locator('#reasons li').allTextContents()];
    return found === 'well' ? words === 'All is well' : found === 'attention' && reasons.length > 0 && reasons.every((reason) => HOSTS_DOING.test(reason));
  }, 'a server that is well');
}

/** Nothing may stick out at the side; takes the picture if one is wanted. */
async function look(page, name) {
  await page.bringToFront();
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.equal(over, 0, `${name} is ${over} px too wide`);
  if (shots) await page.screenshot({ path: join(shots, name + '.png'), fullPage: true });
}

/** A client that opens a stream of events and, if it is `slow`, never reads it. */
function stream(channel, slow = false, on = server) {
  const socket = connect(Number(new URL(on.origin).port), host);
  sockets.push(socket);
  socket.on('error', () => {});
  socket.write(`GET /events?channel=${encodeURIComponent(channel)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  if (slow) socket.pause();
  else socket.resume();
  return socket;
}

/** A session that polls once, and the poll that is held. */
async function poll(subscription) {
  const [{ clientId }] = await server.raw({ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'] });
  await server.raw({ channel: '/meta/connect', clientId, connectionType: 'long-polling' }, { channel: '/meta/subscribe', clientId, subscription });
  server.raw({ channel: '/meta/connect', clientId, connectionType: 'long-polling' }).catch(() => {});
  return clientId;
}

before(async () => {
  server = await Server.start('--demo', '--loops', '2', '--max-output', '1MiB', '--slow-timeout', '1h', '--queue-messages', '100');
  browser = await launch();
});
after(async () => {
  for (const socket of sockets) socket.destroy();
  await browser?.close();
  await server?.stop('SIGKILL');
});

describe('the console', () => {
  before(() => { faults = []; });
  afterEach(async () => {
    for (const page of browser.context.pages()) await page.close();
    assert.deepEqual(faults.splice(0), [], 'errors in the browser');
  });

  it('shows a healthy server at one look, each second', async () => {
    for (let i = 0; i < 12; i++) stream('/stock/*');
    for (let i = 0; i < 3; i++) await poll('/news');
    const page = await open();
    await live(page);
    await healthy(page);
    await until(async () => parseFloat(await text(page, '[data-column=delivered] b')) > 50, 'deliveries');
    const first = await text(page, '#up');
    await until(async () => (await text(page, '#up')) !== first, 'the next second');
    await until(async () => (await page.locator('#top tr').count()) >= 5, 'channels');
    await shows(page, '#types', /Event-stream without Bayeux12/);
    await shows(page, '#types', /Long-polling3/);
    assert.equal(await page.locator('#loops tr').count(), 2);
    await page.locator('#slow-none').waitFor(); // a busy machine may be slow to read its streams, for a moment
    await until(async () => (await page.locator('[data-column=delivered] .line').getAttribute('d')).includes('L'), 'a line');
    await look(page, 'console');
  });

  it('draws a whole hour, gaps and all', async () => {
    const { table, ...about } = await (await fetch(server.internal + '/console/hour')).json();
    const wave = (base, swing, i) => base + swing * (Math.sin(i / 90) + 0.4 * Math.sin(i / 17) + 0.25 * Math.sin(i * i));
    const busy = { connections: [18000, 900], sessions: [17900, 900], delivered: [42000, 9000], published: [640, 200], received: [900, 90],
      bytesIn: [90e3, 9e3], bytesOut: [11e6, 2e6], busy: [0.41, 0.12], turn: [2.5, 1.2], lag: [3, 1], queued: [140, 90], memory: [310e6, 9e6], lost: [0, 0] };
    table.at = Array.from({ length: table.kept }, (_, i) => Date.now() - (table.kept - i) * table.everyMs);
    for (const [column, [base, swing]] of Object.entries(busy)) {
      table.columns[column] = table.at.map((_, i) => (i > 300 && i < 330 ? null : Math.max(0, wave(base, swing, i))));
    }
    for (const [name, options] of [['console-hour', {}], ['console-hour-phone-dark', { size: PHONE, dark: true }]]) {
      const page = await open({ hour: { ...about, table }, ...options });
      await live(page);
      assert.equal(await text(page, '[data-column=delivered] .since'), 'last hour');
      assert.equal((await page.locator('[data-column=delivered] .line').getAttribute('d')).split('M').length, 3); // two pieces
      const box = await page.locator('[data-column=delivered] .chart').boundingBox();
      await page.mouse.move(box.x + box.width / 3, box.y + box.height / 2);
      assert.match(await text(page, '[data-column=delivered] .read'), /^\d\d:\d\d:\d\d · [\d,.]+/);
      await look(page, name);
    }
  });

  it('fits a phone in the dark', async () => {
    const page = await open({ size: PHONE, dark: true });
    await live(page);
    await until(async () => (await page.locator('#top tr').count()) >= 5, 'channels');
    await look(page, 'console-phone-dark');
    const small = await open({ size: PHONE });
    await live(small);
    await until(async () => (await small.locator('#top tr').count()) >= 5, 'channels');
    await look(small, 'console-phone');
  });

  it('names a client that does not read, says what is lost, and ends it', async () => {
    const page = await open({ dark: true });
    await live(page);
    stream('/big', true);
    const big = 'x'.repeat(60000);
    await until(async () => {
      for (let i = 0; i < 20; i++) await server.publish('/big', big);
      return (await page.locator('#slow tr').count()) === 1 && (await level(page)) === 'attention';
    }, 'the slow client, and what it loses');
    await shows(page, '#reasons', /Messages are being lost/);
    await shows(page, '#troubles', /Messages lost to full queues/);
    await page.locator('#slow button').click();
    await page.locator('#detail').waitFor();
    assert.match(await text(page, '#detail-facts'), /Address127\.0\.0\.1:\d+/);
    assert.equal(await text(page, '#detail-patterns'), '/big');
    await look(page, 'console-trouble-dark');
    const asked = await page.evaluate(() => { // at once: it asks for some seconds only
      const end = document.getElementById('end');
      end.click();
      const said = end.textContent;
      end.click();
      return said;
    });
    assert.equal(asked, 'Press again to end it');
    await until(async () => /has ended/.test(await text(page, '#session-note')), 'the end');
    await until(() => page.locator('#slow button').isDisabled(), 'nothing to show of it any more');
  });

  it('shows a session by its clientId, and says so where there is none', async () => {
    const id = await poll('/stock/*');
    const page = await open({ allow: /404/ });
    await live(page);
    await page.locator('#find-id').fill(id);
    await page.locator('#find-id').press('Enter');
    await page.locator('#detail').waitFor();
    assert.equal(await text(page, '#detail-id'), id);
    assert.match(await text(page, '#detail-facts'), /Connection typeLong-polling/);
    await page.locator('#find-id').fill('nobody');
    await page.locator('#find-id').press('Enter');
    await until(async () => /no such session/.test(await text(page, '#session-note')), 'the answer');
    await page.locator('#some').click();
    await until(async () => (await page.locator('#list tr').count()) > 3, 'some sessions');
  });

  it('goes on by itself when the server comes back', async () => {
    const page = await open({ allow: /ERR_|Failed to load/ });
    await live(page);
    await server.stop('SIGKILL');
    await page.locator('#status[data-status=reconnecting]').waitFor();
    await page.locator('body.stale').waitFor();
    assert.equal(await text(page, '#words'), 'No word from the server');
    await look(page, 'console-stale');
    await server.run();
    await page.locator('body:not(.stale) #status[data-status=connected]').waitFor();
    await healthy(page);
  });

  it('shows the other servers that it knows, and which of them is away', async () => {
    const other = await Server.start('--upstream', `${server.origin}/bayeux`, '--route', '/stock/** in', '--upstream', 'http://127.0.0.1:1/bayeux', '--route', '/news/** in http://127.0.0.1:1/bayeux',
      '--feed-url', 'nats://127.0.0.1:1', '--import', 'fx.> /fx/**', '--export', '/orders/** orders.>');
    try {
      stream('/stock/*', false, other);
      for (const [name, options] of [['console-others', {}], ['console-others-phone', { size: PHONE, dark: true }]]) {
        const page = await open({ on: other, ...options });
        await live(page);
        await until(async () => parseFloat(await page.locator('#others tr').first().locator('td').first().textContent()) > 5, 'prices from the other server');
        assert.equal(await page.locator('#others tr').count(), 4);
        assert.match(await text(page, '#others'), /^upstreamhttp:/);
        await shows(page, '#others tr:nth-child(3)', /^awayfx\.> \/fx/);
        await shows(page, '#reasons', /Not connected: http:\/\/127\.0\.0\.1:1\/bayeux/);
        await until(async () => (await level(page)) === 'attention', 'the verdict');
        await look(page, name);
        await page.close();
      }
      await until(() => other.ready(), 'it to be ready all the same');
    } finally {
      await other.stop('SIGKILL');
    }
  });

  it('shows the nodes of a cluster', async () => {
    const [one, two] = [`${host}:${await freePort()}`, `${host}:${await freePort()}`];
    const [here, there] = await Promise.all([
      Server.start('--cluster-listen', one, '--cluster-peer', two), Server.start('--cluster-listen', two, '--cluster-peer', one)]);
    try {
      stream('/news', false, here);
      await until(async () => (await (await fetch(here.internal + '/cluster')).json()).nodes?.[0]?.state === 'joined', 'the other node');
      for (const [name, options] of [['console-cluster', {}], ['console-cluster-phone', { size: PHONE }]]) {
        const page = await open({ on: here, ...options });
        await live(page);
        await until(async () => {
          for (let i = 0; i < 20; i++) await there.publish('/news', i);
          return parseFloat(await page.locator('#others tr').first().locator('td').first().textContent()) > 5;
        }, 'messages of the other node');
        assert.match(await text(page, '#others'), /^clusterhalley, here node \d+/);
        assert.match(await text(page, '#others tr:nth-child(2)'), /^node\d+, /);
        await shows(page, '#facts', /Nodes at work2/);
        await look(page, name);
        await page.close();
      }
      const page = await open({ on: here });
      await live(page);
      await there.stop('SIGKILL');
      await shows(page, '#facts', /Nodes at work1/);
      await look(page, 'console-cluster-lost');
      await page.close();
    } finally {
      await Promise.all([here.stop('SIGKILL'), there.stop('SIGKILL')]);
    }
  });

  it('asks for the key, and opens with the right one', async () => {
    const locked = await Server.start('--internal-key', KEY);
    try {
      const page = await open({ on: locked, size: PHONE, allow: /401/ });
      await page.locator('#key-text').waitFor();
      await look(page, 'console-key-phone');
      await page.locator('#key-text').fill('guess');
      await page.locator('#key-text').press('Enter');
      await until(async () => /key/.test(await text(page, '#key-error')), 'the refusal');
      await page.locator('#key-text').fill(KEY);
      await page.locator('#key-text').press('Enter');
      await live(page);
      assert.equal(await page.locator('#top-none').isVisible(), true);
      await look(page, 'console-quiet-phone');
      await page.reload(); // the key is kept in the tab
      await live(page);
      await page.close();
    } finally {
      await locked.stop('SIGKILL');
    }
  });
});
