// The techniques of the tour. Each is {start(wire), stop(), envelope(batch)}: what it
// does is noted in the wire, and envelope shows a batch as it travelled.
import { endpoint } from './status.js';
import { watch } from './wire.js';

/** What every stop listens to. */
export const CHANNELS = ['/stock/HLY', '/demo/wire'];

const POLL = 3000; // ms between the questions of the polling stop

const ENVELOPES = {
  'polling': (json) => json,
  'long-polling': (json) => `HTTP/1.1 200 OK\nContent-Type: application/json;charset=utf-8\n\n${json}`,
  'callback-polling': (json) => `/**/halley_1(${json});`,
  'xhr-streaming': (json) => `${json}\\n`,
  'eventsource': (json) => `data: ${json}\n\n`,
  'websocket': (json) => `81 ${frameLength(new TextEncoder().encode(json).length)} ${json}`,
  'iframe': (json) => `<script>d(${json})</script>`,
  'multipart': (json) => `Content-Type: text/plain;charset=utf-8\n\n${json}\n--halley-part`,
};

/** The length of a frame in hexadecimal, as RFC 6455 has it. */
function frameLength(n) {
  const hex = (value, bytes) => value.toString(16).padStart(bytes * 2, '0').replace(/..(?=.)/g, '$& ');
  return n < 126 ? hex(n, 1) : n < 65536 ? '7e ' + hex(n, 2) : '7f ' + hex(n, 8);
}

/** A technique that is a transport of halley.js. */
function transport(name) {
  let client;
  return {
    start(wire, options = {}) {
      if (!client) {
        client = new halley.Client();
        watch(client, wire);
        CHANNELS.forEach((channel) => client.subscribe(channel, () => {}));
      }
      client.init(endpoint, { transports: [name], ...options });
    },
    stop: () => client.disconnect(),
  };
}

/** Posts Bayeux messages with no library; resolves to the reply batch. */
async function ask(wire, messages) {
  const span = wire.begin('short', messages);
  try {
    const response = await fetch(endpoint, { method: 'POST', body: JSON.stringify(messages) });
    const replies = await response.json();
    wire.heard(replies);
    return replies;
  } finally {
    wire.end(span);
  }
}

/** Opens a session by hand; resolves to its clientId. */
async function session(wire, type) {
  const [{ clientId }] = await ask(wire, [{ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: [type] }]);
  await ask(wire, [{ channel: '/meta/subscribe', clientId, subscription: CHANNELS }]);
  return clientId;
}

const connect = (clientId, connectionType) => ({ channel: '/meta/connect', clientId, connectionType });

/** A form is posted into a hidden frame, and the scripts of its endless page call window.cometd. */
function iframe() {
  let frame, clientId, run;
  return {
    async start(wire) {
      const mine = run = {};
      const opened = await session(wire, 'iframe');
      if (run !== mine) return leave(opened);
      clientId = opened;
      frame = document.createElement('iframe');
      frame.name = 'forever';
      frame.title = 'Forever iframe';
      const form = document.createElement('form');
      Object.assign(form, { method: 'post', action: endpoint, target: frame.name, hidden: true });
      const field = form.appendChild(document.createElement('input'));
      Object.assign(field, { type: 'hidden', name: 'message', value: JSON.stringify([connect(clientId, 'iframe')]) });
      document.body.append(frame, form);
      window.cometd = { deliver: (batch) => wire.heard(batch) };
      wire.begin('stream', [connect(clientId, 'iframe')]);
      form.submit();
      form.remove();
    },
    stop() {
      run = null;
      if (!frame) return;
      frame.remove();
      leave(clientId);
      frame = null;
    },
  };
}

/** A response in parts, read by a script, since browsers give only images of such. */
function multipart() {
  let control, clientId;
  return {
    async start(wire) {
      const mine = control = new AbortController();
      const opened = await session(wire, 'mime-message-block');
      if (mine.signal.aborted) return leave(opened);
      clientId = opened;
      const message = [connect(clientId, 'mime-message-block')];
      const span = wire.begin('stream', message);
      try {
        const response = await fetch(endpoint, { method: 'POST', body: JSON.stringify(message), signal: mine.signal });
        await readParts(response.body.pipeThrough(new TextDecoderStream()).getReader(), (batch) => wire.heard(batch));
      } catch {
        // stopped, or cut off
      } finally {
        wire.end(span);
      }
    },
    stop() {
      control.abort();
      if (clientId) leave(clientId);
      clientId = null;
    },
  };
}

async function readParts(reader, take) {
  for (let rest = ''; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split(/\r\n--halley-part(?:--)?\r\n/);
    rest = parts.pop();
    for (const part of parts) {
      const batch = JSON.parse(part.slice(part.indexOf('\r\n\r\n') + 4));
      if (batch.length) take(batch);
    }
  }
}

function leave(clientId) {
  fetch(endpoint, { method: 'POST', body: JSON.stringify([{ channel: '/meta/disconnect', clientId }]), keepalive: true }).catch(() => {});
}

/** The technique of that name. */
export function technique(name) {
  const made = name === 'iframe' ? iframe() : name === 'multipart' ? multipart() : transport(name);
  const envelope = (batch) => ENVELOPES[name](JSON.stringify(batch));
  if (name !== 'polling') return { ...made, envelope };
  // At a fixed interval, as it was once done.
  return { ...made, envelope, start: (wire) => made.start(wire, { pollInterval: POLL, maxPollInterval: POLL }) };
}
