// The pages as a person finds them: what they show, by keyboard, on a phone, in the dark, through a crash.
// Pictures of them go to the folder that E2E_SHOTS names.
import { after, afterEach, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Server, until } from './server.mjs';
import { launch, subscribed, unhurried } from './browser.mjs';

const DESKTOP = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };
const shots = process.env.E2E_SHOTS;
if (shots) mkdirSync(shots, { recursive: true });

let server, browser, faults;

/** Opens a page and keeps every error that its console shows; `allow` passes over what a test provokes. */
async function open(path, { size = DESKTOP, dark = false, reduced = false, allow, script } = {}) {
  const page = await browser.context.newPage();
  page.on('pageerror', (error) => faults.push(`${path}: ${error.message}`));
  page.on('console', (message) => {
    const serious = message.type() === 'error' || message.type() === 'warning';
    if (serious && !allow?.test(message.text())) faults.push(`${path}: ${message.text()}`);
  });
  await page.addInitScript(unhurried);
  if (script) await page.addInitScript(script);
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light', reducedMotion: reduced ? 'reduce' : 'no-preference' });
  await page.goto(server.origin + path);
  await page.locator('#status[data-status=connected]').waitFor();
  return page;
}

/** Nothing may stick out at the side; takes the picture if one is wanted. */
async function look(page, name, fullPage = false) {
  await page.bringToFront();
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.equal(over, 0, `${name} is ${over} px too wide`);
  if (shots) await page.screenshot({ path: join(shots, name + '.png'), fullPage });
}

const text = (page, selector) => page.locator(selector).first().textContent();

/** Presses Tab until the element has the focus; fails when it cannot be reached. */
async function tabTo(page, selector, presses = 30) {
  for (let i = 0; i < presses; i++) {
    await page.keyboard.press('Tab');
    if (await page.locator(selector).first().evaluate((element) => element === document.activeElement)) return;
  }
  assert.fail(`${selector} cannot be reached by Tab`);
}

before(async () => {
  server = await Server.start('--demo', '--max-interval', '5m'); // a session ends by what its page says, or not at all
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop('SIGKILL');
});
afterEach(async () => {
  // The last first: a tab that leads others would leave them a connection to open.
  for (const page of browser.context.pages().reverse()) await page.close();
});

