// What every page has of its connection: the pill in the header that says how it is, and the choice of a transport.

const WORDS = {
  connecting: () => 'Connecting…',
  connected: ({ transport }) => `Live · ${transport}`,
  reconnecting: () => 'Reconnecting…',
  closed: ({ error }) => (error ? `Closed: ${error.message}` : 'Closed'),
};

/** Where the server speaks Bayeux. */
export const endpoint = document.querySelector('meta[name="bayeux"]').content;

/** Connects the page to its own server and shows the state in the element. */
export function connect(element, options = {}) {
  const label = element.querySelector('span');
  const onStatus = (status, detail) => {
    element.dataset.status = status;
    label.textContent = WORDS[status](detail);
    if (options.onStatus) options.onStatus(status, detail);
  };
  const picker = document.getElementById('transport');
  const asked = picker ? asksFor(picker) : '';
  halley.init(endpoint, { ...options, ...(asked && { transports: [asked] }), onStatus });
  if (picker) watchPicker(picker, asked);
}

/** The transport that the page's address asks for, if there is such a choice. */
function asksFor(picker) {
  const name = new URLSearchParams(location.search).get('transport');
  return [...picker.options].some((option) => option.value === name) ? name : '';
}

function watchPicker(picker, asked) {
  picker.value = asked;
  remember(asked);
  picker.addEventListener('change', async () => {
    const name = picker.value;
    remember(name);
    picker.setAttribute('aria-busy', 'true');
    try {
      await halley.use(name || 'websocket'); // the session moves; nothing is missed
    } catch {
      picker.value = '';
      remember('');
    }
    picker.removeAttribute('aria-busy');
  });
}

/** Keeps the choice in this page's address and in those of the other pages. */
function remember(name) {
  const query = name ? '?transport=' + name : '';
  history.replaceState(null, '', location.pathname + query + location.hash);
  for (const link of document.querySelectorAll('.top nav a')) link.search = query;
}
