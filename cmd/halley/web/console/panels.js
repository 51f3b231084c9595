// The parts of the page below the charts, each drawn from one view.
import { CLOCK, bytes, count, percent, span, text, time } from './format.js';
import { $, cells, el, list, row, say } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const VERDICTS = { well: 'All is well', attention: 'Worth a look', bad: 'Should be sent no clients' };
const TYPES = {
  websocket: 'WebSocket', 'long-polling': 'Long-polling', 'callback-polling': 'Callback-polling', eventsource: 'Event-stream',
  'xhr-streaming': 'XHR streaming', iframe: 'Forever frame', 'mime-message-block': 'Multipart', events: 'Event-stream without Bayeux',
};
const OWNERS = {
  queues: 'Queues of sessions', nodes: 'Places in queues', history: 'History', output: 'Output not taken', input: 'Input not whole',
  mailboxes: 'Between event loops', subscriptions: 'Subscriptions', claims: 'Tokens’ claims', repeats: 'Publishes, to know them again',
  presence: 'Who is there',
};
const KINDS = { fault: 'fault', lost: 'lost', ended: 'ended', refused: 'refused', client: 'client', spared: 'by rule' };
const LOOPS = 12; // that are shown

/** What a connection type is called. */
export const typeName = (type) => TYPES[type] ?? (type || 'Reply');

export function verdict({ health, uptimeMs, now }) {
  $('verdict').dataset.level = health.level;
  say($('words'), VERDICTS[health.level]);
  list($('reasons'), health.reasons, () => el('li'), (li, reason) => say(li, reason));
  say($('up'), span(uptimeMs));
  say($('sessions'), text(count(now.sessions)));
  say($('lost'), text(count(now.lost), '/s').replace(' /s', '/s'));
  $('lost').className = now.lost > 0 ? 'down' : '';
  document.title = (health.level === 'well' ? '' : health.level === 'bad' ? '✖ ' : '! ') + 'Console · halley';
}

/** What is said where no view comes any more. */
export function silence(heard) {
  $('verdict').dataset.level = 'silent';
  say($('words'), 'No word from the server');
  list($('reasons'), [`The figures below are those of ${new Date(heard).toLocaleTimeString([], CLOCK)}.`], () => el('li'), (li, reason) => say(li, reason));
  document.title = '? Console · halley';
}

/** A bar of parts and what they are, the largest first; `parts` are [name, value, hue]. */
function stack(bar, legend, parts, whole, show) {
  list(bar, parts, () => el('i'), (part, [, value, hue]) => {
    part.className = hue;
    part.style.width = (whole ? value / whole * 100 : 0) + '%';
  });
  list(legend, parts, () => el('li', {}, el('span'), el('b'), el('small')), (li, [name, value, hue]) => {
    li.className = hue;
    cells(li, name, show(value), text(percent(whole ? value / whole : 0)));
  });
}

/** The parts of an object by size, those that there are, each with the hue of its name. */
function parts(values, names) {
  return Object.keys(names).map((name, i) => [names[name], values[name] ?? 0, 'hue-' + i])
    .filter(([, value]) => value > 0).sort(([, a], [, b]) => b - a);
}

export function types({ connections, now }) {
  const waiting = parts(connections.byType, TYPES);
  const rest = Math.max(0, now.connections - waiting.reduce((sum, [, value]) => sum + value, 0));
  if (rest || !waiting.length) waiting.push(['Between requests', rest, 'hue-rest']);
  stack($('types-bar'), $('types'), waiting, now.connections, (value) => text(count(value)));
}

export function kept({ kept: values, history }) {
  const owners = parts(values, OWNERS);
  const whole = owners.reduce((sum, [, value]) => sum + value, 0);
  stack($('kept-bar'), $('kept'), owners.length ? owners : [['Nothing', 0, 'hue-rest']], whole, (value) => text(bytes(value)));
  const file = history.failing ? ' Its file cannot be written.' : '';
  say($('history'), history.events
    ? `The history has ${text(count(history.events))} events, and ${text(count(history.read))} a second are read again.${file}`
    : `The history is empty.${file}`);
  $('history').className = history.failing ? 'more down' : 'soft more';
}

function meter() {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('aria-hidden', 'true');
  const bar = svg.appendChild(document.createElementNS(SVG, 'rect'));
  bar.setAttribute('height', '100%');
  return el('td', { className: 'meter' }, el('span', {}, svg, el('em')));
}