describe('the pages', () => {
  before(() => { faults = []; });
  afterEach(() => assert.deepEqual(faults.splice(0), [], 'errors in the console'));

  it('start with live prices', async () => {
    const page = await open('/');
    await page.locator('#market li').nth(4).waitFor();
    await until(async () => /\d messages\/s/.test(await text(page, '#rate')), 'the rate');
    assert.match(await text(page, '#market li .number'), /^[\d,]+\.\d\d$/);
    await look(page, 'home', true);
  });

  it('show what is said from a shell, as text', async () => {
    const page = await open('/');
    await subscribed(page, '/demo/hello');
    await server.publish('/demo/hello', 'Hello from a <b>shell</b>');
    await page.locator('#landed li').waitFor();
    assert.equal(await text(page, '#landed li span'), 'Hello from a <b>shell</b>');
    await page.locator('#copy').evaluate((button) => { // whose answer is there for two seconds only
      new MutationObserver(() => { window.answer ??= button.textContent; }).observe(button, { childList: true });
    });
    await page.locator('#copy').click();
    await until(() => page.evaluate(() => window.answer), 'an answer of the button');
  });

  it('tick', async () => {
    const page = await open('/ticker');
    await page.locator('#rows tr').nth(4).waitFor();
    const prices = () => page.locator('#rows .price').allTextContents();
    const first = await prices();
    await until(async () => (await prices()).join() !== first.join(), 'a price to change');
    await until(async () => Number(await text(page, '#rate')) > 0, 'the rate');
    const symbols = await page.locator('#rows th').allTextContents();
    assert.deepEqual(symbols, [...symbols].sort());
    await until(async () => (await page.locator('#rows path').first().getAttribute('d')).split('L').length > 8, 'a line');
    await look(page, 'ticker');
  });

  it('show at once what was traded last, however long ago', async () => {
    await server.publish('/stock/RARE', { symbol: 'RARE', price: 7.5 });
    const page = await open('/ticker');
    await page.locator('#rows tr', { hasText: 'RARE' }).waitFor();
  });

  it('leave out on a slow link what the newest price makes up for, by every transport', async () => {
    const page = await open('/ticker', { size: PHONE, allow: /408/ }); // the end of a poll that was moved away from
    const seen = () => page.evaluate(() => window.seen.splice(0));
    await page.evaluate(() => {
      window.seen = [];
      window.halley.subscribe('/stock/SLOW', (row) => window.seen.push(row.price), { interval: 1000 });
    });
    /** Publishes prices, and gives how many an interval of a second allows meanwhile, however long that is. */
    const trades = async (from, to) => {
      const begin = Date.now();
      for (let n = from; n <= to; n++) await server.publish('/stock/SLOW', { symbol: 'SLOW', price: n, trades: n });
      await until(async () => (await text(page, 'tr:has(th:text-is("SLOW")) .price')) === to + '.00', 'the last price');
      return (Date.now() - begin) / 1000 + 2;
    };
    await page.locator('#slow').check();
    assert.match(await page.locator('#slow-note').innerText(), /once a second/);
    await page.evaluate(() => window.halley.publish('/e2e/sync', 0)); // goes after the change
    let last = 0;
    for (const name of ['websocket', 'eventsource', 'xhr-streaming', 'long-polling', 'callback-polling', 'polling']) {
      await page.locator('#transport').selectOption(name);
      await until(async () => (await text(page, '#status')) === `Live · ${name}`, 'the move');
      await seen();
      const most = await trades(last + 1, last += 30);
      const some = await seen();
      assert.ok(some.length <= most && some.at(-1) === last, `${name}: ${some}, at most ${most}`);
    }
    await until(async () => Number(await text(page, '#skipped')) > 0, 'what was left out');
    await look(page, 'ticker-slow-phone');
    await page.locator('#slow').uncheck();
    assert.equal(await page.locator('#slow-note').isVisible(), false);
    await page.evaluate(() => window.halley.publish('/e2e/sync', 0)); // likewise
    await trades(last + 1, last + 30);
    const all = (await seen()).filter((price) => price > last); // the snapshot comes with the change once more
    assert.deepEqual(all, Array.from({ length: 30 }, (_, n) => last + 1 + n));
  });

  it('tick on a phone, and in the dark', async () => {
    const page = await open('/ticker', { size: PHONE });
    const dark = await open('/ticker', { dark: true });
    await page.locator('#rows tr').nth(4).waitFor();
    await until(async () => (await dark.locator('#rows path').first().getAttribute('d')).split('L').length > 8, 'a line');
    await look(page, 'ticker-phone');
    await look(dark, 'ticker-dark');
    const shade = await dark.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.ok(shade.match(/\d+/g).every((part) => Number(part) < 60), shade);
  });

  it('count changes of a recorded feed themselves', async () => {
    const page = await open('/ticker');
    await subscribed(page, '/stock/*'); // who comes later is told the last price alone
    const row = (ms, price) => ({ ms_since_midnight: ms, symbol: 'SPYX', price, size: 100, exchange: 'P' });
    for (const [ms, price] of [[1, 167.41], [2, 168.41]]) await server.publish('/stock/SPYX', row(ms, price));
    const line = page.locator('#rows tr', { hasText: 'SPYX' });
    await until(async () => /168\.41\+1\.00\+0\.60%200/.test(await line.textContent().catch(() => '')), 'the row');
  });

  it('do not flash for those who asked for less motion', async () => {
    const moving = (page) => page.evaluate(() => document.getAnimations().length);
    const lively = await open('/ticker');
    await until(() => moving(lively), 'a flash');
    await lively.close();
    const calm = await open('/ticker', { reduced: true });
    await calm.locator('#rows tr').nth(4).waitFor();
    for (let i = 0; i < 20; i++, await calm.waitForTimeout(50)) assert.equal(await moving(calm), 0);
  });

  it('obey the keyboard: the ticker', async () => {
    const page = await open('/ticker');
    await page.locator('#rows tr').nth(4).waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
    await tabTo(page, '#filter');
    const some = await text(page, '#rows th');
    await page.keyboard.type(some.toLowerCase());
    assert.deepEqual(await page.locator('#rows tr:visible th').allTextContents(), [some]);
    await page.keyboard.press('Escape');
    await tabTo(page, '#pause');
    await page.keyboard.press('Enter');
    assert.equal(await text(page, '#pause'), 'Resume');
    const still = await page.locator('#rows .price').allTextContents();
    await page.waitForTimeout(500);
    assert.deepEqual(await page.locator('#rows .price').allTextContents(), still);
    await page.keyboard.press('Space');
    await until(async () => (await page.locator('#rows .price').allTextContents()).join() !== still.join(), 'it to go on');
    await tabTo(page, '[data-key=price] button');
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('[data-key=price]').getAttribute('aria-sort'), 'descending');
    await page.locator('[data-key=price] button').evaluate((button) => button.blur());
    await until(async () => {
      const prices = (await page.locator('#rows .price').allTextContents()).map((price) => Number(price.replace(',', '')));
      return prices.every((price, i) => !i || price <= prices[i - 1]);
    }, 'the order');
  });

  it('let two people talk, by keyboard alone', async () => {
    const one = await open('/chat');
    const two = await open('/chat', { size: PHONE });
    const say = async (page, words) => {
      await page.bringToFront();
      await tabTo(page, '#text');
      await page.keyboard.type(words);
      await page.keyboard.press('Enter');
    };
    await one.bringToFront();
    await tabTo(one, '#nick');
    await one.keyboard.press('Control+A');
    await one.keyboard.type('Lalande');
    await say(one, 'Has anybody seen the comet yet?');
    await two.locator('#log .what').waitFor();
    await two.bringToFront();
    await tabTo(two, '#nick');
    await two.keyboard.press('Control+A');
    await two.keyboard.type('Palitzsch');
    await say(two, 'Found it. Near Epsilon Piscium, <i>faint</i> but certain!');
    for (const page of [one, two]) {
      await page.locator('#log .what').nth(1).waitFor();
      assert.deepEqual(await page.locator('#log .who b').allTextContents(), ['Lalande', 'Palitzsch']);
      assert.equal(await page.locator('#log .what').nth(1).textContent(), 'Found it. Near Epsilon Piscium, <i>faint</i> but certain!');
    }
    assert.equal(await one.locator('#log .mine').count(), 1);
    await look(one, 'chat');
    await look(two, 'chat-phone');
  });

  it('keep rooms apart, and count what was not read', async () => {
    const one = await open('/chat#orbits');
    const two = await open('/chat', { dark: true });
    assert.equal(await text(one, '#here'), '#orbits');
    await two.locator('#room').fill('Orbits ');
    await two.locator('#room').press('Enter');
    assert.equal(await text(two, '#here'), '#orbits');
    await two.locator('#rooms button').first().click();
    await one.locator('#text').fill('An ellipse, I should think.');
    await one.locator('#text').press('Enter');
    await two.locator('.unread').waitFor();
    assert.equal(await two.locator('#log .what', { hasText: 'An ellipse' }).count(), 0);
    await two.locator('#rooms button', { hasText: 'orbits' }).click();
    await two.locator('#log .what').waitFor();
    assert.equal(await two.locator('.unread').count(), 0);
    await look(two, 'chat-dark');
  });

  it('show nothing of what is no message', async () => {
    const page = await open('/chat#noise');
    for (const data of [null, 7, 'words', { text: 7 }, [], { user: 'x' }]) await server.publish('/chat/noise', data);
    await server.publish('/chat/noise', { user: '<img src=x onerror=alert(1)>', text: '<script>alert(1)</script>' });
    await page.locator('#log .what').waitFor();
    assert.equal(await page.locator('#log li').count(), 1);
    assert.equal(await page.locator('#log img, #log script').count(), 0);
  });

  for (const name of ['long-polling', 'eventsource', 'xhr-streaming']) {
    it('work in more tabs than a browser opens connections: ' + name, async () => {
      const tabs = [];
      for (let i = 0; i < 8; i++) tabs.push(await open(`/chat?transport=${name}#tabs-${name}`));
      await tabs[6].locator('#text').fill('Can all of you read this?');
      await tabs[6].locator('#text').press('Enter');
      for (const tab of tabs) await tab.locator('#log .what').waitFor();
      for (const tab of tabs) assert.equal(await tab.locator('#log li').count(), 1);
      if (name === 'long-polling') return;
      await until(async () => (await text(tabs[6], '#status')) === 'Live · shared', 'a shared connection');
      await tabs[6].locator('#transport').selectOption('websocket');
      await until(async () => (await text(tabs[6], '#status')) === 'Live · websocket', 'a connection of its own');
    });
  }

  it('work in more tabs than a browser opens connections where websockets do not get through', async () => {
    const tabs = [];
    const script = () => { window.WebSocket = class { constructor() { setTimeout(() => this.onerror()); } close() {} }; };
    for (let i = 0; i < 12; i++) tabs.push(await open(['/ticker', '/chat'][i % 2], { script }));
    const states = () => Promise.all(tabs.map((tab) => text(tab, '#status')));
    await until(async () => (await states()).sort().join() === ['Live · eventsource', ...Array(11).fill('Live · shared')].join(), 'one stream for all');
    for (const tab of tabs.filter((_, i) => i % 2 === 0)) await tab.locator('#rows tr').nth(4).waitFor();
  });

  it('show the transports side by side, each with its wire', async () => {
    const page = await open('/');
    await page.locator('#ways').scrollIntoViewIfNeeded();
    await page.locator('#ways-send').click();
    const figures = () => page.locator('.lanes .count').allTextContents();
    await until(async () => (await figures()).every((text) => /[1-9]\d* messages?/.test(text)), 'messages in every lane');
    await until(async () => (await page.locator('.lanes .state').allTextContents()).slice(0, 5).every((text) => /held|open/.test(text)), 'held requests');
    const drawn = () => page.locator('.lanes canvas').evaluateAll((all) => all.filter((canvas) =>
      canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value)).length);
    await until(async () => (await drawn()) === 6, 'a picture of each');
    await look(page, 'home-lanes');
    await page.locator('#ways-run').click();
    assert.equal(await text(page, '#ways-run'), 'Run');
    await until(async () => (await page.locator('.lanes .state').allTextContents()).every((state) => state === 'closed'), 'all to stop');
    await page.locator('#ways-run').click();
    await until(async () => (await page.locator('.lanes .state').allTextContents()).slice(0, 5).every((state) => /held|open/.test(state)), 'all to run');
  });

  it('show the transports in one tab at a time', async () => {
    const one = await open('/', { size: PHONE });
    await one.locator('#ways').scrollIntoViewIfNeeded();
    await until(async () => (await text(one, '#ways-run')) === 'Pause', 'the first tab to run');
    const two = await open('/', { size: PHONE, dark: true });
    await two.locator('#ways').scrollIntoViewIfNeeded();
    await until(async () => /Another tab/.test(await text(one, '#ways-note')), 'the first tab to give way');
    await until(async () => (await two.locator('.lanes .count').allTextContents()).every((count) => /[1-9]\d* messages?/.test(count)), 'messages');
    await look(two, 'home-lanes-phone-dark');
  });

  for (const name of ['websocket', 'eventsource', 'xhr-streaming', 'long-polling', 'callback-polling', 'polling']) {
    it(`run over ${name}, chosen in the header and remembered in the address`, async () => {
      const page = await open('/ticker');
      await page.locator('#transport').selectOption(name);
      await until(async () => (await text(page, '#status')) === `Live · ${name}`, 'the move');
      assert.equal(new URL(page.url()).search, '?transport=' + name);
      const prices = () => page.locator('#rows .price').allTextContents();
      const before = (await prices()).join();
      await until(async () => (await prices()).join() !== before, 'prices');
      await page.getByRole('link', { name: 'Chat' }).click();
      await until(async () => (await text(page, '#status')) === `Live · ${name}`, 'the chat');
      assert.equal(await page.locator('#transport').inputValue(), name);
      await page.locator('#text').fill('by ' + name);
      await page.locator('#text').press('Enter');
      await page.locator('#log .what', { hasText: 'by ' + name }).waitFor();
      await page.reload(); // which waits until all is loaded, whatever is held
      await until(async () => (await text(page, '#status')) === `Live · ${name}`, 'it once more');
    });
  }

  it('tour the techniques: each stop runs while it is in view, alone', async () => {
    const before = await server.sessions(); // of a page that was closed as it shook hands, and said nothing
    const page = await open('/tour');
    await look(page, 'tour');
    const names = await page.locator('.stop[data-transport]').evaluateAll((all) => all.map((stop) => stop.id));
    assert.equal(names.length, 8);
    for (const name of names) {
      await page.evaluate((id) => document.getElementById(id).scrollIntoView({ behavior: 'instant' }), name);
      const stop = page.locator('#' + name);
      await until(async () => /[1-9]\d* messages?/.test(await stop.locator('.count').textContent()), 'messages by ' + name);
      assert.match(await stop.locator('.text').textContent(), /"channel":"\/stock\/HLY"/);
      assert.equal(await page.locator('.live.on').count(), 1);
      assert.equal(await page.locator('.stops [aria-current]').getAttribute('href'), '#' + name);
    }
    await look(page, 'tour-websocket');
    await until(async () => (await server.sessions()).filter((id) => !before.includes(id)).length <= 2, 'the other stops to leave');
  });

  it('tour by keyboard, on a phone in the dark, calmly', async () => {
    const page = await open('/tour', { size: PHONE, dark: true, reduced: true });
    await page.keyboard.press('ArrowDown');
    await until(() => page.evaluate(() => document.activeElement.id === 'polling'), 'the first stop');
    await until(() => page.locator('#polling .live.on').count(), 'it to run');
    await page.keyboard.press('ArrowDown');
    await until(() => page.evaluate(() => document.activeElement.id === 'multipart'), 'the second stop');
    await until(async () => /[1-9]\d* messages?/.test(await text(page, '#multipart .count')), 'messages');
    await look(page, 'tour-phone-dark');
    await page.keyboard.press('ArrowUp');
    await until(() => page.evaluate(() => document.activeElement.id === 'polling'), 'the first stop again');
  });

  it('live through a crash of the server, and say so', async () => {
    const page = await open('/ticker', { allow: /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE|ERR_CONNECTION_RESET/ });
    await page.locator('#rows tr').first().waitFor();
    await server.stop('SIGKILL');
    await page.locator('#status[data-status=reconnecting]').waitFor();
    assert.match(await text(page, '#status'), /Reconnecting/);
    await look(page, 'reconnecting');
    await server.run();
    await page.locator('#status[data-status=connected]').waitFor();
    const prices = (await page.locator('#rows .price').allTextContents()).join();
    await until(async () => (await page.locator('#rows .price').allTextContents()).join() !== prices, 'new prices');
  });

  it('say goodbye when they are left', async () => {
    const page = await open('/ticker');
    const id = await page.evaluate(() => window.halley.clientId);
    assert.ok((await server.sessions()).includes(id));
    await page.goto('about:blank');
    await until(async () => !(await server.sessions()).includes(id), 'its end');
  });
});

