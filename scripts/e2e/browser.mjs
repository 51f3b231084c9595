// Debian's Chromium, and pages in it that hold a client library.
import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { host, until } from './server.mjs';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
  // The empty pages that we hand to the browser come from no address, which it takes for a public one.
  '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets'];
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript' };

/** Starts a browser with an empty profile and further flags; close() ends it and removes the profile. */
export async function launch(...flags) {
  const profile = await mkdtemp(join(tmpdir(), 'halley-browser-'));
  const executablePath = process.env.CHROMIUM || '/usr/bin/chromium';
  const timeout = 90000; // a busy machine takes its time
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: [...FLAGS, ...flags], headless: true, timeout });
  context.setDefaultTimeout(timeout);
  const close = async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { context, close };
}

/** What a test page may load below /e2e/: an empty document, the libraries, the adapters. */
async function file(path) {
  const name = path.replace(/^\/e2e\//, '');
  if (name === 'blank.html') return '<!doctype html><meta charset="utf-8"><title>e2e</title><link rel="icon" href="data:,">';
  const folder = { cometd: 'node_modules/cometd/', faye: 'node_modules/faye/client/' }[name.split('/')[0]] ?? '';
  return readFile(fileURLToPath(new URL(folder + basename(name), import.meta.url)), 'utf8');
}

/** A host of test pages that is no halley: another origin. */
export async function otherOrigin() {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://any').pathname;
    response.writeHead(200, { 'Content-Type': TYPES[extname(path)] }).end(await file(path));
  });
  await new Promise((resolve) => server.listen(0, host, resolve));
  const close = () => { server.closeAllConnections(); server.close(); };
  return { origin: `http://${host}:${server.address().port}`, close };
}

/** Opens an empty page at the origin; if that is halley's own, the browser is made to find our files there. */
export async function blankPage(context, origin, ours) {
  const page = await context.newPage();
  if (ours) {
    await page.route(origin + '/e2e/**', async (route) => {
      const path = new URL(route.request().url()).pathname;
      await route.fulfill({ contentType: TYPES[extname(path)], body: await file(path) });
    });
  }
  await page.goto(origin + '/e2e/blank.html');
  return page;
}

/** A client of clients.mjs that lives in a page; the same face, every answer a promise. */
class PageClient {
  constructor(page) {
    this.page = page;
    this.errors = [];
    page.on('pageerror', (error) => this.errors.push(error.message));
    for (const name of ['open', 'subscribe', 'unsubscribe', 'publish', 'batch', 'pace', 'close', 'type', 'id']) {
      this[name] = (...args) => page.evaluate(([verb, list]) => window.client[verb](...list), [name, args]);
    }
  }

  get inbox() {
    return this.page.evaluate(() => window.client.inbox);
  }

  /** Closes the page; fails if anything in it threw. */
  async dispose() {
    await this.page.close();
    if (this.errors.length) throw new Error('errors in the page: ' + this.errors.join('; '));
  }
}

/** Runs in a page, before halley.js: a websocket or event-stream has to open in 5 s, which a busy machine may take. */
export function unhurried() {
  const { setTimeout } = window;
  window.setTimeout = (act, ms, ...rest) => setTimeout(act, ms === 5000 ? 60000 : ms, ...rest);
}

/** Waits until the client of a halley page hears a channel for certain: it may be connected before. */
export const subscribed = (page, channel) => until(() => page.evaluate((name) => window.halley.granted.has(name), channel), 'the subscription to ' + channel);

/** Puts a client into a page at `origin`, which talks to `url` by one connection type. */
export async function openInPage(context, { library, origin, url, type }) {
  const page = await blankPage(context, origin, url.startsWith(origin + '/'));
  const client = new PageClient(page);
  if (library === 'faye') await page.addScriptTag({ url: '/e2e/faye/faye-browser-min.js' });
  if (library === 'halley') {
    await page.evaluate(unhurried);
    await page.addScriptTag({ url: new URL('/halley.js', url).href });
  }
  await page.evaluate(async ([name, address, connectionType]) => {
    const { CometdClient, FayeClient, HalleyClient } = await import('/e2e/clients.mjs');
    window.client = {
      cometd: async () => new CometdClient(await import('/e2e/cometd/cometd.js'), address, connectionType),
      faye: () => new FayeClient(window.Faye, address, connectionType),
      halley: () => new HalleyClient(window, address, connectionType),
    }[name]();
    window.client = await window.client;
  }, [library, url, type]);
  return client;
}
