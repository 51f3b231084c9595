// One connection for all tabs of a browser, by the option share of halley.js, which loads this when it is asked for.
//
// The tab that holds the lock of the server's URL leads: it has the connection, and is to the others what a Bayeux
// server would be, over a BroadcastChannel. They travel by the transport 'shared'. When the leader goes, whoever gets
// the lock opens a connection, and all begin a session anew, subscriptions and cursors included. A tab that ends
// without a word lets go of a lock of its own.

const STUBBORN = 3; // requests without an answer after which another tab takes the lead from one that hangs
const PATIENCE = 2000; // ms that a tab which follows waits for the connection of one that is about to have it

/** Makes a client lead or follow, and resolves when it knows which. It does so until client.follow aborts. */
export function share(client, transports) {
  const {signal} = client.follow;
  const {share: key} = client.options;
  const name = ['halley', client.url, ...key === true ? [] : [key]].join(' ');
  const channel = new BroadcastChannel(name);
  const hold = () => new Promise((release) => signal.addEventListener('abort', release));
  const tab = crypto.randomUUID ? crypto.randomUUID() : String(Math.random());
  let silent = 0; // requests without an answer, one after the other
  signal.addEventListener('abort', () => channel.close());
  const lead = () => {
    client.names = client.usable;
    serve(client, channel, name);
    channel.postMessage({leader: true});
  };
  const lock = (options, which, act) => navigator.locks.request(which, options, act).catch((error) => {
    if (!signal.aborted && which === name && error.name === 'AbortError') client.start(); // another tab has taken the lead
  });
  const take = () => {
    lead();
    renew(client);
    return hold();
  };
  const follow = () => {
    client.names = ['shared'];
    const answered = (yes) => {
      silent = yes ? 0 : silent + 1;
      if (silent === STUBBORN) lock({steal: true}, name, take);
    };
    client.shared = (link) => shared(link, channel, tab, client, answered);
    transports.shared = {usable: () => true, open: (link) => link.shared(link)};
    lock({signal}, `${name} ${tab}`, hold);
    lock({signal}, name, take);
  };
  return new Promise((resolve) => {
    lock({ifAvailable: true}, name, (granted) => {
      if (granted) lead();
      else follow();
      resolve();
      return granted && hold();
    });
  });
}

/** Has a client begin a session anew, by whatever its names say now. */
function renew(client) {
  const error = client.lose(client.clientId, new Error('another tab has the connection now'));
  const {link} = client;
  client.proven.clear();
  client.transport = null;
  if (link && link.end) link.end(error);
  if (client.interrupt) client.interrupt(error);
}

/** The transport of a tab that follows. */
function shared(link, channel, tab, client, answered) {
  const waiting = new Map(); // number of a request → what settles it
  let requests = 0;
  let fail; // ends the stream
  link.limit = 1 << 20;
  link.size = (messages) => new TextEncoder().encode(JSON.stringify(messages)).length;
  link.end = (error) => {
    waiting.forEach(({reject}) => reject(error));
    if (fail) fail(error);
  };
  link.settled = () => Promise.resolve(); // one channel brings all, in order
  link.close = () => {
    channel.removeEventListener('message', hear);
    link.end(new Error('closed'));
  };
  const hear = ({data}) => {
    if (data.leader || data.lost) return link === client.link && renew(client);
    if (data.events) return link.deliver(data.events.filter(({to}) => to.includes(tab)).map(({message}) => message));
    const request = data.to === tab && waiting.get(data.request);
    if (request) request.resolve(link.deliver(data.batch));
  };
  channel.addEventListener('message', hear);
  link.send = (messages, wait) => new Promise((resolve, reject) => {
    const request = ++requests;
    const timer = setTimeout(() => {
      const error = new Error('the tab that has the connection does not answer');
      settle(reject)(error);
      link.end(error);
      answered(false);
      link.broken(error);
    }, wait);
    const settle = (outcome) => (value) => {
      clearTimeout(timer);
      waiting.delete(request);
      outcome(value);
    };
    waiting.set(request, {resolve: (batch) => { answered(true); settle(resolve)(batch); }, reject: settle(reject)});
    if (messages[0].channel === '/meta/connect') {
      link.stream = new Promise((_, end) => { fail = end; });
      link.stream.catch(() => {});
    }
    channel.postMessage({from: tab, request, messages});
  });
}

