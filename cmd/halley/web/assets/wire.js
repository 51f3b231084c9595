// What goes over the wire, as the pages show it: when a connection was open, when messages came.

const KEPT = 30000; // ms of the past that are remembered

/** How many bytes a batch takes as JSON. */
export function sizeOf(batch) {
  return new TextEncoder().encode(JSON.stringify(batch)).length;
}

/**
 * Wire is the record of one transport at work. A span is an exchange: `held` until
 * the server has something to say, `short`, or a `stream` that stays open. A mark is
 * a moment at which messages came, or went out.
 */
export class Wire {
  constructor(clock = Date.now) {
    this.clock = clock;
    this.spans = [];
    this.marks = [];
    this.requests = this.messages = this.bytes = 0;
    this.last = null; // {at, batch}: what came with the latest events
  }

  /** An exchange begins: one more request. */
  begin(kind, batch = []) {
    const span = { kind, from: this.clock(), to: Infinity };
    this.forget();
    this.spans.push(span);
    this.requests++;
    if (batch.length) this.bytes += sizeOf(batch);
    return span;
  }

  end(span) {
    if (span && span.to === Infinity) span.to = this.clock();
  }

  /** Messages go out on a connection that is open already. */
  said(batch) {
    this.bytes += sizeOf(batch);
    this.marks.push({ at: this.clock(), out: true });
  }

  /** A batch has come. */
  heard(batch) {
    const events = batch.filter((message) => 'data' in message && !('successful' in message));
    this.bytes += sizeOf(batch);
    this.messages += events.length;
    if (!events.length) return;
    this.forget();
    this.marks.push({ at: this.clock(), out: false, count: events.length });
    this.last = { at: this.clock(), batch, event: events.at(-1) };
  }

  /** What is open now and for how long, or null. Of several, the one that waits. */
  get open() {
    const now = this.clock();
    const open = this.spans.filter((span) => span.to === Infinity);
    const span = open.find((each) => each.kind !== 'short') || open[0];
    return span ? { kind: span.kind, age: now - span.from } : null;
  }

  /** Ends all that is open: its client was stopped. */
  stop() {
    this.spans.forEach((span) => this.end(span));
  }

  forget() {
    const before = this.clock() - KEPT;
    this.spans = this.spans.filter((span) => span.to > before);
    this.marks = this.marks.filter((mark) => mark.at > before);
  }
}

const isConnect = (batch) => batch[0].channel === '/meta/connect';

/** Notes in the wire all that goes over the links of a halley client. */
export function watch(client, wire) {
  const open = client.open.bind(client);
  client.open = (name) => watchLink(open(name), name, wire);
}

function watchLink(link, name, wire) {
  const { send, deliver, ended: over, broken, close } = link;
  let stream = null; // the span of what stays open
  const ended = () => { wire.end(stream); stream = null; };
  link.send = async (batch, wait) => {
    let span = null;
    if (name === 'websocket') {
      if (!stream) stream = wire.begin('stream');
      wire.said(batch);
    } else if (name === 'xhr-streaming' && isConnect(batch)) {
      stream = wire.begin('stream', batch);
    } else {
      span = wire.begin(isConnect(batch) && !batch[0].advice ? 'held' : 'short', batch);
      if (name === 'eventsource') span.kind = 'short';
    }
    try {
      const replies = await send(batch, wait);
      if (isConnect(batch) && name === 'eventsource' && !stream) stream = wire.begin('stream');
      if (isConnect(batch) && name === 'xhr-streaming') link.stream.catch(() => {}).then(ended);
      return replies;
    } catch (error) {
      ended();
      throw error;
    } finally {
      wire.end(span);
    }
  };
  link.deliver = (batch) => { wire.heard(batch); return deliver(batch); };
  link.ended = () => { ended(); over(); };
  link.broken = (error) => { ended(); broken(error); };
  link.close = (linger) => { close(linger); setTimeout(ended, linger || 0); };
  return link;
}

/** A duration as people say it. */
export function duration(ms) {
  if (ms < 9950) return (ms / 1000).toFixed(1) + ' s';
  const s = Math.round(ms / 1000);
  return s < 120 ? s + ' s' : Math.round(s / 60) + ' min';
}

export function bytes(n) {
  if (n < 1000) return n + ' B';
  return n < 999500 ? (n / 1000).toFixed(n < 99950 ? 1 : 0) + ' kB' : (n / 1e6).toFixed(1) + ' MB';
}

export function plural(n, word) {
  return `${n.toLocaleString('en')} ${word}${n === 1 ? '' : 's'}`;
}
