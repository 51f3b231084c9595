/*
 * halley.js: a Bayeux 1.0 client for browsers, workers and Node, in four functions.
 *
 *   halley.init('/bayeux');
 *   const sub = halley.subscribe('/stock/*', (data, message) => show(data));
 *   halley.publish('/chat/lobby', {text: 'hello'});
 *   halley.unsubscribe(sub);
 *
 * The server holds a connection until there is something to say: a websocket, a
 * stream or a request, the best that gets through. What this page says goes beside
 * it; all that is asked for within one tick goes together. A lost session is opened
 * again, subscriptions included.
 */
import {cost, fit, MAX_BATCH, only} from './batch.js';
import {call, given, onAbort, pause} from './common.js';
import {LINGER, queueBehind} from './handover.js';
import {base, browserName, followPage, hidden, root} from './page.js';
import {change, isNews, pace, replays, subscriptionTo} from './subscriptions.js';
import {askToken, endRenewal, planRenewal} from './token.js';
import {isConnect, transports, typeOf} from './transports.js';

const OPTIONS = {
  // In order of preference; there is 'polling' too.
  transports: ['websocket', 'eventsource', 'xhr-streaming', 'long-polling', 'callback-polling'],
  networkDelay: 10000, // ms that a reply may take on top of the time it is held
  backoff: 500,        // ms, the first pause after a failure; it doubles
  maxBackoff: 30000,   // ms, the longest pause
  pollInterval: 1000,  // ms between two polls while somebody is at the page; it grows when nobody is
  maxPollInterval: 20000, // ms, the longest
  maxQueue: 1000,      // publishes that may wait for a session
  ack: false,          // whether each reply is acknowledged, so that none is lost; without streams
  share: false,        // whether the tabs of this browser have one connection; a name for those that share
  headers: undefined,  // HTTP headers of every request, or a function that returns them
  ext: undefined,      // what the handshake's ext has beside ours, or a function that returns it
  token: undefined,    // a function that returns a token for the server, a fresh one each time
  signal: undefined,   // an AbortSignal that disconnects
  onStatus: undefined, // (status, {transport, error, retryIn}) on every change
  onError: undefined,  // (error) for a refused or lost message
  onDropped: undefined, // ({channel: count}) for messages that the server gave up, this page being too slow
};
const ADVICE = {reconnect: 'retry', interval: 0, timeout: 60000, maxInterval: 0};
const EXPIRED = /^403::token_expired/;
const SESSION_LOST = /^40[12]/; // 402 as the specification has it, 401 as Faye does
const TRIES = 3;                // failures of a transport that has worked before another is tried
const FAREWELL = 2000;          // ms that the end of a session may take

/** Whether a channel name matches a pattern that may end in * or **. */
function matches(pattern, channel) {
  if (pattern === channel) return true;
  const star = /^(.*\/)(\*\*?)$/.exec(pattern);
  if (!star || !channel.startsWith(star[1]) || channel === star[1]) return false;
  return star[2] === '**' || !channel.slice(star[1].length).includes('/');
}

export class Client {
  constructor() {
    this.options = OPTIONS;
    this.advice = ADVICE;
    this.wanted = new Map(); // channel → set of the subscriptions here
    this.held = new Map();   // channel that the session was told about → interval
    this.queue = [];         // publishes that wait for a session or for their turn
    this.links = new Set();  // those that may bring messages: the one in use, and left ones
    this.torn = false;       // whether something may be lost with a connection
    this.status = this.told = 'closed'; // connecting, connected, reconnecting, closed
    this.epoch = 0;          // grows whenever the loop that runs is to end
    this.ids = 0;
    this.lull = 0;           // polls since something happened
    this.bereft = false;     // whether a session was lost since the last connection
    this.granted = new Set(); // channels that the session is subscribed to for certain
    this.listeners = {status: new Set(), error: new Set(), dropped: new Set()};
    this.runs = 0;           // calls of start
  }

  /** Calls listener on every 'status', 'error' or 'dropped', with what the option of that name gets; returns what ends that. */
  on(name, listener, {signal} = {}) {
    const off = () => this.listeners[name].delete(listener);
    this.listeners[name].add(listener);
    onAbort(signal, off);
    return off;
  }

