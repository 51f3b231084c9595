// The pages when something is wrong: the server gone, frozen or slow, a bad address, no scripts; wide and narrow,
// light and dark. Pictures of them go to the folder that E2E_SHOTS names.
import { after, afterEach, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Server, pause, until } from './server.mjs';
import { launch, subscribed, unhurried } from './browser.mjs';

const VIEWS = [
  { name: 'wide', size: { width: 1440, height: 900 }, scheme: 'light' },
  { name: 'wide-dark', size: { width: 1440, height: 900 }, scheme: 'dark' },
  { name: 'phone', size: { width: 390, height: 844 }, scheme: 'light', hover: 'none' },
  { name: 'phone-dark', size: { width: 390, height: 844 }, scheme: 'dark', hover: 'none' },
];
const [WIDE] = VIEWS;
const shots = process.env.E2E_SHOTS;
if (shots) mkdirSync(shots, { recursive: true });

let server, browser;

async function open(path, view = WIDE, wait = true) {
  const page = await browser.context.newPage();
  page.errors = [];
  page.on('pageerror', (error) => page.errors.push(error.message));
  await page.addInitScript(unhurried);
  await page.setViewportSize(view.size);
  await page.emulateMedia({ colorScheme: view.scheme });
  await page.goto(server.origin + path);
  if (wait) await connected(page);
  return page;
}

const connected = (page) => page.locator('#status[data-status=connected]').waitFor();
const text = (page, selector) => page.locator(selector).first().textContent();

/** Nothing sticks out at the side, and no script has failed; takes the picture if one is wanted. */
async function look(page, name, fullPage = false) {
  await page.bringToFront();
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.equal(over, 0, `${name} is ${over} px too wide`);
  assert.deepEqual(page.errors, []);
  if (shots) await page.screenshot({ path: join(shots, name + '.png'), fullPage });
}

