import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Room, cleanRoom, guestName, readMessage, roomOf } from '../assets/rooms.js';

test('a room name is what a channel segment may be', () => {
  assert.deepEqual(
    ['#Lobby', ' two words ', 'a/../b', '**', 'æther', '', 'x'.repeat(40)].map(cleanRoom),
    ['lobby', 'two-words', 'a-b', '', 'ther', '', 'x'.repeat(24)]);
});

test('a guest has a name for any random number', () => {
  for (const random of [0, 0.5, 0.999999]) assert.match(guestName(random), /^[A-Z][a-z]+ \d\d$/);
});

test('a message from anybody is cut to what the page can show', () => {
  assert.deepEqual(readMessage({ user: ' Vega ', text: 'hi', time: 5 }, 10), { user: 'Vega', text: 'hi', time: 5 });
  assert.deepEqual(readMessage({ text: 'hi' }, 10), { user: 'guest', text: 'hi', time: 10 });
  assert.deepEqual(readMessage({ user: {}, text: 'hi', time: '5' }, 10), { user: 'guest', text: 'hi', time: 10 });
  assert.equal(readMessage({ user: 'u', text: 'hi', time: 99 }, 10).time, 10);
  const long = readMessage({ user: 'u'.repeat(99), text: 't'.repeat(999) }, 10);
  assert.deepEqual([long.user.length, long.text.length], [24, 500]);
});

test('what is no message is passed over', () => {
  for (const data of [null, 0, 'text', [], {}, { text: '' }, { text: 5 }]) assert.equal(readMessage(data, 1), null);
});

test('a room keeps its latest messages', () => {
  const room = new Room('lobby');
  for (let n = 0; n < 250; n++) room.add({ n });
  assert.deepEqual([room.channel, room.messages.length, room.messages[0].n], ['/chat/lobby', 200, 50]);
});

test('an address names a room, whatever it says', () => {
  const rooms = { '#orbits': 'orbits', '#Two%20Words': 'two-words', '': '', '#': '', '#%': '', '#%E0%A4%A': 'e0-a4-a', '#%FF': 'ff' };
  for (const [hash, room] of Object.entries(rooms)) assert.equal(roomOf(hash), room, hash);
});
