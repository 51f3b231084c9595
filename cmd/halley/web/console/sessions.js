// One session: found, shown and ended by the listener's own resources.
import { bytes, count, span, text } from './format.js';
import { $, cells, el, list, row, say } from './dom.js';
import { typeName } from './panels.js';

const SOME = 20;
const STATES = {
  handshaken: 'no connect yet', away: 'between two connects', polling: 'a connect is held', socket: 'websocket', 'socket-held': 'websocket, connect held',
  stream: 'stream', 'event-source': 'event-stream', 'event-source-held': 'event-stream, poll held', reserved: 'event-stream opens', anonymous: 'event-stream without Bayeux',
};

let ask; // (method, path) → response
let shown = '';
let sure;

const path = (id) => 'sessions/' + encodeURIComponent(id);

function note(words, bad = false) {
  $('session-note').hidden = !words;
  say($('session-note'), words);
  $('session-note').className = (bad ? 'down' : 'soft') + ' none';
}

/** The words of an answer that is none. */
async function failure(response) {
  const { error } = await response.json().catch(() => ({}));
  return `${response.status}: ${error ?? response.statusText}`;
}

/** Asks, and says what went wrong if it did. */
async function get(method, where, then) {
  try {
    const response = await ask(method, where);
    if (response.ok) return then(await response.json());
    note(response.status === 404 ? 'There is no such session, or not any more.' : await failure(response), true);
  } catch (error) {
    note(error.message, true);
  }
  return undefined;
}

function calm() {
  clearTimeout(sure);
  sure = undefined;
  $('end').classList.remove('sure');
  say($('end'), 'End this session');
}

/** Shows the session of a clientId. */
export async function open(id) {
  calm();
  shown = id.trim();
  if (!shown) return;
  $('find-id').value = shown;
  $('detail').hidden = true;
  await get('GET', path(shown), (session) => {
    note('');
    $('list-table').hidden = true;
    $('detail').hidden = false;
    say($('detail-id'), session.id);
    const facts = [
      ['Address', session.address || 'not connected'],
      ['Connection type', typeName(session.connectionType)],
      ['State', STATES[session.state] ?? session.state],
      ['Age', span(session.ageMs)],
      ['Queued', `${text(count(session.queued))} · ${text(bytes(session.queuedBytes))}`],
      ['In flight', text(count(session.inFlight))],
      ['Dropped, not told yet', text(count(session.dropped))],
      ['Subscriptions', text(count(session.subscriptions))],
      ...(session.subject ? [['Token of', session.subject]] : []),
    ];
    list($('detail-facts'), facts, () => el('div', {}, el('dt'), el('dd')), (div, [name, value]) => cells(div, name, value));
    const more = session.subscriptions - session.patterns.length;
    const patterns = session.patterns.length ? session.patterns : ['nothing'];
    list($('detail-patterns'), more > 0 ? [...patterns, `and ${more} more`] : patterns, () => el('li'), (li, pattern) => say(li, pattern));
  });
  $('session-panel').scrollIntoView({ block: 'nearest', behavior: 'smooth' });
}

async function some() {
  calm();
  await get('GET', 'sessions?limit=' + SOME, ({ sessions }) => {
    $('detail').hidden = true;
    $('list-table').hidden = !sessions.length;
    note(sessions.length ? (sessions.length === SOME ? `The first ${SOME}.` : '') : 'There are no sessions.');
    const make = () => {
      const tr = row('text mono', '', 'extra', '', 'extra')();
      tr.firstChild.append(el('button', { className: 'link', type: 'button', onclick: (event) => open(event.target.textContent) }));
      return tr;
    };
    list($('list'), sessions, make, (tr, session) => {
      say(tr.querySelector('button'), session.id);
      [typeName(session.connectionType), text(count(session.subscriptions)), text(count(session.queued)), span(session.ageMs)]
        .forEach((words, i) => say(tr.children[i + 1], words));
    });
  });
}

/** Ends the session at the second press: the first one asks. */
async function end() {
  if (!sure) {
    sure = setTimeout(calm, 5000);
    $('end').classList.add('sure');
    say($('end'), 'Press again to end it');
    return;
  }
  calm();
  await get('DELETE', path(shown), () => {
    $('detail').hidden = true;
    note('The session has ended, and its client was told not to come back by itself.');
  });
}

/** Makes the panel work; `request(method, path)` asks the listener. */
export function start(request) {
  ask = request;
  $('find').addEventListener('submit', (event) => {
    event.preventDefault();
    open($('find-id').value);
  });
  $('some').addEventListener('click', some);
  $('again').addEventListener('click', () => open(shown));
  $('end').addEventListener('click', end);
}
