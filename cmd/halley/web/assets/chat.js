// The chat: rooms are channels below /chat, and everything said is a text node.
import { connect } from './status.js';
import { Room, cleanRoom, guestName, readMessage, roomOf } from './rooms.js';

const PATIENCE = 400; // ms that a message may be on its way before it is shown as waiting
const GROUP = 120000; // ms within which one person's messages stand together

const byId = (id) => document.getElementById(id);
const rooms = new Map(); // name → Room
const opened = Date.now();
let here; // the room on show

function bubble(message, before, waiting) {
  const item = document.createElement('li');
  const who = document.createElement('div');
  const user = document.createElement('b');
  const time = document.createElement('time');
  const what = document.createElement('div');
  const mine = message.user === nick();
  item.className = mine ? 'mine' : '';
  item.classList.toggle('waiting', !!waiting);
  if (before && before.user === message.user && message.time - before.time < GROUP) item.classList.add('more');
  who.className = 'who';
  user.textContent = message.user;
  time.textContent = waiting ? 'Waiting for the connection…' : new Date(message.time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  what.className = 'what';
  what.textContent = message.text;
  who.append(user, time);
  item.append(who, what);
  return item;
}

/** Shows the room; follows the newest message unless the reader has scrolled up. */
function show(room) {
  here = room;
  room.unread = 0;
  location.replace('#' + room.name);
  byId('here').textContent = '#' + room.name;
  byId('log').replaceChildren(...room.messages.map((m, i) => bubble(m, room.messages[i - 1])), ...room.waiting.map((m) => bubble(m, null, true)));
  byId('quiet').hidden = byId('log').children.length > 0;
  byId('scroll').scrollTop = byId('scroll').scrollHeight;
  list();
}

function append(room, message) {
  const scroll = byId('scroll');
  const following = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  byId('log').insertBefore(bubble(message, room.messages.at(-2)), byId('log').querySelector('.waiting'));
  if (byId('log').children.length > room.messages.length + room.waiting.length) byId('log').firstChild.remove();
  byId('quiet').hidden = true;
  if (following) scroll.scrollTop = scroll.scrollHeight;
}

function list() {
  byId('rooms').replaceChildren(...[...rooms.values()].map((room) => {
    const item = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    button.append('#' + room.name);
    button.addEventListener('click', () => { show(room); byId('text').focus(); });
    if (room === here) button.setAttribute('aria-current', 'true');
    if (room.unread) button.append(badge(room.unread));
    item.append(button);
    return item;
  }));
}

function badge(count) {
  const span = document.createElement('span');
  span.className = 'unread';
  span.textContent = count;
  span.setAttribute('aria-label', `, ${count} unread`);
  return span;
}

function join(name) {
  if (!rooms.has(name)) {
    const room = new Room(name);
    rooms.set(name, room);
    halley.subscribe(room.channel, (data) => receive(room, data), { since: -2 }); // with what was said before, where it is kept
  }
  return rooms.get(name);
}

function receive(room, data) {
  const message = readMessage(data, Date.now());
  if (!message) return;
  room.add(message);
  if (room === here) return append(room, message);
  if (message.time < opened) return; // said before this page was there
  room.unread++;
  list();
}

function nick() {
  return byId('nick').value.trim() || 'guest';
}

/** Shows what waits in the room, if it is on show. */
function refresh(room) {
  if (room !== here) return;
  byId('log').querySelectorAll('.waiting').forEach((item) => item.remove());
  byId('log').append(...room.waiting.map((message) => bubble(message, null, true)));
  byId('quiet').hidden = byId('log').children.length > 0;
  byId('scroll').scrollTop = byId('scroll').scrollHeight;
}

async function say(event) {
  event.preventDefault();
  const input = byId('text');
  const text = input.value.trim();
  if (!text) return;
  input.value = '';
  byId('problem').textContent = '';
  const room = here;
  const message = { user: nick(), text, time: Date.now() };
  const wait = setTimeout(() => { room.waiting.push(message); refresh(room); }, halley.status === 'connected' ? PATIENCE : 0);
  try {
    await halley.publish(room.channel, message).finally(() => {
      clearTimeout(wait);
      if (room.waiting.includes(message)) room.waiting.splice(room.waiting.indexOf(message), 1);
      refresh(room);
    });
  } catch (error) {
    byId('problem').textContent = `Not sent (${error.message}). Your words are back in the field.`;
    if (!input.value) input.value = text;
  }
}

function joinAnother(event) {
  event.preventDefault();
  const name = cleanRoom(byId('room').value);
  if (!name) return;
  byId('room').value = '';
  show(join(name));
  byId('text').focus();
}

byId('nick').value = sessionStorage.getItem('nick') || guestName(Math.random());
sessionStorage.setItem('nick', nick()); // whose words are mine after a reload
byId('nick').addEventListener('change', () => {
  sessionStorage.setItem('nick', nick());
  show(here);
});
byId('say').addEventListener('submit', say);
byId('join').addEventListener('submit', joinAnother);
halley.on('error', () => {}); // a message that was not sent says so itself
connect(byId('status'));
const asked = roomOf(location.hash);
['lobby', 'traders', 'random'].forEach(join);
show(join(asked || 'lobby'));