/** The least contrast between the words of an element and what is behind them, each as it is painted. */
function contrast(page, selector) {
  return page.evaluate((within) => {
    const rgb = (color) => {
      const pen = new OffscreenCanvas(1, 1).getContext('2d');
      pen.fillStyle = color;
      pen.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
      return { parts: [r, g, b], a: a / 255 };
    };
    const over = (top, a, below) => top.map((part, i) => part * a + below[i] * (1 - a));
    const light = (parts) => parts.map((part) => part / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
      .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    let least = { ratio: 21 };
    for (const element of document.querySelectorAll(`${within}, ${within} *`)) {
      const words = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join('').trim();
      if (!words || !element.checkVisibility({ visibilityProperty: true })) continue;
      const parents = [];
      for (let at = element; at; at = at.parentElement) parents.unshift(at);
      let paper = [255, 255, 255];
      let ink = [0, 0, 0];
      let opacity = 1;
      for (const parent of parents) {
        const style = getComputedStyle(parent);
        opacity *= Number(style.opacity);
        const background = rgb(style.backgroundColor);
        paper = over(background.parts, background.a * opacity, paper);
        ink = over(rgb(style.color).parts, opacity, paper);
      }
      const [high, low] = [light(ink), light(paper)].sort((a, b) => b - a);
      const ratio = (high + 0.05) / (low + 0.05);
      if (ratio < least.ratio) least = { ratio, words: words.slice(0, 40) };
    }
    return least;
  }, selector);
}

async function readable(page, selector, name) {
  const { ratio, words } = await contrast(page, selector);
  assert.ok(ratio >= 4.5, `${name}: ${ratio.toFixed(2)} of “${words}”`);
}

before(async () => {
  server = await Server.start('--demo');
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop('SIGKILL');
});
afterEach(async () => {
  for (const page of browser.context.pages()) await page.close();
  if (server.process.exitCode !== null || server.process.signalCode) await server.run(); // a test failed half-way
});

describe('a server that is gone', () => {
  it('leaves pages that say so, and when they try again; they are live when it is back', async () => {
    const pages = [];
    for (const view of VIEWS) {
      for (const path of ['/', '/ticker', '/chat#gone']) pages.push([await open(path, view), view, path]);
    }
    const [home, ticker, chat] = ['/', '/ticker', '/chat#gone'].map((path) => pages.filter((entry) => entry[2] === path));
    for (const [page] of ticker) await page.locator('#rows tr').nth(9).waitFor();
    for (const [page] of home) await page.locator('#market li').nth(4).waitFor();
    for (const [page] of chat) {
      await page.locator('#text').fill('Is anybody there?');
      await page.locator('#text').press('Enter');
    }
    for (const [page] of chat) await page.locator('#log .what').nth(VIEWS.length - 1).waitFor();
    const heights = new Map();
    for (const [page] of pages) heights.set(page, (await page.locator('.top').boundingBox()).height);
    await server.stop('SIGKILL');
    for (const [page, view, path] of pages) {
      const name = `gone-${path.match(/\w*/g).find(Boolean) || 'home'}-${view.name}`;
      await page.bringToFront();
      await page.locator('#status[data-status=reconnecting]').waitFor();
      await until(async () => /in \d+ s/.test(await text(page, '#status')), 'when it tries again');
      if (path === '/chat#gone') {
        await page.locator('#text').fill('Hello, wall.');
        await page.locator('#text').press('Enter');
        await page.locator('#log .waiting').waitFor();
        assert.match(await text(page, '#log .waiting'), /Waiting for the connection.*Hello, wall\./);
      }
      if (path === '/ticker') {
        await page.locator('#board.stale').waitFor();
        assert.match(await page.locator('#age').innerText(), /Not live: prices of \d/);
        await until(() => page.evaluate(() => !document.getAnimations().length), 'the last flash to end');
        await readable(page, '#board', name);
      }
      if (path === '/') await until(async () => /^Not live/.test(await text(page, '#rate')), 'the age');
      await readable(page, '.top', name);
      assert.equal((await page.locator('.top').boundingBox()).height, heights.get(page), name + ': the header grows');
      await look(page, name);
    }
    await server.run();
    for (const [page] of pages) {
      await page.bringToFront();
      await page.evaluate(() => document.querySelector('#status button')?.click());
    }
    for (const [page, , path] of pages) {
      await page.bringToFront();
      await connected(page);
      if (path === '/ticker') await page.locator('#board:not(.stale)').waitFor();
      if (path === '/') await until(async () => /messages\/s/.test(await text(page, '#rate')), 'the rate');
      if (path === '/chat#gone') {
        await until(async () => !await page.locator('#log .waiting').count(), 'the words to be sent');
        await page.locator('#log .what', { hasText: 'Hello, wall.' }).nth(VIEWS.length - 1).waitFor();
      }
    }
  });

  it('is asked again at once by the button', async () => {
    const page = await open('/ticker');
    await page.evaluate(() => { window.halley.options.backoff = window.halley.options.maxBackoff = 60000; });
    await server.stop('SIGKILL');
    await until(async () => /in [345]\d s/.test(await text(page, '#status')), 'a long pause');
    await server.run();
    await page.getByRole('button', { name: 'Now' }).click();
    await connected(page);
    assert.match(await text(page, '#status'), /^\s*Live · \w+$/);
  });
});

it('a server that is frozen leaves prices that tell their age', async () => {
  const page = await open('/ticker');
  await page.locator('#rows tr').nth(4).waitFor();
  server.process.kill('SIGSTOP');
  try {
    await until(async () => /No trade since \d/.test(await text(page, '#age')), 'the age');
    await page.locator('#board.stale').waitFor();
    await look(page, 'frozen');
  } finally {
    server.process.kill('SIGCONT');
  }
  await page.locator('#age').waitFor({ state: 'hidden' });
  await page.locator('#full-note').waitFor();
});

it('a slow link shows pages and prices all the same', async () => {
  const page = await open('/chat', WIDE);
  const session = await browser.context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', { offline: false, latency: 300, downloadThroughput: 20000, uploadThroughput: 5000 });
  await page.goto(server.origin + '/ticker?transport=long-polling');
  await page.locator('#slow').check();
  await connected(page);
  await page.locator('#rows tr').nth(4).waitFor();
  await look(page, 'slow');
});

describe('the switch for slow links', () => {
  for (const view of VIEWS.filter(({ scheme }) => scheme === 'light')) {
    it('moves nothing: ' + view.name, async () => {
      const page = await open('/ticker', view);
      await page.locator('#rows tr').nth(4).waitFor();
      const place = async () => (await page.locator('#board').boundingBox()).y;
      const before = await place();
      await page.locator('#slow').check();
      await page.locator('#slow-note').waitFor();
      assert.equal(await place(), before);
      await page.locator('#skips').waitFor();
      assert.equal(await place(), before);
      await look(page, 'switch-' + view.name);
    });
  }
});

describe('the chat', () => {
  for (const hash of ['#%E0%A4%A', '#%', '#%00', '#../../meta/connect', '#' + 'x'.repeat(5000)]) {
    it(`opens whatever the address says: ${hash.slice(0, 20)}`, async () => {
      const page = await open('/chat' + hash);
      assert.match(await text(page, '#here'), /^#[a-z0-9_-]{1,24}$/);
      await page.locator('#text').fill('Anybody?');
      await page.locator('#text').press('Enter');
      await page.locator('#log .what').first().waitFor();
      assert.deepEqual(page.errors, []);
    });
  }

  it('keeps what was said over a reload', async () => {
    const page = await open('/chat#kept');
    for (const words of ['one', 'two', 'three']) {
      await page.locator('#text').fill(words);
      await page.locator('#text').press('Enter');
      await page.locator('#log .what', { hasText: words }).waitFor();
    }
    await page.reload();
    await connected(page);
    await page.locator('#log .what').nth(2).waitFor();
    assert.deepEqual(await page.locator('#log .what').allTextContents(), ['one', 'two', 'three']);
    assert.equal(await page.locator('#log .mine').count(), 3);
    const other = await open('/chat#other');
    await other.locator('#room').fill('kept');
    await other.locator('#room').press('Enter');
    await other.locator('#log .what').nth(2).waitFor();
    assert.equal(await other.locator('.unread').count(), 0);
  });
});

it('the start page shows symbols that are traded, not the first that were', async () => {
  const quiet = await Server.start();
  try {
    const page = await browser.context.newPage();
    await page.clock.install();
    await page.goto(quiet.origin + '/');
    await connected(page);
    await subscribed(page, '/stock/*');
    await page.evaluate(() => {
      window.traded = [];
      window.halley.subscribe('/stock/*', ({ symbol }) => window.traded.push(symbol));
    });
    /** Trades, and waits until the page knows: its clock, which is about to run fast, may end a connection that is slow. */
    const trade = async (...symbols) => {
      const before = await page.evaluate(() => window.traded.length);
      for (const symbol of symbols) await quiet.publish('/stock/' + symbol, { symbol, price: 7 });
      await until(async () => (await page.evaluate(() => window.traded.length)) === before + symbols.length, 'the trades');
    };
    const shown = () => page.locator('#market li strong').allTextContents();
    await trade('A', 'B', 'C', 'D', 'E');
    await until(async () => (await shown()).length === 5, 'five symbols');
    await page.clock.fastForward(20000);
    await trade('F', 'C', 'G');
    await until(async () => {
      await page.clock.runFor(1000);
      return /F/.test(await shown()) && /G/.test(await shown());
    }, 'the others');
    assert.equal((await shown()).length, 5);
    assert.equal((await shown())[2], 'C');
  } finally {
    await quiet.stop('SIGKILL');
  }
});

describe('the tour', () => {
  for (const view of VIEWS) {
    it('can be read at every stop, and sends from each: ' + view.name, async () => {
      const page = await open('/tour', view);
      const ids = await page.locator('.stop').evaluateAll((all) => all.map((stop) => stop.id));
      await look(page, 'tour-' + view.name);
      for (const id of ids) {
        await page.evaluate((name) => document.getElementById(name).scrollIntoView({ behavior: 'instant' }), id);
        const box = await page.locator('#send').boundingBox();
        assert.ok(box && box.y >= 0 && box.y + box.height < view.size.height && box.x + box.width <= view.size.width, `${id}: ${JSON.stringify(box)}`);
      }
      await readable(page, 'main', view.name);
      await look(page, 'tour-end-' + view.name);
      await page.evaluate(() => {
        document.getElementById('long-polling').scrollIntoView({ behavior: 'instant' });
        const text = document.querySelector('#long-polling .text'); // shows the last message, which the next price follows soon
        window.heard = '';
        new MutationObserver(() => { window.heard += text.textContent; }).observe(text, { childList: true });
      });
      await until(() => page.evaluate(() => window.heard), 'a price, by a session that listens');
      const box = await page.locator('#send').boundingBox();
      // A busy machine draws so seldom that a price may replace the message before it was seen.
      await until(async () => {
        await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
        await pause(200);
        return /Hello from the tour/.test(await page.evaluate(() => window.heard));
      }, 'the message');
      await look(page, 'tour-stop-' + view.name);
    });
  }

  it('tells phones nothing of arrow keys', async () => {
    const page = await open('/tour', VIEWS[2]);
    assert.equal(await page.locator('.keys').isVisible(), true);
    const session = await browser.context.newCDPSession(page);
    await session.send('Emulation.setTouchEmulationEnabled', { enabled: true });
    await session.send('Emulation.setDeviceMetricsOverride', { ...VIEWS[2].size, deviceScaleFactor: 2, mobile: true });
    assert.equal(await page.locator('.keys').isVisible(), false);
  });
});

it('without scripts the pages say what is missing', async () => {
  const context = await browser.context.browser()?.newContext({ javaScriptEnabled: false });
  const page = await (context ?? browser.context).newPage();
  if (!context) await (await browser.context.newCDPSession(page)).send('Emulation.setScriptExecutionDisabled', { value: true });
  for (const path of ['/', '/ticker', '/chat', '/tour']) {
    await page.goto(server.origin + path);
    assert.match(await text(page, '.scriptless'), /JavaScript/);
    assert.equal(await page.locator('#status').isVisible(), false);
    if (shots) await page.screenshot({ path: join(shots, `scriptless${path.replace('/', '-')}.png`) });
  }
  await context?.close();
});

it('the commands are for this server, and what pages load is packed', async () => {
  const page = await open('/');
  assert.ok((await text(page, '#curl')).endsWith(server.internal + '/publish'));
  await subscribed(page, '/demo/hello');
  await server.publish('/demo/hello', 'by the same port');
  await page.locator('#landed li').waitFor();
  for (const path of ['/', '/halley.js', '/halley.css']) {
    const response = await fetch(server.origin + path, { headers: { 'Accept-Encoding': 'gzip' } });
    assert.equal(response.headers.get('content-encoding'), 'gzip');
    assert.ok(Number(response.headers.get('content-length')) < (await response.text()).length / 2, path);
  }
});