export function loops({ loops: all }) {
  const busiest = all.map((loop, i) => ({ ...loop, i })).sort((a, b) => b.busy - a.busy).slice(0, LOOPS).sort((a, b) => a.i - b.i);
  const make = () => {
    const tr = el('tr', {}, el('th'), meter(), el('td'), el('td'));
    tr.firstChild.scope = 'row';
    return tr;
  };
  list($('loops'), busiest, make, (tr, loop) => {
    say(tr.children[0], String(loop.i));
    tr.children[1].classList.toggle('hot', loop.busy > 0.85);
    tr.querySelector('rect').setAttribute('width', (loop.busy * 100).toFixed(1) + '%');
    say(tr.querySelector('em'), text(percent(loop.busy)));
    say(tr.children[2], text(time(loop.turnMs)));
    tr.children[2].title = `99 % of its turns keep within that; the longest since the start took ${text(time(loop.longestMs))}`;
    say(tr.children[3], text(time(loop.lagMs)));
    tr.children[3].className = loop.lagMs > 500 ? 'down' : '';
  });
  $('loops-more').hidden = all.length <= LOOPS;
  say($('loops-more'), `The ${LOOPS} busiest of ${all.length}.`);
}

/** Shows what has rows, and else the words for nothing. */
function orNothing(id, shown, rows) {
  shown.hidden = !rows.length;
  $(id + '-none').hidden = rows.length > 0;
}

export function top({ top: channels }) {
  orNothing('top', $('top-table'), channels);
  const most = Math.max(1, ...channels.map((channel) => channel.events + channel.given));
  list($('top'), channels, row('text mono', '', ''), (tr, channel) => {
    cells(tr, channel.channel, text(count(channel.events)), text(count(channel.given)));
    tr.children[0].title = channel.channel;
    tr.style.setProperty('--share', (channel.events + channel.given) / most * 100 + '%');
  });
}

/** How the forms of facts read. */
const FORMS = { count: (value) => text(count(value)), bytes: (value) => text(bytes(value)), rate: (value) => text(count(value)) + '/s' };

export function others({ others: all, facts }) {
  $('others-panel').hidden = !all.length;
  $('facts').hidden = !facts.length;
  list($('facts'), facts, () => el('div', {}, el('dt'), el('dd')), (div, fact) => cells(div, fact.name, FORMS[fact.form](fact.value)));
  const make = () => {
    const tr = row('text', '', '', '', 'extra')();
    tr.firstChild.append(el('span', { className: 'kind' }), el('span'));
    return tr;
  };
  list($('others'), all, make, (tr, other) => {
    const [kind, name] = tr.firstChild.children;
    kind.dataset.kind = other.up ? 'up' : 'lost';
    say(kind, other.up ? other.kind : 'away');
    say(name, other.name);
    tr.firstChild.title = `${other.kind} ${other.name}${other.up ? '' : ', not connected'}`;
    const rates = other.kind === 'node' ? ['–', '–'] : [text(count(other.in)), text(count(other.out))]; // the cluster has those of all
    rates.forEach((words, i) => say(tr.children[i + 1], words));
    say(tr.children[3], other.waiting ? text(count(other.waiting)) : '–');
    tr.children[3].title = other.lagMs ? `the oldest for ${text(time(other.lagMs))}` : '';
    say(tr.children[4], other.lost ? text(count(other.lost)) : '–');
    tr.className = other.losing ? 'now' : '';
  });
}

/** `open(id)` shows a session. */
export function slow({ slow: clients, connections }, open) {
  orNothing('slow', $('slow-table'), clients);
  say($('slow-count'), connections.slow > clients.length ? `the worst of ${text(count(connections.slow))}` : '');
  const make = () => {
    const tr = row('', '', '', '')();
    tr.firstChild.append(el('button', { className: 'link', type: 'button', onclick: (event) => open(event.target.dataset.session) }));
    return tr;
  };
  list($('slow'), clients, make, (tr, client) => {
    const button = tr.querySelector('button');
    say(button, client.address);
    button.dataset.session = client.session;
    button.disabled = !client.session;
    [typeName(client.type), text(bytes(client.bytes)), text(time(client.stuckMs))].forEach((words, i) => say(tr.children[i + 1], words));
  });
}

export function troubles({ troubles: all }) {
  orNothing('troubles', $('troubles-table'), all);
  const make = () => {
    const tr = row('text', '', '')();
    tr.firstChild.append(el('span', { className: 'kind' }), el('span'));
    return tr;
  };
  list($('troubles'), all, make, (tr, trouble) => {
    const [kind, what] = tr.firstChild.children;
    kind.dataset.kind = trouble.kind;
    say(kind, KINDS[trouble.kind]);
    say(what, trouble.what);
    tr.firstChild.title = trouble.what;
    say(tr.children[1], text(count(trouble.total)));
    say(tr.children[2], trouble.rate ? text(count(trouble.rate)) : '–');
    tr.className = trouble.rate && ['fault', 'lost', 'ended', 'refused'].includes(trouble.kind) ? 'now' : '';
  });
}

export function notes({ notes: lines }) {
  orNothing('notes', $('notes'), lines);
  list($('notes'), lines, () => el('li', {}, el('time'), el('span')), (li, line) => {
    const at = new Date(line.at);
    li.dataset.level = line.level;
    li.firstChild.dateTime = at.toISOString();
    li.firstChild.title = `${line.level}, ${at.toLocaleString()}`;
    cells(li, at.toLocaleTimeString([], CLOCK), line.text);
  });
}