  /** Connects to a Bayeux server; a relative url counts from the page. */
  init(url, options) {
    if (this.release) this.release();
    this.options = Object.assign({}, OPTIONS, options);
    this.url = new URL(url, base()).href;
    const known = this.options.transports.filter((name) => this.knows(name));
    const usable = known.filter((name) => transports[name].usable(this.url));
    this.usable = usable.length ? usable : known.length ? known : ['long-polling'];
    this.start();
    this.release = onAbort(this.options.signal, () => this.disconnect());
  }

  /**
   * Moves the session to another transport, from now on the preferred one. The old
   * connection stays open until the new one has taken over; if that fails, the
   * promise is rejected and all is as before.
   */
  async use(name) {
    if (!this.names || !this.knows(name)) throw new Error('no transport ' + name);
    const before = this.names;
    this.names = [name, ...before.filter((other) => other !== name)];
    if (this.status === 'connected') {
      await this.move(name).catch((error) => {
        this.names = before;
        throw error;
      });
    } else if (this.link) {
      this.proven.clear();
      this.adopt(this.open(name));
      this.fresh = true;
      this.loop(++this.epoch);
    }
  }

  /** A stream has no replies whose number could be acknowledged. */
  knows(name) {
    return transports[name] && !(this.options.ack && transports[name].streams);
  }

  /**
   * Calls listener(data, message) for every message on a channel or pattern. Of the
   * options, since is where to begin (-1 with what comes, -2 with all that is kept, or
   * after the message of that replayId) and go on after any loss; interval, in ms,
   * asks for the newest message of each channel in so much time; onError hears of a
   * refusal; signal ends it.
   */
  subscribe(channel, listener, options = {}) {
    const subscription = subscriptionTo(this, channel, listener, options);
    if (!this.wanted.has(channel)) this.wanted.set(channel, new Set());
    const set = this.wanted.get(channel).add(subscription);
    if (this.granted.has(channel) && !subscription.late && this.held.get(channel) === pace(set)) subscription.settle();
    this.schedule();
    subscription.release = onAbort(options.signal, () => subscription.unsubscribe());
    return subscription;
  }

  /** Changes the interval of a subscription while it runs; 0 is every message. */
  pace(subscription, interval) {
    subscription.interval = interval;
    this.schedule();
  }

  /** Ends what subscribe returned; the server is told when a channel's last one goes. */
  unsubscribe(subscription) {
    const set = this.wanted.get(subscription.channel);
    if (!set || !set.delete(subscription)) return;
    subscription.release();
    subscription.settle(new Error(subscription.channel + ': unsubscribed'));
    if (!set.size) this.wanted.delete(subscription.channel);
    this.schedule();
  }

  /**
   * Publishes data on a channel. The promise tells what became of it; a message
   * whose request broke off is not repeated, for it may have arrived. One that still
   * waits is taken back when the signal aborts.
   */
  publish(channel, data, {signal} = {}) {
    const message = {channel, data: data === undefined ? null : data};
    const entry = {message, cost: cost(message), begin: () => this.queue.shift()};
    const promise = new Promise((resolve, reject) => {
      if (this.queue.length >= this.options.maxQueue) throw new Error('too many messages wait');
      this.queue.push(Object.assign(entry, {resolve, reject}));
      this.schedule();
    });
    const release = onAbort(signal, () => {
      if (!this.queue.includes(entry)) return; // it is on its way, or has arrived
      this.queue.splice(this.queue.indexOf(entry), 1);
      entry.reject(signal.reason);
    });
    entry.done = promise.catch((error) => signal && signal.aborted && error === signal.reason || this.fail(error)).then(release);
    return promise;
  }

  /** Says what still waits, ends the session, and resolves when the server knows; init opens a new one. */
  async disconnect() {
    const {runs} = this;
    if (this.clientId && this.status !== 'reconnecting') await Promise.all(this.queue.map((entry) => entry.done));
    if (runs === this.runs) this.farewell = this.end(this.stop()); // otherwise init has ended that session
    return this.farewell;
  }

  // A session's life: handshake, then one connect after the other.

