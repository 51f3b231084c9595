// What every page has of its connection: the pill in the header that says how it is, and the choice of a transport.

const WORDS = {
  connecting: () => 'Connecting…',
  connected: ({ transport }) => `Live · ${transport}`,
  reconnecting: () => 'Reconnecting…',
  closed: ({ error }) => (error ? `Closed: ${error.message}` : 'Closed'),
};

const STREAMS = ['eventsource', 'xhr-streaming'];

/** Where the server speaks Bayeux. */
export const endpoint = document.querySelector('meta[name="bayeux"]').content;

/** Connects the page to its own server and shows the state in the element. */
export function connect(element, options = {}) {
  const label = element.querySelector('span');
  const again = waiting(element);
  const picker = document.getElementById('transport');
  const asked = picker ? asksFor(picker) : '';
  let share;
  // Of the streams a browser opens six, all tabs counted: the tabs share one.
  const open = (name, shared = STREAMS.includes(name) && name) => {
    share = shared;
    halley.init(endpoint, { ...options, share, ...(name && { transports: [name] }) });
  };
  halley.on('status', (status, detail) => {
    // Nobody chose this stream: websockets do not get through.
    if (STREAMS.includes(detail.transport) && status === 'connected' && !share && !picker?.value) return open('', true);
    element.dataset.status = status;
    label.textContent = WORDS[status](detail);
    again(status, detail, () => open(asked));
  });
  open(asked);
  if (picker) watchPicker(picker, asked, open);
}

/** What the pill says of the next attempt, beside its words, and the button that does not wait for it. */
function waiting(element) {
  const when = document.createElement('span');
  when.className = 'number';
  when.setAttribute('aria-hidden', 'true'); // or each second would be read out
  const now = document.createElement('button');
  now.type = 'button';
  let due = 0;
  let timer;
  const count = () => {
    const seconds = Math.ceil((due - Date.now()) / 1000);
    when.textContent = seconds > 0 ? `in ${seconds} s` : '';
    now.hidden = seconds <= 0;
  };
  return (status, { retryIn = 0, error }, open) => {
    clearInterval(timer);
    when.remove();
    now.remove();
    due = Date.now() + retryIn;
    now.hidden = false;
    now.onclick = status === 'closed' ? open : () => halley.retry();
    now.textContent = status === 'closed' ? 'Connect' : 'Now';
    if (status === 'closed' && error) element.append(now);
    if (status !== 'reconnecting') return;
    element.append(when, now);
    timer = setInterval(count, 250);
    count();
  };
}

/** The transport that the page's address asks for, if there is such a choice. */
function asksFor(picker) {
  const name = new URLSearchParams(location.search).get('transport');
  return [...picker.options].some((option) => option.value === name) ? name : '';
}

function watchPicker(picker, asked, open) {
  picker.value = asked;
  remember(asked);
  picker.addEventListener('change', async () => {
    const name = picker.value;
    remember(name);
    picker.setAttribute('aria-busy', 'true');
    try {
      if (halley.transport === 'shared') open(name); // what moves is another tab's
      else await halley.use(name || 'websocket'); // the session moves; nothing is missed
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
