// halley.js as people take it in: installed from a server, through a bundler, in React, in Node, in workers, and typed.
// The React hook and the snippets are those of the README.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { Server, host, until } from './server.mjs';
import { launch, openInPage } from './browser.mjs';

const run = promisify(execFile);
const here = new URL('.', import.meta.url).pathname;
const TYPES = { '.html': 'text/html', '.js': 'text/javascript' };

/** The code of the README that uses our client: its blocks in js and ts, and the scripts of its HTML. Servers in Node are not. */
async function snippets() {
  const text = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```(js|ts|html)\n(.*?)^```/gms)].map(([, kind, code]) => ({ kind, code }));
  return blocks.filter(({ code }) => !code.includes('from "node:')).flatMap(({ kind, code }) => (kind !== 'html' ? [code] : [...code.matchAll(/<script>(.*?)<\/script>/gs)].map((match) => match[1])));
}

let server, project, site, browser, code;
const file = (name, text) => writeFile(join(project, name), text);

/** A web site of what the bundler made, on an origin of its own. */
async function siteOf() {
  const http = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://any').pathname;
    const body = await readFile(join(project, 'dist', path === '/' ? 'index.html' : path)).catch(() => null);
    response.writeHead(body ? 200 : 404, { 'Content-Type': TYPES[extname(path)] ?? 'text/html' }).end(body);
  });
  await new Promise((resolve) => http.listen(0, host, resolve));
  return { origin: `http://${host}:${http.address().port}`, close: () => { http.closeAllConnections(); http.close(); } };
}

const sessions = async () => (await server.sessions()).length;

before(async () => {
  project = await mkdtemp(join(tmpdir(), 'halley-ways-'));
  site = await siteOf();
  server = await Server.start('--allow-origin', site.origin);
  code = await snippets();
  await file('package.json', '{"name": "ways", "private": true, "type": "module"}');
  await run('npm', ['install', '--no-audit', '--no-fund', '--no-update-notifier', server.origin + '/halley.tgz'], { cwd: project });
  await mkdir(join(project, 'node_modules/@types'));
  for (const name of ['react', 'react-dom', '@types/react', '@types/react-dom']) {
    await symlink(join(here, 'node_modules', name), join(project, 'node_modules', name));
  }
  browser = await launch();
});

after(async () => {
  await browser?.close();
  site?.close();
  await server?.stop('SIGKILL');
  await rm(project, { recursive: true, force: true });
});

it('a server gives its client to npm, under the name that is ours', async () => {
  const { name, version } = JSON.parse(await readFile(join(project, 'node_modules/@halley-comet/client/package.json'), 'utf8'));
  const banner = (await (await fetch(server.origin + '/halley.js')).text()).split('\n')[0];
  assert.equal(name, '@halley-comet/client');
  assert.equal(banner, `/*! halley.js ${version}, MIT licence */`);
});

it("the README's snippets and our types pass tsc --strict", async () => {
  assert.ok(code.length >= 6, `${code.length} snippets`);
  await mkdir(join(project, 'readme'));
  for (const [i, text] of code.entries()) await file(`readme/${i}.ts`, text + '\nexport {};\n');
  await cp(join(project, 'node_modules/@halley-comet/client/halley.d.mts'), join(project, 'readme/halley.d.mts'));
  await file('readme/ambient.d.ts', `
    declare module 'http://localhost:8080/halley.mjs' {
      export * from '@halley-comet/client';
      export { default } from '@halley-comet/client';
    }
    declare class CometD {
      init(options: { url: string }, done: () => void): void;
      subscribe(channel: string, listener: (message: { data: unknown }) => void): void;
    }
    declare namespace Faye {
      class Client {
        constructor(url: string);
        subscribe(channel: string, listener: (data: unknown) => void): void;
      }
    }
    declare function show(data: unknown): void;
    declare function draw(data: unknown): void;
  `);
  await file('tsconfig.json', JSON.stringify({
    compilerOptions: { strict: true, noEmit: true, target: 'es2022', lib: ['es2022', 'dom'], module: 'esnext', moduleResolution: 'bundler', types: ['react'] },
    include: ['readme'],
  }));
  await run(join(here, 'node_modules/.bin/tsc'), ['-p', '.'], { cwd: project }).catch(({ stdout, message }) => assert.fail(stdout || message));
});

it('runs in Node, and lets it end', async () => {
  await file('node.mjs', `
    import halley, { Client } from '@halley-comet/client';
    halley.init(process.argv[2]);
    const heard = new Promise((resolve) => { halley.subscribe('/node', resolve).ready.then(() => halley.publish('/node', 'by itself')); });
    console.log(await heard, halley instanceof Client, halley.transport);
    await halley.disconnect();
  `);
  const { stdout, stderr } = await run(process.execPath, ['node.mjs', server.url], { cwd: project, timeout: 90000 });
  assert.match(stdout, /^by itself true (websocket|xhr-streaming)\n$/);
  assert.equal(stderr, '');
  await until(async () => (await sessions()) === 0, 'its session to end');
});

