// A move from one link to another: two connections have no order between them, but a publisher's messages have.

export const LINGER = 2000; // ms that a link which was left may still bring what was on its way
const GRACE = 100;          // ms that messages wait for an event-stream, whose end nothing may tell

/**
 * Has link keep what comes by it until what the server had sent by the link before it has come, and hand it on then. The server answers
 * the connect that it held there, or ends the stream. Only an event-stream stays open when a poll takes its session.
 */
export function queueBehind(link, before, hand) {
  const kept = [];
  const most = before.name === 'eventsource' && /polling$/.test(link.name) ? GRACE : LINGER;
  let release;
  link.caughtUp = new Promise((resolve) => { release = resolve; });
  link.keep = (message) => {
    if (!kept.length) setTimeout(release, most);
    return kept.push(message);
  };
  Promise.all([before.caughtUp, before.settled()]).then(release);
  link.caughtUp.then(() => {
    link.keep = null;
    kept.forEach((message) => hand(message));
  });
}
