/*
 * halley.js: a Bayeux 1.0 client for browsers, in four functions.
 *
 *   halley.init('/bayeux');
 *   const sub = halley.subscribe('/stock/*', (data, message) => show(data));
 *   halley.publish('/chat/lobby', {text: 'hello'});
 *   halley.unsubscribe(sub);
 *
 * One request is held by the server until there is something to say, a second
 * one carries what this page says. All that is asked for within one tick goes
 * into one request. A lost session is opened again, subscriptions included.
 */
(function (root) {
'use strict';

const OPTIONS = {
  transports: ['long-polling', 'callback-polling'], // in order of preference
  networkDelay: 10000, // ms that a reply may take on top of the time it is held
  backoff: 500,        // ms, the first pause after a failure; it doubles
  maxBackoff: 30000,   // ms, the longest pause
  maxQueue: 1000,      // publishes that may wait for a session
  onStatus() {},       // (status, {transport, error, retryIn}) on every change
  onError() {},        // (error) for a refused or lost message
};
const ADVICE = {reconnect: 'retry', interval: 0, timeout: 60000, maxInterval: 0};
const SESSION_LOST = /^40[12]/; // 402 as the specification has it, 401 as Faye does
const MAX_BATCH = 100;          // messages in one request

/*
 * A transport is {usable(url), open(url, receive)}; open returns a link with
 *   limit                 URL-encoded bytes that one request should not exceed
 *   send(messages, wait)  a promise of the reply batch, rejected after wait ms
 *   close()               ends every request that is still open
 * A transport that is pushed to hands batches to receive whenever they come.
 */
const transports = {
  'long-polling': {usable: () => true, open: longPolling},
  'callback-polling': {usable: crossOrigin, open: callbackPolling},
};

function crossOrigin(url) {
  return new URL(url).origin !== root.location.origin;
}

function longPolling(url) {
  const open = new Set();
  // To another origin a form goes without a preflight request, JSON does not.
  const [type, encode] = crossOrigin(url)
    ? ['application/x-www-form-urlencoded', (text) => 'message=' + encodeURIComponent(text)]
    : ['application/json', (text) => text];
  return {
    limit: 32768,
    async send(messages, wait) {
      const control = new AbortController();
      const timer = setTimeout(() => control.abort(), wait);
      open.add(control);
      try {
        const response = await fetch(url, {
          method: 'POST', body: encode(JSON.stringify(messages)), headers: {'Content-Type': type},
          credentials: 'include', cache: 'no-store', signal: control.signal,
        });
        if (!response.ok) throw new Error('HTTP ' + response.status);
        return await response.json();
      } finally {
        clearTimeout(timer);
        open.delete(control);
      }
    },
    close() { open.forEach((control) => control.abort()); },
  };
}

let callbacks = 0; // one count for every link of the page: the names are global

function callbackPolling(url) {
  const open = new Set();
  return {
    limit: 1800,
    send: (messages, wait) => new Promise((resolve, reject) => {
      const name = 'halley_' + ++callbacks;
      const script = root.document.createElement('script');
      const settle = (outcome, value) => {
        clearTimeout(timer);
        open.delete(cancel);
        script.remove();
        root[name] = () => delete root[name]; // a late answer finds a function
        outcome(value);
      };
      const cancel = () => settle(reject, new Error('no answer'));
      const timer = setTimeout(cancel, wait);
      open.add(cancel);
      root[name] = (batch) => { settle(resolve, batch); delete root[name]; };
      script.onerror = cancel;
      script.src = url + (url.includes('?') ? '&' : '?') + 'jsonp=' + name +
        '&message=' + encodeURIComponent(JSON.stringify(messages));
      root.document.head.appendChild(script);
    }),
    close() { open.forEach((cancel) => cancel()); },
  };
}

/** Calls what the page gave us: its mistakes are its own and end nothing here. */
function call(fn, ...args) {
  try {
    fn(...args);
  } catch (error) {
    setTimeout(() => { throw error; });
  }
}

/** How many bytes of a URL a message takes, with room for its id and clientId. */
function cost(message) {
  return encodeURIComponent(JSON.stringify(message)).length + 150;
}

/** Whether a channel name matches a pattern that may end in * or **. */
function matches(pattern, channel) {
  if (pattern === channel) return true;
  const star = /^(.*\/)(\*\*?)$/.exec(pattern);
  if (!star || !channel.startsWith(star[1]) || channel === star[1]) return false;
  return star[2] === '**' || !channel.slice(star[1].length).includes('/');
}

class Client {
  constructor() {
    this.options = OPTIONS;
    this.advice = ADVICE;
    this.wanted = new Map(); // channel → set of this page's subscriptions
    this.held = new Set();   // channels that the session was told about
    this.queue = [];         // publishes that wait for a session or for their turn
    this.status = 'closed';  // connecting, connected, reconnecting, closed
    this.epoch = 0;          // grows whenever the loop that runs is to end
    this.ids = 0;
    if (root.addEventListener) {
      root.addEventListener('online', () => this.wake && this.wake());
      root.addEventListener('pagehide', () => this.leave());
      root.addEventListener('pageshow', (event) => event.persisted && this.left && this.start());
    }
  }

  /** Connects to a Bayeux server; a relative url counts from the page. */
  init(url, options) {
    this.options = Object.assign({}, OPTIONS, options);
    this.url = new URL(url, root.document.baseURI).href;
    const known = this.options.transports.filter((name) => transports[name]);
    const usable = known.filter((name) => transports[name].usable(this.url));
    this.names = usable.length ? usable : known;
    this.start();
  }

  /** Calls listener(data, message) for every message on a channel or pattern. */
  subscribe(channel, listener) {
    const subscription = {channel, listener};
    if (!this.wanted.has(channel)) this.wanted.set(channel, new Set());
    this.wanted.get(channel).add(subscription);
    this.schedule();
    return subscription;
  }

  /** Ends what subscribe returned; the server is told when a channel's last one goes. */
  unsubscribe(subscription) {
    const set = this.wanted.get(subscription.channel);
    if (!set || !set.delete(subscription)) return;
    if (!set.size) this.wanted.delete(subscription.channel);
    this.schedule();
  }

  /**
   * Publishes data on a channel. The promise tells what became of it; a message
   * whose request broke off is not repeated, for it may have arrived.
   */
  publish(channel, data) {
    const message = {channel, data: data === undefined ? null : data};
    const entry = {message, cost: cost(message), begin: () => this.queue.shift()};
    const promise = new Promise((resolve, reject) => {
      if (this.queue.length >= this.options.maxQueue) throw new Error('too many messages wait');
      this.queue.push(Object.assign(entry, {resolve, reject}));
      this.schedule();
    });
    entry.done = promise.catch((error) => call(this.options.onError, error));
    return promise;
  }

  /** Says what still waits, ends the session, and resolves when the server knows; init opens a new one. */
  async disconnect() {
    if (this.clientId) await Promise.all(this.queue.map((entry) => entry.done));
    const {link, clientId} = this;
    this.stop();
    if (!link) return;
    const goodbye = this.sign({channel: '/meta/disconnect', clientId});
    if (clientId) await link.send([goodbye], 2000).catch(() => {});
    link.close();
  }

  // A session's life: handshake, then one connect after the other.

  start() {
    if (this.link) this.link.close();
    this.stop();
    this.left = false;
    this.choice = 0;
    this.tell('connecting');
    this.loop(this.epoch);
  }

  stop(error) {
    this.epoch++;
    this.clientId = this.link = this.transport = null;
    this.tell('closed', error);
  }

  leave() {
    if (!this.clientId) return;
    const body = JSON.stringify([this.sign({channel: '/meta/disconnect', clientId: this.clientId})]);
    root.navigator.sendBeacon(this.url, new URLSearchParams({message: body}));
    this.link.close();
    this.stop();
    this.left = true;
  }

  async loop(epoch) {
    let failures = 0;
    while (epoch === this.epoch) {
      try {
        if (!this.clientId) await this.handshake();
        await this.connect();
        failures = 0;
        await this.sleep(this.advice.interval);
      } catch (error) {
        if (epoch !== this.epoch) return;
        // The first loss of a session is no trouble: a new one at once.
        const pause = error.lost && !failures ? 0 : this.pause(failures);
        failures++;
        await this.recover(error, Math.max(pause, this.advice.interval));
      }
    }
  }

  async recover(error, retryIn) {
    this.fresh = true;
    this.tell('reconnecting', error, retryIn);
    await this.sleep(retryIn, true);
  }

  async handshake() {
    this.use(this.names[this.choice % this.names.length]);
    this.advice = ADVICE;
    const reply = await this.ask({
      channel: '/meta/handshake', version: '1.0', minimumVersion: '1.0',
      supportedConnectionTypes: this.names,
    }, 0).catch((error) => {
      this.choice++; // perhaps the next transport gets through
      throw error;
    });
    this.obey(reply);
    const common = this.names.filter((name) => reply.supportedConnectionTypes.includes(name));
    if (!common.length) return this.stop(new Error('no connection type in common'));
    if (!common.includes(this.transport)) this.use(common[0]);
    this.clientId = reply.clientId;
    this.fresh = true;
    this.held.clear();
    this.schedule();
  }

  async connect() {
    const {clientId, transport, fresh, advice} = this;
    if (!clientId) return;
    if (this.expired()) throw this.lose(clientId);
    const message = {channel: '/meta/connect', clientId, connectionType: transport};
    if (fresh) message.advice = {timeout: 0};
    const reply = await this.ask(message, fresh ? 0 : advice.timeout);
    this.obey(reply, clientId);
    this.heard = Date.now();
    this.fresh = false;
    this.tell('connected');
    this.schedule();
  }

  /** Takes a reply's advice; throws unless all is well. */
  obey(reply, clientId) {
    this.advice = Object.assign({}, this.advice, reply.advice);
    const error = new Error(reply.error || 'ended by the server');
    if (this.advice.reconnect === 'none') this.stop(error);
    else if (clientId && this.advice.reconnect === 'handshake') this.lose(clientId, error);
    else if (reply.successful) return;
    throw error;
  }

  lose(clientId, error = new Error('the session is lost')) {
    if (this.clientId === clientId) this.clientId = this.heard = null;
    return Object.assign(error, {lost: true});
  }

  expired() {
    const {timeout, interval, maxInterval} = this.advice;
    return maxInterval > 0 && this.heard && Date.now() - this.heard > timeout + interval + maxInterval;
  }

  use(name) {
    if (this.transport === name) return;
    if (this.link) this.link.close();
    this.transport = name;
    this.link = transports[name].open(this.url, (batch) => this.receive(batch));
  }

  // What the page says: one batch in flight at a time, so that order is kept.

  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    Promise.resolve().then(() => {
      this.scheduled = false;
      if (this.clientId && !this.sending) this.flush(this.take());
    });
  }

  async flush(batch) {
    if (!batch.length) return;
    const {clientId} = this;
    this.sending = true;
    try {
      batch.forEach((entry) => this.sign(Object.assign(entry.message, {clientId})));
      const replies = await this.exchange(batch.map((entry) => entry.message), 0);
      this.troubles = 0;
      this.queue.unshift(...batch.filter((entry) => this.settle(entry, replies.get(entry.message.id))));
      this.schedule();
    } catch (error) {
      this.troubles = (this.troubles || 0) + 1;
      batch.forEach((entry) => entry.reject(error));
      setTimeout(() => this.schedule(), this.pause(this.troubles));
    } finally {
      this.sending = false;
    }
  }

  /** Tells a message's fate; true if it found no session, so was not processed, and may try again. */
  settle(entry, reply = {error: 'no reply'}) {
    if (reply.successful) return void entry.resolve(reply);
    if (SESSION_LOST.test(reply.error)) {
      this.lose(entry.message.clientId);
      if (entry.message.subscription) return; // the next handshake asks for all of them
      if (!entry.again) return (entry.again = true);
    }
    entry.reject(Object.assign(new Error(entry.message.channel + ': ' + reply.error), {reply}));
  }

  /** Takes the next batch: subscribe, publish, unsubscribe, as much as one request carries. */
  take() {
    const plan = [
      ...[...this.wanted.keys()].filter((channel) => !this.held.has(channel))
        .map((channel) => this.change('subscribe', channel, 'add', 'delete')),
      ...this.queue,
      ...[...this.held].filter((channel) => !this.wanted.has(channel))
        .map((channel) => this.change('unsubscribe', channel, 'delete', 'add')),
    ];
    let count = 0;
    for (let room = this.link.limit; count < plan.length && count < MAX_BATCH; count++) {
      room -= plan[count].cost;
      if (room < 0 && count) break;
    }
    const batch = plan.slice(0, count);
    batch.forEach((entry) => entry.begin());
    return batch;
  }

  change(verb, subscription, redo, undo) {
    const message = {channel: '/meta/' + verb, subscription};
    return {
      message, cost: cost(message),
      begin: () => this.held[redo](subscription),
      resolve() {},
      reject: (error) => {
        if (!error.reply) this.held[undo](subscription); // not refused: ask again
        call(this.options.onError, error);
      },
    };
  }

  // Below all of it.

  sign(message) {
    message.id = String(++this.ids);
    return message;
  }

  async ask(message, held) {
    const reply = (await this.exchange([this.sign(message)], held)).get(message.id);
    if (!reply) throw new Error('no reply');
    return reply;
  }

  /** Sends messages, delivers what comes back with the replies, returns these by id. */
  async exchange(messages, held) {
    const {epoch, link} = this;
    const batch = await link.send(messages, held + this.options.networkDelay);
    if (epoch !== this.epoch) throw new Error('closed');
    return this.receive(batch);
  }

  receive(batch) {
    const replies = new Map();
    for (const message of batch) {
      if ('successful' in message) replies.set(String(message.id), message);
      else if ('data' in message) this.deliver(message);
    }
    return replies;
  }

  deliver(message) {
    for (const [pattern, set] of this.wanted) {
      if (!matches(pattern, message.channel)) continue;
      for (const {listener} of [...set]) call(listener, message.data, message);
    }
  }

  tell(status, error, retryIn) {
    if (status === this.status && status !== 'reconnecting') return;
    this.status = status;
    call(this.options.onStatus, status, {transport: this.transport, error, retryIn});
  }

  /** Doubles with every failure, and differs between pages that failed together. */
  pause(failures) {
    const {backoff, maxBackoff} = this.options;
    return Math.min(maxBackoff, backoff * 2 ** failures) * (0.5 + Math.random() / 2);
  }

  sleep(ms, wakeable) {
    return new Promise((resolve) => {
      setTimeout(resolve, ms);
      this.wake = wakeable && resolve;
    });
  }
}

Client.transports = transports;
root.halley = new Client();
root.halley.Client = Client;
})(window);