  start() {
    this.runs++;
    this.farewell = this.end(this.stop());
    this.names = this.usable;
    this.follow = new AbortController();
    followPage(this, this.follow.signal);
    this.proven = new Set(); // transports that have worked
    this.tell('connecting');
    const {epoch} = this;
    const shares = this.options.share && root.navigator && root.navigator.locks && root.BroadcastChannel;
    const ready = shares ? Client.loadShare().then(({share}) => epoch === this.epoch && share(this, transports)).catch((error) => this.fail(error)) : Promise.resolve();
    ready.then(() => this.loop(epoch)); // a page that changes its mind in this tick makes no session
  }

  /** Ends all here; what it returns is for end. */
  stop(error) {
    const {link, clientId, greeting} = this;
    const links = [...this.links];
    links.forEach((each) => {
      each.left = true;
      if (each.forgo) each.forgo();
    });
    this.epoch++;
    endRenewal(this);
    this.links.clear();
    this.clientId = this.link = this.transport = this.heard = this.greeting = null;
    if (this.follow) this.follow.abort();
    if (this.wake) this.wake();
    this.tell('closed', error);
    return {link, links, clientId, greeting};
  }

  /** Ends a session that was stopped, the one that is about to begin too, once the server has what is on its way to it. */
  async end({link, links, clientId, greeting}) {
    const late = pause(FAREWELL);
    if (clientId || greeting) await Promise.race([this.flight, late]);
    if (!clientId && greeting) ({link, clientId} = await Promise.race([greeting, late]) || {});
    if (clientId) await link.send([this.sign({channel: '/meta/disconnect', clientId})], FAREWELL).catch(() => {});
    links.forEach((each) => each.close());
  }

  leave() {
    if (!this.clientId) return;
    const body = JSON.stringify([this.sign({channel: '/meta/disconnect', clientId: this.clientId})]);
    if (this.transport !== 'shared') root.navigator.sendBeacon(this.url, new URLSearchParams({message: body}));
    this.stop().links.forEach((link) => link.close());
    this.follow = new AbortController();
    const back = (event) => event.persisted && this.start();
    root.addEventListener('pageshow', back, {capture: true, signal: this.follow.signal});
  }

  /** Ends the pause before the next attempt. */
  retry() {
    if (this.status === 'reconnecting' && this.wake) this.wake();
  }

  /** The page or the network is back: what rests goes on, and what may be dead is replaced. */
  check(certain) {
    if (hidden()) return;
    this.touch();
    if (this.status === 'reconnecting') return this.retry();
    const {timeout, interval} = this.advice;
    const late = Date.now() - this.heard > timeout + interval + this.options.networkDelay;
    if (this.status !== 'connected' || !certain && !late) return;
    this.tear();
    this.move(this.transport).catch(() => {});
  }

  /** Somebody is at the page: poll sooner. */
  touch() {
    this.lull = 0;
    if (this.transport === 'polling' && this.status === 'connected' && this.wake &&
        Date.now() - this.heard > this.options.pollInterval) this.wake();
  }

  async loop(epoch, resting) {
    let failures = 0;
    while (epoch === this.epoch) {
      try {
        if (!resting) {
          if (!this.clientId) await this.handshake(epoch);
          await this.connect(epoch, this.link);
        }
        resting = false;
        failures = 0;
        if (this.link.stream) {
          await this.link.stream;
          if (epoch !== this.epoch) return; // a move has ended it, and waits for what it brings
          this.tear(); // it may have ended because a late request took the session elsewhere
        }
        await this.sleep(this.torn ? 0 : this.advice.interval);
      } catch (error) {
        if (epoch !== this.epoch) return;
        await this.recover(error, failures++);
      }
    }
  }

  /** Pauses after a failure, and chooses by what to go on. */
  async recover(error, failures) {
    const {transport, names, advice} = this;
    const worked = this.proven.has(transport);
    // The first loss of a session is no trouble, and the next transport deserves a try: both at once.
    let retryIn = error.lost && !this.bereft ? 0 : this.pause(failures);
    this.bereft = this.bereft || error.lost;
    const stale = !failures && this.options.token && EXPIRED.test(error.reply && error.reply.error); // the next is fresh
    if (this.hosts && this.hosts.length > 1 && !error.reply) {
      this.hosts.shift(); // perhaps it does not let this page in
      retryIn = 0;
    } else if (!error.reply && (!worked || failures >= TRIES)) {
      if (!worked && failures < names.length - 1) retryIn = 0;
      this.adopt(this.open(names[(names.indexOf(transport) + 1) % names.length]));
    }
    this.fresh = true;
    if (!error.reply) this.tear();
    // What a stream's heartbeats wait is no pause that the server asked for.
    retryIn = stale ? 0 : Math.max(retryIn, advice.timeout ? advice.interval : 0);
    this.tell('reconnecting', error, retryIn);
    await Promise.resolve(this.sleep(retryIn)).catch(() => {});
  }

