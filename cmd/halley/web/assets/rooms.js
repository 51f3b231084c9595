// What the chat knows, without a page: rooms, names and what a message may be.

const KEPT = 200; // messages of a room that stay on show
const STARS = ['Vega', 'Rigel', 'Mira', 'Altair', 'Deneb', 'Capella', 'Spica', 'Castor', 'Electra', 'Maia', 'Atria', 'Sirrah'];

/** One room: its channel and its latest messages. */
export class Room {
  constructor(name) {
    this.name = name;
    this.channel = '/chat/' + name;
    this.messages = [];
    this.waiting = []; // said here, and not yet taken by the server
    this.unread = 0;
  }

  add(message) {
    this.messages.push(message);
    if (this.messages.length > KEPT) this.messages.shift();
  }
}

/** A room's name from what someone typed: letters, digits, - and _, at most 24; '' if nothing is left. */
export function cleanRoom(text) {
  return text.trim().replace(/^#/, '').toLowerCase().replace(/[^a-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 24);
}

/** The room that the fragment of an address names, '' if it is none. */
export function roomOf(hash) {
  try {
    return cleanRoom(decodeURIComponent(hash.slice(1)));
  } catch { // a % that no byte follows
    return cleanRoom(hash.slice(1));
  }
}

/** A name for someone who has not said one. */
export function guestName(random) {
  return STARS[Math.floor(random * STARS.length)] + ' ' + Math.floor(random * 9000 % 90 + 10);
}

/** The message in data that came over the wire, from anybody; null if it is none. */
export function readMessage(data, now) {
  if (!data || typeof data.text !== 'string' || !data.text) return null;
  const user = typeof data.user === 'string' && data.user.trim() ? data.user.trim() : 'guest';
  const time = Number.isFinite(data.time) && data.time > 0 ? Math.min(data.time, now) : now;
  return { user: user.slice(0, 24), text: data.text.slice(0, 500), time };
}
