// What surrounds halley.js: a page, a worker, or Node, whose global object is root.

/** The address that relative ones count from; Node has none. */
function base() {
  return root.document ? root.document.baseURI : root.location && root.location.href;
}

function hidden() {
  return !!root.document && root.document.hidden;
}

/** Has a client follow what happens to its page, until the signal ends that. */
function followPage(client, signal) {
  if (!root.addEventListener) return;
  const on = (name, act) => root.addEventListener(name, act, {passive: true, capture: true, signal});
  on('online', () => client.check(true));
  on('visibilitychange', () => client.check());
  on('pagehide', () => client.leave());
  for (const name of ['pointerdown', 'keydown', 'wheel']) on(name, () => client.touch());
}