  async handshake(epoch) {
    const best = this.names.find((name) => this.proven.has(name)) || this.transport || this.names[0];
    if (best !== this.transport) this.adopt(this.open(best));
    this.advice = ADVICE;
    this.hosts = null;
    const {link} = this;
    const ext = this.options.ext && await given(this.options.ext);
    const token = this.options.token && link.name !== 'shared' ? await askToken(this) : undefined;
    if (epoch !== this.epoch) throw new Error('closed');
    const asked = this.ask(link, {
      channel: '/meta/handshake', version: '1.0', minimumVersion: '1.0',
      supportedConnectionTypes: [...new Set(this.names.map(typeOf))],
      ext: Object.assign({}, ext, token && {auth: {token}}, {replay: true, ack: this.options.ack || undefined, browser: browserName()}),
    }, 0);
    this.greeting = asked.then(({clientId}) => ({link, clientId}), () => {});
    const reply = await asked;
    if (epoch !== this.epoch) throw new Error('closed');
    this.greeting = null;
    this.obey(reply);
    const common = this.names.filter((name) => reply.supportedConnectionTypes.includes(typeOf(name)));
    if (!common.length) return void this.end(Object.assign(this.stop(new Error('no connection type in common')), {clientId: reply.clientId}));
    if (!common.includes(this.transport)) this.adopt(this.open(common[0]));
    this.names = common;
    this.clientId = reply.clientId;
    if (token) planRenewal(this, reply);
    this.fresh = true;
    const {halley} = reply.ext || {};
    this.maxMessage = halley && halley.maxMessage || Infinity;
    this.acked = this.options.ack && reply.ext && reply.ext.ack ? 0 : undefined;
    this.torn = this.link.torn = false;
    this.held.clear();
    this.granted.clear();
    this.wanted.forEach((set) => set.forEach((sub) => {
      sub.seen.clear(); // the numbers may be others
      sub.joining = null;
      sub.deaf = sub.refused = false;
    }));
    this.schedule();
  }

  async connect(epoch, link) {
    const {clientId, fresh, advice} = this;
    if (epoch !== this.epoch) throw new Error('closed');
    if (this.expired()) throw this.lose(clientId);
    if (this.hosts) link.held = this.hosts[0];
    this.caller = link;
    if (this.torn) await this.resume(epoch, link);
    const message = this.poll(typeOf(link.name), fresh && {timeout: 0});
    if (link.name === 'polling') message.advice = {timeout: 0, interval: this.lullInterval()};
    const reply = await this.ask(link, message, fresh ? 0 : advice.timeout);
    if (epoch !== this.epoch) throw new Error('closed');
    this.obey(reply, clientId);
    this.heard = Date.now();
    this.fresh = this.bereft = false;
    this.proven.add(link.name);
    this.adopt(link);
    this.tell('connected');
    this.schedule();
  }

  /** A connect, which acknowledges what has come. */
  poll(connectionType, advice) {
    const {clientId, acked} = this;
    return {channel: '/meta/connect', clientId, connectionType, advice: advice || undefined, ext: acked >= 0 ? {ack: acked} : undefined};
  }

  /** Something may be lost with the connection that fails, or comes again: acknowledgements or a replay tell. */
  tear() {
    if (this.acked >= 0) return;
    this.torn = true;
    this.links.forEach((link) => { link.torn = true; });
    this.wanted.forEach((set) => set.forEach((sub) => { sub.deaf = replays(sub); }));
  }

