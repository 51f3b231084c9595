// What several parts of halley.js need.

/** Calls what the page gave us: its mistakes are its own and end nothing here. */
export function call(fn, ...args) {
  try {
    fn(...args);
  } catch (error) {
    setTimeout(() => { throw error; });
  }
}

/** Resolves to an option that may be a value, a function or a promise. */
export const given = async (option) => (typeof option === 'function' ? option() : option);

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Calls act when the signal aborts, at once if it has; returns what ends that. */
export function onAbort(signal, act) {
  if (!signal) return () => {};
  if (signal.aborted) act();
  else signal.addEventListener('abort', act);
  return () => signal.removeEventListener('abort', act);
}
