// A subscription of halley.js: how far it has heard, and what the server is asked for.

import {cost} from './batch.js';
import {call} from './common.js';

const TIP = -1;         // of since: what comes from now on
const EARLIEST = -2;    // of since: all that the server keeps
const FORGOTTEN = /^400.*replayId/; // the server has no longer what follows a cursor
const JOINING = 1000;   // messages that one which joins others may hear before its replay begins

/*
 * A subscription is {channel, listener, since, interval}. since is undefined, or the
 * cursor: the number of the last message heard once there is one. Beside them
 *   seen     the last number heard of each channel in this session
 *   late     whether the server has still to be asked for what is before
 *   joining  the numbers heard, as long as what is live may come before what is replayed
 *   begin    the since that it began with
 *   deaf     whether something may be lost, which the server has still to be asked for
 *   refused  whether the server has refused it in this session
 *   ready    a promise, which settle(error) rejects, or resolves without an error
 */
export function subscriptionTo(client, channel, listener, {since, interval, onError}) {
  const late = since >= 0 || since === EARLIEST;
  const sub = {
    channel, listener, since, interval, onError, seen: new Map(), late, joining: late && new Set(), begin: since,
    unsubscribe: () => client.unsubscribe(sub),
    release() {},
  };
  sub.ready = new Promise((resolve, reject) => { sub.settle = (error) => (error ? reject(error) : resolve(sub)); });
  sub.ready.catch(() => {}); // onError hears of it too
  return sub;
}

/** Whether a message is new to a subscription: what is replayed may overlap with what it has heard. */
export function isNews(sub, {channel, replayId}) {
  const {since, seen, joining} = sub;
  const last = seen.get(channel) || 0;
  if (!replayId) return true;
  if (joining ? joining.has(replayId) || replayId <= sub.begin : replayId <= last) return false;
  if (joining && joining.add(replayId).size > JOINING && [...seen.values()].every((n) => n < replayId)) sub.joining = null;
  // The first of a session may be lower: another server, or one whose clock went back, counts anew.
  if (since !== undefined) sub.since = joining || !seen.size ? replayId : Math.max(since, replayId);
  seen.set(channel, Math.max(last, replayId));
  return true;
}

/** Whether what a subscription misses can be asked for. */
export function replays(sub) {
  return sub.since >= 0 || sub.since === EARLIEST;
}

/** Where those of one channel want to go on, if anywhere; `again` in a session that has it already. */
function cursor(set, again) {
  const known = [...set].filter(replays).map((sub) => sub.since);
  if (known.length) return Math.min(...known);
  if (!again && [...set].some((sub) => sub.since === TIP)) return TIP;
}

/** The least interval that those of one channel want: 0, every message, if one of them does. */
export function pace(set) {
  return Math.min(...[...set].map((sub) => sub.interval || 0));
}

/**
 * What tells the server of a channel's subscriptions, or that there are none: a message, with what its sending
 * and its reply change here.
 */
export function change(client, channel, set) {
  const {held, granted} = client;
  const before = held.get(channel);
  const interval = set && pace(set);
  const after = set && cursor(set, held.has(channel));
  const message = {channel: set ? '/meta/subscribe' : '/meta/unsubscribe', subscription: channel};
  if (interval || after !== undefined) {
    message.ext = {replay: after === undefined ? after : {[channel]: after}, conflate: interval ? {interval} : undefined};
  }
  return {
    message, cost: cost(message),
    begin: () => {
      if (!set) {
        granted.delete(channel);
        held.delete(channel);
        return;
      }
      held.set(channel, interval);
      set.forEach((sub) => { sub.late = sub.deaf = false; });
    },
    resolve: () => {
      if (!set || !held.has(channel)) return;
      granted.add(channel);
      set.forEach((sub) => { sub.refused = false; sub.settle(); });
    },
    reject: (error) => {
      if (error.reply && set) return refuse(client, channel, set, error);
      held.set(channel, set ? NaN : before); // not refused: ask again
      client.emit('error', error);
    },
  };
}

/** Takes the server's refusal of a subscribe, and tells who asked. */
function refuse(client, channel, set, error) {
  const asked = [...set].filter((sub) => !sub.refused);
  if (FORGOTTEN.test(error.reply.error)) {
    // What is left is better than nothing, though some of it may have come before.
    [...set].filter(replays).forEach((sub) => { sub.late = sub.since !== EARLIEST; sub.since = EARLIEST; });
  } else {
    client.held.delete(channel);
    client.granted.delete(channel);
    asked.forEach((sub) => { sub.refused = true; sub.settle(error); });
  }
  asked.filter((sub) => sub.onError).forEach((sub) => call(sub.onError, error));
  if (!asked.every((sub) => sub.onError)) client.fail(error);
}