  /**
   * Asks again for what was lost, which the server counts as delivered. It comes with
   * the reply to a connect in the same request: that takes the session from wherever
   * the server still believes it, before anything else can go there.
   */
  async resume(epoch, link) {
    const {clientId} = this;
    this.torn = link.torn = false;
    const plan = [...this.wanted].filter(([channel, set]) => this.held.has(channel) && [...set].some(replays))
      .map(([channel, set]) => change(this, channel, set));
    while (plan.length) {
      const connect = this.poll(link.name === 'websocket' ? link.name : 'long-polling', {timeout: 0});
      const entries = fit(plan, link.limit - cost(connect));
      const messages = [...entries.map((entry) => Object.assign(entry.message, {clientId})), connect];
      messages.forEach((message) => this.sign(message));
      entries.forEach((entry) => entry.begin());
      const replies = await this.exchange(link, messages, 0);
      if (epoch !== this.epoch) throw new Error('closed');
      entries.forEach((entry) => this.settle(entry, replies.get(entry.message.id)));
      this.obey(only(connect, replies), clientId);
    }
  }

  async move(name) {
    const epoch = ++this.epoch;
    const link = this.open(name);
    // What may be lost by the old one, or is not acknowledged there, comes again by the new one.
    if (!this.torn && !(this.acked >= 0)) queueBehind(link, this.link, (message) => this.links.has(link) && this.hand(message, link));
    this.fresh = true;
    try {
      await this.connect(epoch, link);
    } catch (error) {
      if (link !== this.link) this.retire(link); // for a moment it may have been the one that the server used
      if (epoch === this.epoch) this.loop(epoch); // by the old one
      throw error;
    }
    this.loop(epoch, true);
  }

  /** How long to wait before the next poll: the longer, the longer nothing happened. */
  lullInterval() {
    const {pollInterval, maxPollInterval} = this.options;
    const calm = hidden() ? Infinity : 1.5 ** this.lull;
    this.lull++;
    return Math.round(Math.min(maxPollInterval, pollInterval * calm));
  }

  /** Takes a reply's advice; throws unless all is well. */
  obey(reply, clientId) {
    this.advice = Object.assign({}, this.advice, reply.advice);
    const {hosts, reconnect} = this.advice;
    if (reply.advice && hosts && hosts.length) this.hosts = this.hosts || [...hosts.map((host) => this.at(host)), this.url];
    const error = Object.assign(new Error(reply.error || 'ended by the server'), {reply});
    if (reconnect === 'none') this.stop(error).links.forEach((link) => link.close(LINGER));
    else if (clientId && reconnect === 'handshake') this.lose(clientId, error);
    else if (reply.successful) return;
    throw error;
  }

  /** The server's URL by another name of its host. */
  at(host) {
    return Object.assign(new URL(this.url), {host}).href;
  }

  lose(clientId, error = new Error('the session is lost')) {
    if (this.clientId === clientId) this.clientId = this.heard = null;
    return Object.assign(error, {lost: true, reply: error.reply || {}});
  }

  expired() {
    const {timeout, interval, maxInterval} = this.advice;
    return maxInterval > 0 && this.heard && Date.now() - this.heard > timeout + interval + maxInterval;
  }

  /** Makes a link, by which nothing is sent yet. */
  open(name) {
    const link = {
      name, url: this.url, held: this.url, headers: this.options.headers, shared: this.shared,
      deliver: (batch) => {
        if (this.links.has(link)) this.deliver(batch, link);
        return batch;
      },
      ended: () => {
        this.tear();
        if (link === this.link && this.wake) this.wake();
      },
      broken: (error) => link === this.link && this.interrupt && this.interrupt(error),
    };
    transports[name].open(link);
    this.links.add(link);
    return link;
  }

  /** Makes a link the one in use; the one before still brings what is on its way. */
  adopt(link) {
    const old = this.link;
    this.transport = link.name;
    this.link = link;
    if (old && old !== link) this.retire(old);
  }

  retire(link) {
    link.close(LINGER);
    setTimeout(() => this.links.delete(link), LINGER);
  }

