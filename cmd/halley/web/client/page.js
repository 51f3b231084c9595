// What surrounds halley.js: a page, a worker, or Node.

/** The global object of any of them. */
export const root = globalThis;

/** The address that relative ones count from; Node has none. */
export function base() {
  return root.document ? root.document.baseURI : root.location && root.location.href;
}

export function hidden() {
  return !!root.document && root.document.hidden;
}

/** Has a client follow what happens to its page, until the signal ends that. */
export function followPage(client, signal) {
  if (!root.addEventListener) return;
  const on = (name, act) => root.addEventListener(name, act, {passive: true, capture: true, signal});
  on('online', () => client.check(true));
  on('visibilitychange', () => client.check());
  on('pagehide', () => client.leave());
  for (const name of ['pointerdown', 'keydown', 'wheel']) on(name, () => client.touch());
}

const DAY = 86400000; // ms that a browser's name lasts

/**
 * What a server may count this browser's tabs by where it gets no cookie, as of another
 * site: a random text that they share for a day. None where nothing can be remembered.
 */
export function browserName() {
  try {
    const day = Math.floor(Date.now() / DAY) + ' ';
    let name = root.localStorage.getItem('halley');
    if (!name || !name.startsWith(day)) {
      const random = root.crypto.getRandomValues(new Uint32Array(4));
      name = day + Array.from(random, (n) => n.toString(16).padStart(8, '0')).join('');
      root.localStorage.setItem('halley', name);
    }
    return name.slice(day.length);
  } catch {
    return undefined;
  }
}
