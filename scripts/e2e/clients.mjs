// The clients that people use, behind one small face. This module runs in Node
// and in the browser: the libraries are arguments.
//
// A client has open(), subscribe(channel), unsubscribe(channel),
// publish(channel, data), batch([[channel, data]…]) and close(), all of which
// resolve when the server has answered; type() and id() tell the connection type
// and the clientId; inbox holds every [channel, data] that was delivered.

// ms that a reply may take. A busy machine takes more than the 10 s of the libraries, and what ends a connection is seen at once.
const PATIENCE = 60000;

/** A CometD client that may use one transport only. */
export class CometdClient {
  constructor({ CometD }, url, type) {
    this.inbox = [];
    this.channels = new Map();
    this.cometd = new CometD();
    for (const other of this.cometd.getTransportTypes()) {
      if (other !== type) this.cometd.unregisterTransport(other);
    }
    this.cometd.configure({ url, logLevel: 'error', backoffIncrement: 300, maxBackoff: 1000, maxNetworkDelay: PATIENCE });
    // After a new handshake CometD has forgotten the subscriptions; applications subscribe here.
    this.cometd.addListener('/meta/handshake', (reply) => {
      if (reply.successful && reply.reestablish) this.askAgain([...this.channels.keys()], reply.clientId);
    });
  }

  /** Subscribes once more, until it is done: the request may come to a server that is about to end. */
  askAgain(channels, session) {
    if (this.id() !== session) return; // the handshake after that has done so
    this.cometd.batch(() => channels.forEach((channel) => this.ask(channel, (reply) => {
      if (!reply.successful) setTimeout(() => this.askAgain([channel], session), 100);
    })));
  }

  open() {
    return answered((done) => this.cometd.handshake(done));
  }

  ask(channel, done) {
    const hear = (message) => this.inbox.push([message.channel, message.data]);
    this.channels.set(channel, this.cometd.subscribe(channel, hear, done));
  }

  subscribe(channel) {
    return answered((done) => this.ask(channel, done));
  }

  async unsubscribe(channel) {
    await answered((done) => this.cometd.unsubscribe(this.channels.get(channel), done));
    this.channels.delete(channel);
  }

  publish(channel, data) {
    return answered((done) => this.cometd.publish(channel, data, done));
  }

  async batch(list) {
    let all;
    this.cometd.batch(() => { all = list.map(([channel, data]) => this.publish(channel, data)); });
    await Promise.all(all);
  }

  close() {
    return answered((done) => this.cometd.disconnect(done));
  }

  type() {
    return this.cometd.getTransport().type;
  }

  id() {
    return this.cometd.getClientId();
  }
}

function answered(call) {
  return new Promise((resolve, reject) => call((reply) => {
    if (reply.successful) resolve();
    else reject(new Error(JSON.stringify(reply)));
  }));
}

/** A Faye client that may use one transport only. */
export class FayeClient {
  constructor(faye, url, type) {
    this.inbox = [];
    this.channels = new Map();
    this.faye = new faye.Client(url, { retry: 0.5, timeout: 30 });
    // Faye always shakes hands by long-polling, or from another origin by callback-polling.
    const used = [type, ...(type === 'long-polling' ? [] : ['callback-polling'])];
    if (/websocket|eventsource/.test(type)) used.push('long-polling');
    for (const other of ['websocket', 'eventsource', 'long-polling', 'cross-origin-long-polling', 'callback-polling', 'in-process']) {
      if (!used.includes(other)) this.faye.disable(other);
    }
  }

  open() {
    return new Promise((resolve) => this.faye.connect(resolve));
  }

  async subscribe(channel) {
    const subscription = this.faye.subscribe(channel).withChannel((from, data) => this.inbox.push([from, data]));
    this.channels.set(channel, subscription);
    await subscription;
  }

  unsubscribe(channel) {
    this.channels.get(channel).cancel();
    this.channels.delete(channel);
  }

  async publish(channel, data) {
    await this.faye.publish(channel, data);
  }

  async batch(list) { // Faye batches what is published in one tick
    await Promise.all(list.map(([channel, data]) => this.publish(channel, data)));
  }

  async close() {
    await this.faye.disconnect();
  }

  type() {
    return this.faye._dispatcher.connectionType;
  }

  id() {
    return this.faye._dispatcher.clientId;
  }
}

/** halley's own browser client. */
export class HalleyClient {
  constructor({ halley }, url, type) {
    this.inbox = [];
    this.channels = new Map();
    this.halley = new halley.Client();
    this.options = { transports: [type], networkDelay: PATIENCE, backoff: 200, maxBackoff: 1000, pollInterval: 50, maxPollInterval: 500 };
    this.url = url;
  }

  open() {
    return new Promise((resolve, reject) => this.halley.init(this.url, {
      ...this.options,
      onStatus: (status, { error }) => {
        if (status === 'connected') resolve();
        if (status === 'closed' && error) reject(error);
      },
    }));
  }

  /** Takes the options of halley.js's subscribe, too. */
  async subscribe(channel, options) {
    const hear = (data, message) => this.inbox.push([message.channel, data]);
    this.channels.set(channel, this.halley.subscribe(channel, hear, options));
    await this.halley.publish('/e2e/sync', 0); // goes after the subscribe, in the same request
  }

  async pace(channel, interval) {
    this.halley.pace(this.channels.get(channel), interval);
    await this.halley.publish('/e2e/sync', 0);
  }

  async unsubscribe(channel) {
    this.halley.unsubscribe(this.channels.get(channel));
    this.channels.delete(channel);
  }

  async publish(channel, data) {
    await this.halley.publish(channel, data);
  }

  async batch(list) {
    await Promise.all(list.map(([channel, data]) => this.publish(channel, data)));
  }

  close() {
    return this.halley.disconnect();
  }

  type() {
    return this.halley.transport;
  }

  id() {
    return this.halley.clientId;
  }
}