  // What the page says: one batch in flight at a time, so that order is kept.

  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    Promise.resolve().then(() => {
      this.scheduled = false;
      if (this.clientId && !this.sending && this.status !== 'reconnecting') this.flight = this.flush(this.take());
    });
  }

  async flush(batch) {
    if (!batch.length) return;
    const {clientId, link} = this;
    this.sending = true;
    try {
      batch.forEach((entry) => this.sign(Object.assign(entry.message, {clientId})));
      const replies = await this.exchange(link, batch.map((entry) => entry.message), 0);
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
    const {wanted, held} = this;
    const differs = ([channel, set]) => [...set].some((sub) => sub.late) ||
      held.get(channel) !== pace(set) && [...set].some((sub) => !sub.refused);
    this.queue = this.queue.filter((entry) => this.passes(entry));
    const plan = [
      ...[...wanted].filter(differs).map(([channel, set]) => change(this, channel, set)),
      ...this.queue,
      ...[...held.keys()].filter((channel) => !wanted.has(channel)).map((channel) => change(this, channel)),
    ];
    const batch = fit(plan, Math.min(this.link.limit, this.maxMessage));
    batch.forEach((entry) => entry.begin());
    return batch;
  }

  /** Whether the server takes a message of that size. A websocket would end by one that is too large, for all. */
  passes({message, reject}) {
    const size = this.link.size([Object.assign({}, message, {clientId: this.clientId, id: String(this.ids + MAX_BATCH)})]);
    if (size <= this.maxMessage) return true;
    reject(new Error(`${message.channel}: too large, ${size} bytes where the server takes ${this.maxMessage}`));
  }

  // Below all of it.

  sign(message) {
    message.id = String(++this.ids);
    return message;
  }

  async ask(link, message, held) {
    return only(message, await this.exchange(link, [this.sign(message)], held));
  }

  /** Sends messages and returns the replies by id; what comes back was delivered before. */
  async exchange(link, messages, held) {
    const batch = await link.send(messages, held + this.options.networkDelay);
    return new Map(batch.filter((message) => 'successful' in message && 'id' in message)
      .map((message) => [String(message.id), message]));
  }

  deliver(batch, link) {
    this.heard = this.heard && Date.now();
    // What comes by another link than asked last is not acknowledged any more: it comes again.
    const acks = this.acked >= 0;
    const valid = !acks || link === this.caller;
    const exts = batch.filter(isConnect).map((message) => message.ext || {});
    exts.filter((ext) => acks && valid && ext.ack > 0).forEach((ext) => { this.acked = ext.ack; });
    exts.filter((ext) => ext.dropped).forEach((ext) => this.emit('dropped', ext.dropped));
    for (const message of batch) {
      if (!('successful' in message)) valid && this.hand(message, link);
      else if (!('id' in message) && isConnect(message)) this.heed(message);
    }
  }

  /** Takes advice that comes on a stream. */
  heed(message) {
    try {
      this.obey(message, this.clientId);
    } catch (error) {
      if (this.interrupt) this.interrupt(error);
    }
  }

  hand(message, link) {
    if (!('data' in message) || link.keep && link.keep(message)) return;
    this.lull = 0;
    for (const [pattern, set] of this.wanted) {
      if (!matches(pattern, message.channel)) continue;
      for (const sub of [...set]) {
        if ((link.torn || sub.deaf) && replays(sub)) continue; // it comes again, after what is missing
        if (isNews(sub, message)) call(sub.listener, message.data, message);
      }
    }
  }

  tell(status, error, retryIn) {
    const what = status === 'connected' ? this.transport : status;
    if (what === this.told && status !== 'reconnecting') return;
    this.told = what;
    this.status = status;
    this.emit('status', status, {transport: this.transport, error, retryIn});
  }

  /** Calls who listens; tells whether anybody does. */
  emit(name, ...args) {
    const own = this.options['on' + name[0].toUpperCase() + name.slice(1)];
    const all = [...own ? [own] : [], ...this.listeners[name]];
    all.forEach((listener) => call(listener, ...args));
    return all.length > 0;
  }

  /** Tells of something that was refused or lost: nobody may be listening yet. */
  fail(error) {
    if (!this.emit('error', error)) root.console.error('halley.js: ' + error.message);
  }

  /** Doubles with every failure, and differs between pages that failed together. */
  pause(failures) {
    const {backoff, maxBackoff} = this.options;
    return Math.min(maxBackoff, backoff * 2 ** failures) * (0.5 + Math.random() / 2);
  }

  /** Waits; wake() ends it, and so does interrupt(error), as a failure. */
  sleep(ms) {
    return ms && new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      const early = (settle) => (value) => { clearTimeout(timer); settle(value); };
      this.wake = early(resolve);
      this.interrupt = early(reject);
    });
  }
}
