// The transports of halley.js: what a session's messages travel by.

import {given} from './common.js';
import {root} from './page.js';

const OPENING = 5000;           // ms that a websocket or event-stream may take to open
const BRIEF = 1000;             // ms that an event-stream lived at most if its end means trouble
const SILENCE = 60000;          // ms without a byte after which a stream is taken for dead

/*
 * A transport is {usable(url), open(link), type, streams}; type is its name on the
 * wire, if that is another. A link has
 *   url, held             where to send, and where to hold a connection
 *   headers               of every request that may have some, a value or a function
 *   deliver(batch)        takes all that comes, and returns it
 *   ended()               takes the end of a stream that may have been due
 *   broken(error)         takes the end of a connection that no reply waits for
 * and open adds
 *   limit                 URL-encoded bytes that one request should not exceed
 *   size(messages)        bytes that the server counts of a request with them
 *   send(messages, wait)  a promise of the batch with the replies, which were
 *                         delivered; rejected after wait ms
 *   stream                a promise of the end of the stream that a connect opened
 *   close(linger)         ends what is open, in linger ms; opens nothing meanwhile
 *   forgo()               ends what is about to open, which the end of the session would have refused; may be missing
 *   settled()             a promise of the end of all that a connect has the server hold open now
 */
export const transports = {
  'websocket': {usable: () => root.WebSocket, open: webSocket},
  'eventsource': {usable: () => root.EventSource, open: eventSource, streams: true},
  'xhr-streaming': {usable: () => root.ReadableStream && root.TextDecoder, open: streaming, streams: true},
  'long-polling': {usable: () => true, open: longPolling},
  'callback-polling': {usable: (url) => root.document && crossOrigin(url), open: callbackPolling},
  'polling': {usable: () => true, open: longPolling, type: 'long-polling'},
};

export function typeOf(name) {
  return transports[name].type || name;
}

function crossOrigin(url) {
  return !!root.location && new URL(url).origin !== root.location.origin;
}

/** A batch as a form has it: to another origin it goes without a preflight request, JSON does not. */
function form(messages) {
  return new URLSearchParams({message: JSON.stringify(messages)});
}

function bytes(messages) {
  return new TextEncoder().encode(JSON.stringify(messages)).length;
}

/** Where a batch goes: only a connect is held. */
function target(link, messages) {
  return isConnect(messages[0]) ? link.held : link.url;
}

export function isConnect(message) {
  return message.channel === '/meta/connect';
}

/** What may be open on a link: each has a function that ends it. */
function openings(link) {
  const open = new Set();
  const held = new Set();
  link.settled = () => Promise.allSettled(held);
  /** Notes that the server holds what the promise tells the end of, if that is a connect. */
  link.holds = ([message], promise) => {
    const over = () => held.delete(promise);
    if (isConnect(message)) {
      held.add(promise);
      promise.then(over, over);
    }
    return promise;
  };
  const close = () => open.forEach((end) => end());
  link.close = (linger) => {
    link.left = true;
    if (linger) setTimeout(close, linger);
    else close();
  };
  return open;
}

function longPolling(link) {
  const open = openings(link);
  link.limit = 32768;
  link.size = (messages) => (crossOrigin(link.url) ? String(form(messages)).length : bytes(messages));
  const post = async (messages, wait, read) => {
    const url = target(link, messages);
    const [body, kind] = crossOrigin(url) ? [form(messages)] : [JSON.stringify(messages), {'Content-Type': 'application/json'}];
    const control = new AbortController();
    const end = () => control.abort();
    let timer = setTimeout(end, wait);
    open.add(end);
    try {
      const headers = link.headers ? Object.assign({}, kind, await given(link.headers)) : kind;
      const response = await fetch(url, {
        method: 'POST', body, headers, credentials: 'include', cache: 'no-store', signal: control.signal,
      });
      if (!response.ok) throw new Error('HTTP ' + response.status);
      return await read(response, () => {
        clearTimeout(timer);
        timer = setTimeout(end, SILENCE);
      });
    } finally {
      clearTimeout(timer);
      open.delete(end);
    }
  };
  /** Posts a batch; read(response, heard) makes the result, heard() gives it more time. */
  link.post = (messages, wait, read) => link.holds(messages, post(messages, wait, read));
  link.send = (messages, wait) => link.post(messages, wait, async (response) => link.deliver(await response.json()));
}

function streaming(link) {
  longPolling(link);
  const {send} = link;
  link.send = (messages, wait) => !isConnect(messages[0]) ? send(messages, wait) : new Promise((resolve, reject) => {
    let begun; // before the first line only wait counts, whatever else comes
    const take = (batch) => {
      link.deliver(batch);
      if (!begun) resolve(begun = batch);
    };
    link.stream = link.post(messages, wait, (response, heard) =>
      readLines(response.body.getReader(), () => begun && heard(), (line) => take(JSON.parse(line))));
    link.stream.then(() => reject(new Error('no answer')), reject);
  });
}

async function readLines(reader, heard, take) {
  const decoder = new TextDecoder();
  for (let rest = '', done; !done;) {
    const chunk = await reader.read();
    done = chunk.done;
    const lines = (rest + decoder.decode(chunk.value, {stream: !done})).split('\n');
    rest = done ? '' : lines.pop();
    lines.filter((line) => line.trim()).forEach(take);
    heard();
  }
}

