// halley.d.mts says what halley.js has.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { page } from './fake.mjs';

const text = readFileSync(new URL('../client/halley.d.mts', import.meta.url), 'utf8').replace(/\/\*\*.*?\*\//gs, '');
const { halley } = page('http://127.0.0.1/');

/** The names of one interface or class: of its methods, or of all else. */
function names(kind, methods) {
  const body = new RegExp(`export (?:interface|class) ${kind}\\b[^{]*{(.*?)^}`, 'ms').exec(text)[1];
  return [...body.matchAll(/^  (?:readonly )?(\w+)\??(\(|<|:)/gm)].filter(([, , after]) => (after !== ':') === methods).map(([, name]) => name);
}

test('the methods', () => {
  assert.deepEqual([...new Set(names('Client', true))], ['init', 'subscribe', 'pace', 'unsubscribe', 'publish', 'on', 'use', 'retry', 'disconnect']);
  for (const name of names('Client', true)) assert.equal(typeof halley[name], 'function', name);
});

test('the options, each with its default', () => {
  const typed = [...names('Options', false), ...names('Options', true)];
  assert.deepEqual(typed.sort(), Object.keys(halley.options).sort());
});

test('a subscription', () => {
  const made = halley.subscribe('/a', () => {}, { since: 7, interval: 500, onError() {} });
  const typed = [...names('Subscription', false), ...names('Subscription', true)];
  assert.deepEqual(typed.sort(), ['channel', 'interval', 'listener', 'onError', 'ready', 'since', 'unsubscribe']);
  for (const name of typed) assert.ok(made[name] !== undefined, name);
  assert.deepEqual([made.channel, made.since, made.interval, typeof made.listener], ['/a', 7, 500, 'function']);
});
