// The chat: rooms are channels below /chat, and everything said is a text node.
import { connect } from './status.js';
import { Room, cleanRoom, guestName, readMessage } from './rooms.js';

const GROUP = 120000; // ms within which one person's messages stand together

const byId = (id) => document.getElementById(id);
const rooms = new Map(); // name → Room
let here; // the room on show

function bubble(message, before) {
  const item = document.createElement('li');
  const who = document.createElement('div');
  const user = document.createElement('b');
  const time = document.createElement('time');
  const what = document.createElement('div');
  const mine = message.user === nick();
  item.className = mine ? 'mine' : '';
  if (before && before.user === message.user && message.time - before.time < GROUP) item.classList.add('more');
  who.className = 'who';
  user.textContent = message.user;
  time.textContent = new Date(message.time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
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
  byId('log').replaceChildren(...room.messages.map((m, i) => bubble(m, room.messages[i - 1])));
  byId('quiet').hidden = room.messages.length > 0;
  byId('scroll').scrollTop = byId('scroll').scrollHeight;
  list();
}

function append(room, message) {
  const scroll = byId('scroll');
  const following = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  byId('log').append(bubble(message, room.messages.at(-2)));
  if (byId('log').children.length > room.messages.length) byId('log').firstChild.remove();
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
    halley.subscribe(room.channel, (data) => receive(room, data));
  }
  return rooms.get(name);
}

function receive(room, data) {
  const message = readMessage(data, Date.now());
  if (!message) return;
  room.add(message);
  if (room === here) return append(room, message);
  room.unread++;
  list();
}

function nick() {
  return byId('nick').value.trim() || 'guest';
}

async function say(event) {
  event.preventDefault();
  const input = byId('text');
  const text = input.value.trim();
  if (!text) return;
  input.value = '';
  byId('problem').textContent = '';
  try {
    await halley.publish(here.channel, { user: nick(), text, time: Date.now() });
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
byId('nick').addEventListener('change', () => {
  sessionStorage.setItem('nick', nick());
  show(here);
});
byId('say').addEventListener('submit', say);
byId('join').addEventListener('submit', joinAnother);
connect(byId('status'));
const asked = cleanRoom(decodeURIComponent(location.hash.slice(1)));
['lobby', 'traders', 'random'].forEach(join);
show(join(asked || 'lobby'));