function eventSource(link) {
  longPolling(link);
  const {send, close} = link;
  let source = {close() {}, over() {}};
  const end = () => {
    source.close();
    source.over();
  };
  let seen; // the session whose stream has opened, unless one broke off since then
  const listen = (messages) => new Promise((resolve, reject) => {
    const id = messages[0].clientId;
    const fresh = source = new root.EventSource(link.held.replace(/\/?$/, '/' + id), {withCredentials: true});
    let opened;
    link.holds(messages, new Promise((over) => { fresh.over = over; }));
    const fail = () => {
      clearTimeout(timer);
      fresh.close();
      fresh.over();
      if (opened && (link.left || fresh !== source)) return;
      if (Date.now() - opened > BRIEF) return link.ended(); // it rolled over, perhaps
      const error = new Error('the event-stream broke off');
      seen = null;
      if (opened) link.broken(error);
      else reject(error);
    };
    const timer = setTimeout(fail, OPENING);
    fresh.id = id;
    fresh.onmessage = (event) => link.deliver(JSON.parse(event.data));
    fresh.onerror = fail;
    fresh.onopen = () => {
      clearTimeout(timer);
      opened = Date.now();
      resolve();
    };
  });
  /*
   * The first connect of a session polls, and one of this type comes when the stream is seen to
   * be open: until then the server keeps its messages for connects, so that a proxy which holds
   * the stream back loses none. Before later streams a connect tells whether the session lives.
   */
  link.send = async (messages, wait) => {
    const [message] = messages;
    const {clientId} = message;
    const first = isConnect(message) && seen !== clientId;
    const batch = await send(first ? [Object.assign({}, message, {connectionType: 'long-polling', advice: {timeout: 0}})] : messages, wait);
    if (link.left || !isConnect(message) || !batch.some((reply) => isConnect(reply) && reply.successful) ||
        !first && source.readyState === 1 && source.id === clientId) return batch;
    end();
    await listen(messages);
    seen = clientId;
    return first ? send(messages, wait) : batch;
  };
  link.forgo = () => source.readyState || end();
  link.close = (linger) => {
    close(linger);
    if (linger) setTimeout(end, linger);
    else end();
  };
}

function webSocket(link) {
  const open = openings(link);
  const waiting = new Set(); // {ids, batch, resolve, reject}
  let socket; // a promise of one that is open
  const connect = (wait) => socket = new Promise((resolve, reject) => {
    const ws = new root.WebSocket(link.held.replace(/^http/, 'ws'));
    const end = ({code, reason} = {}) => {
      clearTimeout(timer);
      if (!open.delete(end)) return;
      const why = code === 1009 ? ': the message is too large (1009)' : code && code !== 1006 ? `: ${code} ${reason}` : '';
      const error = new Error('the websocket closed' + why.trimEnd());
      socket = null;
      ws.close();
      reject(error);
      waiting.forEach((entry) => entry.reject(error));
      if (!link.left) link.broken(error);
    };
    const timer = setTimeout(end, wait);
    open.add(end);
    ws.onclose = ws.onerror = end;
    ws.onopen = () => {
      clearTimeout(timer);
      resolve({ws, end});
    };
    ws.onmessage = (event) => take(JSON.parse(event.data));
  });
  /** Hands on what comes, then the replies to those who wait for them. */
  const take = (batch) => {
    link.deliver(batch);
    for (const entry of waiting) {
      entry.batch.push(...batch.filter((message) => 'successful' in message && entry.ids.delete(message.id)));
      if (!entry.ids.size) entry.resolve(entry.batch);
    }
  };
  link.limit = 32768;
  link.size = bytes;
  link.send = async (messages, wait) => {
    const {ws, end} = await (socket || connect(Math.min(wait, OPENING)));
    let entry, timer;
    return link.holds(messages, new Promise((resolve, reject) => {
      entry = {ids: new Set(messages.map((message) => message.id)), batch: [], resolve, reject};
      waiting.add(entry);
      timer = setTimeout(end, wait); // one that does not answer is of no use
      ws.send(JSON.stringify(messages));
    }).finally(() => {
      clearTimeout(timer);
      waiting.delete(entry);
    }));
  };
}

let callbacks = 0; // one count for every link of the page: the names are global

function callbackPolling(link) {
  const open = openings(link);
  const loaded = () => root.document.readyState === 'complete' ||
    new Promise((resolve) => root.addEventListener('load', resolve));
  link.limit = 1800;
  link.size = (messages) => String(form(messages)).length;
  link.send = async (messages, wait) => {
    if (isConnect(messages[0])) await loaded(); // which a script that is waited for would put off
    return request(messages, wait);
  };
  const request = (messages, wait) => link.holds(messages, new Promise((resolve, reject) => {
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
    const url = target(link, messages);
    open.add(cancel);
    root[name] = (batch) => { settle(resolve, link.deliver(batch)); delete root[name]; };
    script.onerror = cancel;
    script.src = url + (url.includes('?') ? '&' : '?') + 'jsonp=' + name +
      '&message=' + encodeURIComponent(JSON.stringify(messages));
    root.document.head.appendChild(script);
  }));
}
