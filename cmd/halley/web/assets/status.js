// The pill in every page's header: what the connection is doing, in words and colour.

const WORDS = {
  connecting: () => 'Connecting…',
  connected: ({ transport }) => `Live · ${transport}`,
  reconnecting: () => 'Reconnecting…',
  closed: ({ error }) => (error ? `Closed: ${error.message}` : 'Closed'),
};

/** Connects the page to its own server and shows the state in the element. */
export function connect(element, options = {}) {
  const label = element.querySelector('span');
  const onStatus = (status, detail) => {
    element.dataset.status = status;
    label.textContent = WORDS[status](detail);
    if (options.onStatus) options.onStatus(status, detail);
  };
  halley.init('bayeux', { ...options, onStatus });
}