describe('in a worker', () => {
  const LOAD = {
    module: (origin) => `import halley from '${origin}/halley.mjs';`,
    classic: (origin) => `importScripts('${origin}/halley.js');`,
  };
  for (const type of ['module', 'classic']) {
    it(`that is ${type} it runs over each transport of workers`, async () => {
      const client = await openInPage(browser.context, { library: 'halley', type: 'websocket', url: server.url, origin: server.origin });
      const names = ['websocket', 'eventsource', 'xhr-streaming', 'long-polling', 'polling'];
      const heard = await client.page.evaluate(([load, url, kind, all]) => new Promise((resolve, reject) => {
        const source = load + `
          const hear = async () => {
            const heard = [];
            for (const name of ${JSON.stringify(all)}) {
              halley.init('${url}', { transports: [name] });
              const sub = halley.subscribe('/worker', (data) => heard.push(data));
              await sub.ready;
              await halley.publish('/worker', name);
              while (!heard.includes(name)) await new Promise((next) => setTimeout(next, 10));
              sub.unsubscribe();
              await halley.disconnect();
            }
            postMessage(heard);
          };
          hear().catch((error) => postMessage(String(error)));`;
        const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })), { type: kind });
        worker.onmessage = (event) => resolve(event.data);
        worker.onerror = (event) => reject(new Error(event.message));
      }), [LOAD[type](server.origin), server.url, type, names]);
      assert.deepEqual(heard, names);
      await client.dispose();
      await until(async () => (await sessions()) === 0, 'the sessions to end');
    });
  }
});

describe('through a bundler', () => {
  before(async () => {
    const hooks = code.find((text) => text.includes('useSyncExternalStore'));
    assert.ok(hooks, 'the README has no React hook');
    await file('hooks.ts', hooks);
    await file('index.html', '<!doctype html><title>ways</title><link rel="icon" href="data:,"><div id="app"></div><script type="module" src="./main.ts"></script>');
    await file('main.ts', `
      import { StrictMode, createElement, useState } from 'react';
      import { createRoot } from 'react-dom/client';
      import halley from '@halley-comet/client';
      import { useChannel, useHalley } from './hooks.ts';

      function App() {
        const [url, setUrl] = useState(location.hash.slice(1));
        const [channel, setChannel] = useState('/a');
        const status = useHalley(url);
        const data = useChannel<string>(channel);
        Object.assign(window, { setUrl, setChannel });
        return createElement('p', null, status + ' ' + channel + ' ' + data);
      }
      const root = createRoot(document.getElementById('app')!);
      Object.assign(window, { root, client: halley });
      root.render(createElement(StrictMode, null, createElement(App)));
    `);
    const { build } = await import('vite');
    await build({
      root: project, mode: 'development', logLevel: 'warn', configFile: false,
      define: { 'process.env.NODE_ENV': '"development"' }, // in which StrictMode runs each effect twice
      build: { minify: false },
    });
  });

  it('is built, with the code for sharing in a file of its own', async () => {
    const files = await readdir(join(project, 'dist/assets'));
    const scripts = await Promise.all(files.map((name) => readFile(join(project, 'dist/assets', name), 'utf8')));
    assert.equal(scripts.filter((text) => text.includes('/meta/handshake') && text.includes('supportedConnectionTypes')).length, 2, String(files));
    assert.equal(scripts.filter((text) => text.includes('BroadcastChannel(')).length, 1);
  });

  it('runs under React, whose StrictMode does all twice: one session, whatever changes, and none at the end', async () => {
    const page = await browser.context.newPage();
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await page.goto(`${site.origin}/#${server.url}`);
    const shows = (text) => until(async () => (await page.locator('p').textContent().catch(() => '')) === text, text);
    await shows('connected /a undefined');
    await until(async () => (await sessions()) === 1, 'its session, and none before it');
    const subscribed = (channel) => until(() => page.evaluate((name) => window.client.granted.has(name), channel), channel);
    await subscribed('/a');
    await server.publish('/a', 'one');
    await shows('connected /a one');
    await page.evaluate(() => window.setChannel('/b'));
    await subscribed('/b');
    await server.publish('/a', 'two');
    await server.publish('/b', 'three');
    await shows('connected /b three');
    for (const path of ['/cometd', '/bayeux', '/cometd']) {
      const before = await page.evaluate(() => window.client.clientId);
      await page.evaluate((url) => window.setUrl(url), server.origin + path);
      await until(() => page.evaluate((id) => window.client.status === 'connected' && window.client.clientId !== id, before), 'another session');
    }
    await until(async () => (await sessions()) === 1, 'one session');
    await subscribed('/b');
    await server.publish('/b', 'four');
    await shows('connected /b four');
    await page.evaluate(() => window.root.unmount());
    await until(async () => (await sessions()) === 0, 'the session to end');
    assert.deepEqual(errors, []);
    await page.close();
  });
});