describe('the pages of a server with a mount of its own', () => {
  it('find it', async () => {
    const moved = await Server.start('--mount', '/live/feed');
    const page = await browser.context.newPage();
    try {
      for (const path of ['/', '/ticker', '/chat', '/tour']) {
        await page.goto(moved.origin + path);
        await page.locator('#status[data-status=connected]').waitFor();
      }
    } finally {
      await moved.stop('SIGKILL');
    }
  });
});

describe('an empty market', () => {
  it('tells how to fill it', async () => {
    const quiet = await Server.start();
    const page = await browser.context.newPage();
    await page.setViewportSize(PHONE);
    try {
      await page.goto(quiet.origin + '/ticker');
      await page.locator('#status[data-status=connected]').waitFor();
      assert.match(await page.locator('#empty').textContent(), /halley serve --demo/);
      await look(page, 'ticker-empty-phone');
      await page.goto(quiet.origin + '/');
      await page.locator('#status[data-status=connected]').waitFor();
      await look(page, 'home-phone', true);
      await subscribed(page, '/stock/*');
      await quiet.publish('/stock/HLY', { symbol: 'HLY', price: 101.25 });
      await page.locator('#market li').waitFor();
      assert.equal(await page.locator('#market-empty').isVisible(), false);
    } finally {
      await quiet.stop('SIGKILL');
    }
  });
});