/** Is the server of the tabs that follow, with what the client has. */
function serve(client, channel, name) {
  const {signal} = client.follow;
  const tabs = new Map(); // tab → its subscriptions by channel
  let events = []; // that wait for the end of this turn: {to, message}
  const flush = () => {
    if (events.length && !signal.aborted) channel.postMessage({events});
    events = [];
  };
  const pass = (tab, message) => {
    if (!events.length) Promise.resolve().then(flush);
    if (!events.length || events[events.length - 1].message !== message) events.push({to: [], message});
    const {to} = events[events.length - 1];
    if (!to.includes(tab)) to.push(tab);
  };
  const drop = (tab) => {
    if (tabs.has(tab)) tabs.get(tab).forEach((sub) => sub.unsubscribe());
    tabs.delete(tab);
  };
  /** Waits a while for the connection; one that does not come is no reason to take the lead from this tab. */
  const connected = () => client.status === 'connected' || new Promise((resolve, reject) => {
    const off = client.on('status', (status) => status === 'connected' && settle(resolve), {signal});
    const timer = setTimeout(() => settle(reject, new Error('not connected')), PATIENCE);
    const settle = (outcome, value) => {
      off();
      clearTimeout(timer);
      outcome(value);
    };
  });
  const answers = {
    '/meta/handshake': async (tab) => {
      drop(tab);
      await connected();
      if (!tabs.has(tab)) navigator.locks.request(`${name} ${tab}`, {signal}, () => drop(tab)).catch(() => {});
      tabs.set(tab, new Map());
      const halley = client.maxMessage < Infinity ? {maxMessage: client.maxMessage} : undefined;
      return {
        clientId: tab, version: '1.0', supportedConnectionTypes: ['shared'], ext: {halley},
        advice: {reconnect: 'retry', interval: 0, timeout: 60000},
      };
    },
    '/meta/connect': () => ({}),
    '/meta/disconnect': (tab) => { drop(tab); },
    '/meta/subscribe': async (tab, {subscription, ext: {replay, conflate} = {}}) => {
      const subs = tabs.get(tab);
      const before = subs.get(subscription);
      const sub = client.subscribe(subscription, (_, message) => pass(tab, message), {
        since: replay && replay[subscription], interval: conflate && conflate.interval, onError() {},
      });
      subs.set(subscription, sub);
      if (before) before.unsubscribe();
      await sub.ready;
    },
    '/meta/unsubscribe': (tab, {subscription}) => {
      const subs = tabs.get(tab);
      if (subs.has(subscription)) subs.get(subscription).unsubscribe();
      subs.delete(subscription);
    },
  };
  const answer = async (tab, message) => {
    const {id, channel: to, data, subscription} = message;
    const own = to.startsWith('/meta/');
    try {
      if (own && to !== '/meta/handshake' && !tabs.has(tab)) throw {reply: {error: '402::session_unknown', advice: {reconnect: 'handshake'}}};
      const reply = own ? await answers[to](tab, message) : await client.publish(to, data);
      return Object.assign({}, reply, {channel: to, id, subscription, successful: true});
    } catch ({reply = {}, message: text}) {
      return {channel: to, id, subscription, successful: false, error: reply.error || '503::' + text, advice: reply.advice};
    }
  };
  channel.addEventListener('message', async ({data: {from, request, messages}}) => {
    if (!from) return;
    const batch = await Promise.all(messages.map((message) => answer(from, message)));
    flush(); // what came before the replies goes before them
    if (!signal.aborted) channel.postMessage({to: from, request, batch});
  });
  client.on('status', (status) => {
    if (status !== 'connected' && !signal.aborted) channel.postMessage({lost: true});
  }, {signal});
}
