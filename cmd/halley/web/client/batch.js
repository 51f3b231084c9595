// What goes in one request.

export const MAX_BATCH = 100; // messages

/** How many bytes of a URL a message takes, with room for its id and clientId. */
export function cost(message) {
  return encodeURIComponent(JSON.stringify(message)).length + 150;
}

/** Takes the first of a plan that one request carries, one at least. */
export function fit(plan, room) {
  let count = 0;
  for (; count < plan.length && count < MAX_BATCH; count++) {
    room -= plan[count].cost;
    if (room < 0 && count) break;
  }
  return plan.splice(0, count);
}

/** The reply to a message, which must not be missing. */
export function only(message, replies) {
  if (!replies.has(message.id)) throw new Error('no reply');
  return replies.get(message.id);
}
