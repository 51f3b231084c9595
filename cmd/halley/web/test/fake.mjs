// A scripted Bayeux server and a page without a browser, for the tests of halley.js.
import http from 'node:http';
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

// What browsers load, with the window of the page as its global object.
const script = readFileSync(new URL('../dist/halley.js', import.meta.url), 'utf8');
const source = `(function (globalThis) {${script}\n})(window);`;
const ALL = ['websocket', 'eventsource', 'xhr-streaming', 'long-polling', 'callback-polling'];

/** Resolves once check() is truthy, to what it returned; fails with what was awaited. A busy machine takes its time. */
export async function until(check, what, ms = 60000) {
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
    this.sockets = [];
    this.streams = []; // responses that are open, event-streams and others
    this.more = [];    // messages that follow the first line of a stream, each on a line of its own
    this.sessions = 0;
    this.script = {
      '/meta/handshake': () => this.welcome(),
      '/meta/connect': (message) => (message.advice || message.connectionType === 'xhr-streaming' ? {} : this.hold()),
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
      supportedConnectionTypes: ALL,
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

  /** Pushes messages on the newest stream or websocket. */
  push(...messages) {
    const text = JSON.stringify(messages);
    if (this.sockets.length) return this.sockets.at(-1).onmessage({ data: text });
    const stream = this.streams.at(-1);
    stream.write(stream.lines ? text + '\n' : `data: ${text}\n\n`);
  }

  async serve(request, response) {
    let body = '';
    if (/event-stream/.test(request.headers.accept)) return this.eventStream(request, response);
    for await (const chunk of request) body += chunk;
    const query = new URL(request.url, this.url).searchParams;
    const form = /form/.test(request.headers['content-type']);
    const text = request.method === 'GET' ? query.get('message') : form ? new URLSearchParams(body).get('message') : body;
    const messages = JSON.parse(text);
    this.requests.push({ method: request.method, headers: request.headers, callback: query.get('jsonp'), form, messages });
    if (this.status) return response.writeHead(this.status).end();
    const replies = await this.answers(messages);
    const json = JSON.stringify(replies);
    if (messages[0].connectionType === 'xhr-streaming' && replies.at(-1).successful) return this.lines(response, json);
    response.end(query.has('jsonp') ? `/**/${query.get('jsonp')}(${json});` : json);
  }

  eventStream(request, response) {
    this.requests.push({ method: 'GET', stream: request.url, messages: [] });
    if (this.streamStatus) return response.writeHead(this.streamStatus).end();
    if (!this.withholds) this.begin(response);
    this.streams.push(response);
  }

  begin(response) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('retry: 5000\n\n');
  }

  lines(response, json) {
    response.lines = true;
    if (this.beats) {
      const timer = setInterval(() => response.write('\n'), 5);
      return response.on('close', () => clearInterval(timer));
    }
    response.write([json, ...this.more.map((message) => JSON.stringify([message]))].join('\n') + '\n');
    this.streams.push(response);
  }

  /** Takes a websocket's frame. */
  async frame(socket, text) {
    const messages = JSON.parse(text);
    this.requests.push({ method: 'FRAME', messages });
    const replies = await this.answers(messages);
    if (socket.readyState === 1) socket.onmessage({ data: JSON.stringify(replies) });
  }

  async answers(messages) {
    return (await Promise.all(messages.map((message) => this.reply(message)))).flat();
  }

  async reply(message) {
    const act = this.script[message.channel] ?? this.script.publish;
    const replies = [await act(message)].flat();
    const last = { channel: message.channel, id: message.id, successful: true, ...replies.pop() };
    return [...replies, last];
  }
}

/** The part of EventSource that halley.js uses; it never comes back by itself. */
class Events {
  constructor(url) {
    this.readyState = 0;
    this.control = new AbortController();
    this.read(url).catch(() => {}).then(() => { if (this.readyState < 2) { this.readyState = 2; this.onerror(); } });
  }

  async read(url) {
    const response = await fetch(url, { headers: { Accept: 'text/event-stream' }, signal: this.control.signal });
    if (!response.ok) return;
    this.readyState = 1;
    this.onopen();
    let rest = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const events = (rest + chunk).split('\n\n');
      rest = events.pop();
      for (const data of events.filter((event) => event.startsWith('data: '))) this.onmessage({ data: data.slice(6) });
    }
  }

  close() {
    this.readyState = 2;
    this.control.abort();
  }
}

/** A websocket to a FakeServer without a wire; `server.refuse` closes it before it opens. */
function socketTo(server) {
  return class Socket {
    constructor(url) {
      Object.assign(this, { url, readyState: 0 });
      setTimeout(() => {
        if (server.refuse) return this.end();
        this.readyState = 1;
        server.sockets.push(this);
        this.onopen();
      }, 2);
    }

    send(text) {
      server.frame(this, text);
    }

    close() {
      setTimeout(() => this.end(), 2);
    }

    end(event) {
      if (this.readyState === 3) return;
      this.readyState = 3;
      server.sockets = server.sockets.filter((socket) => socket !== this);
      this.onclose(event);
    }
  };
}

/**
 * A page at `origin` with halley.js loaded; script elements fetch and run, as
 * far as callback-polling needs it. `beacons` keeps what was sent on the way out,
 * `errors` what surfaced in a timer, `told` what the console shows; `listening()` counts the listeners.
 * `now` is its clock, but not that of its timers.
 */
export function page(origin, network = fetch, server) {
  const listeners = {};
  const beacons = [];
  const window = {
    location: new URL(origin),
    document: { baseURI: origin, readyState: 'complete', createElement: () => new Script(context), head: { appendChild: (s) => s.run(network) } },
    navigator: { sendBeacon: (url, body) => beacons.push({ url, body: String(body) }) },
    addEventListener: (name, fn, { signal } = {}) => {
      const set = listeners[name] ??= new Set();
      set.add(fn);
      signal?.addEventListener('abort', () => set.delete(fn));
    },
    console: { error: (text) => window.told.push(text) },
    ReadableStream, TextDecoder, EventSource: server && Events, WebSocket: server && socketTo(server),
  };
  const context = vm.createContext({
    window, fetch: network, TextDecoder, TextEncoder, URL, URLSearchParams, AbortController, encodeURIComponent,
    setTimeout: (fn, ms) => new Timer(() => attempt(fn, window.errors), ms), clearTimeout: (timer) => timer?.clear(),
    Date: { now: () => window.now() },
  });
  window.fire = (name, event = {}) => listeners[name]?.forEach((fn) => fn(event));
  window.listening = () => Object.values(listeners).reduce((sum, set) => sum + set.size, 0);
  window.now = Date.now;
  window.beacons = beacons;
  window.told = [];
  window.errors = [];
  vm.runInContext(source, context, { filename: 'halley.js' });
  return window;
}

const LATE = 25; // ms

/** A timer of a page. One that is late, as on a busy machine, waits a little more: what has come meanwhile goes first, as if in time. */
class Timer {
  constructor(act, ms) {
    const due = performance.now() + ms;
    const wait = (then, time) => { this.handle = setTimeout(then, time).unref(); };
    wait(() => (performance.now() - due > LATE ? wait(act, LATE) : act()), ms);
  }

  clear() {
    clearTimeout(this.handle);
  }
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
