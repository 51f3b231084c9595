// A scripted Bayeux server and a page without a browser, for the tests of halley.js.
import http from 'node:http';
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

const source = readFileSync(new URL('../assets/halley.js', import.meta.url), 'utf8');

/** Resolves once check() is truthy, to what it returned; fails with what was awaited. */
export async function until(check, what, ms = 5000) {
  for (const end = Date.now() + ms; Date.now() < end; await pause(5)) {
    const value = check();
    if (value) return value;
  }
  throw new Error('waited in vain for ' + what);
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * A server that answers each message by the function under its channel's name
 * in `script` (or `publish`); a function may return nothing, one reply or many,
 * or a promise of them. `requests` keeps every batch that arrived.
 */
export class FakeServer {
  constructor() {
    this.requests = [];
    this.held = [];
    this.sessions = 0;
    this.script = {
      '/meta/handshake': () => this.welcome(),
      '/meta/connect': (message) => (message.advice ? {} : this.hold()),
      '/meta/subscribe': () => ({}),
      '/meta/unsubscribe': () => ({}),
      '/meta/disconnect': () => ({}),
      publish: () => ({}),
    };
    this.http = http.createServer((request, response) => this.serve(request, response));
  }

  async start() {
    await new Promise((resolve) => this.http.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.http.address().port}/bayeux`;
    return this;
  }

  stop() {
    this.http.closeAllConnections();
    return new Promise((resolve) => this.http.close(resolve));
  }

  welcome(advice) {
    return {
      version: '1.0', clientId: 'session' + ++this.sessions,
      supportedConnectionTypes: ['long-polling', 'callback-polling'],
      advice: { reconnect: 'retry', interval: 0, timeout: 2000, ...advice },
    };
  }

  /** Holds a connect until answer() is called. */
  hold() {
    return new Promise((resolve) => this.held.push(resolve));
  }

  /** Answers the oldest held connect: messages first, the reply with `fields` last. */
  answer(messages = [], fields = {}) {
    this.held.shift()([...messages, fields]);
  }

  /** All messages on a channel so far, in the order of arrival. */
  seen(channel) {
    return this.requests.flatMap((request) => request.messages).filter((m) => m.channel === channel);
  }

  async serve(request, response) {
    let body = '';
    for await (const chunk of request) body += chunk;
    const query = new URL(request.url, this.url).searchParams;
    const form = /form/.test(request.headers['content-type']);
    const text = request.method === 'GET' ? query.get('message') : form ? new URLSearchParams(body).get('message') : body;
    const messages = JSON.parse(text);
    this.requests.push({ method: request.method, callback: query.get('jsonp'), form, messages });
    if (this.status) return response.writeHead(this.status).end();
    const replies = (await Promise.all(messages.map((message) => this.reply(message)))).flat();
    const json = JSON.stringify(replies);
    response.end(query.has('jsonp') ? `/**/${query.get('jsonp')}(${json});` : json);
  }

  async reply(message) {
    const act = this.script[message.channel] ?? this.script.publish;
    const replies = [await act(message)].flat();
    const last = { channel: message.channel, id: message.id, successful: true, ...replies.pop() };
    return [...replies, last];
  }
}

/**
 * A page at `origin` with halley.js loaded; script elements fetch and run, as
 * far as callback-polling needs it. `beacons` keeps what was sent on the way out,
 * `errors` what surfaced in a timer.
 */
export function page(origin, network = fetch) {
  const listeners = {};
  const beacons = [];
  const window = {
    location: new URL(origin),
    document: { baseURI: origin, createElement: () => new Script(context), head: { appendChild: (s) => s.run(network) } },
    navigator: { sendBeacon: (url, body) => beacons.push({ url, body: String(body) }) },
    addEventListener: (name, fn) => { (listeners[name] ??= []).push(fn); },
  };
  const context = vm.createContext({
    window, fetch: network, URL, URLSearchParams, AbortController, encodeURIComponent, clearTimeout,
    setTimeout: (fn, ms) => setTimeout(() => attempt(fn, window.errors), ms).unref(),
  });
  window.fire = (name, event = {}) => listeners[name].forEach((fn) => fn(event));
  window.beacons = beacons;
  window.errors = [];
  vm.runInContext(source, context, { filename: 'halley.js' });
  return window;
}

function attempt(fn, errors) {
  try {
    fn();
  } catch (error) {
    errors.push(error);
  }
}

class Script {
  constructor(context) {
    this.context = context;
  }

  async run(network) {
    try {
      const code = await (await network(this.src)).text();
      // In a browser the callbacks are globals; here they live on the window.
      vm.runInContext(`with (window) { ${code} }`, this.context);
    } catch {
      this.onerror();
    }
  }

  remove() {}
}
