// The transports side by side on the start page: each is a client of its own, with a picture of its wire.
import { endpoint } from './status.js';
import { Wire, watch, duration, bytes, plural } from './wire.js';
import { animate } from './wirepicture.js';

const CHANNELS = ['/stock/HLY', '/demo/wire'];
const WORDS = { held: 'request held', stream: 'open', short: 'asking' };

/** One transport: its row of the page, its client and its wire. */
class Lane {
  constructor(element) {
    this.name = element.dataset.transport;
    this.canvas = element.querySelector('canvas');
    this.part = (name) => element.querySelector('.' + name);
    this.wire = new Wire();
    this.status = 'closed';
    this.client = new halley.Client();
    watch(this.client, this.wire);
    CHANNELS.forEach((channel) => this.client.subscribe(channel, () => {}));
  }

  start() {
    this.client.init(endpoint, { transports: [this.name], onStatus: (status) => { this.status = status; } });
  }

  stop() {
    this.client.disconnect();
    this.wire.stop();
  }

  show() {
    const { wire } = this;
    const { open } = wire;
    this.part('state').textContent = this.status === 'connected' || open
      ? (open ? `${WORDS[open.kind]} ${open.kind === 'short' ? '' : duration(open.age)}` : 'nothing open')
      : this.status;
    this.part('last').textContent = wire.last ? `${summary(wire.last.event)} · ${duration(Date.now() - wire.last.at)} ago` : '–';
    this.part('count').textContent = `${plural(wire.requests, 'request')}, ${plural(wire.messages, 'message')}, ${bytes(wire.bytes)}`;
  }
}

function summary({ data }) {
  if (data && typeof data.symbol === 'string') return `${data.symbol.slice(0, 12)} ${data.price}`;
  return (typeof data === 'string' ? data : JSON.stringify(data)).slice(0, 24);
}

/**
 * Runs the lanes while somebody looks: out of sight, or while another tab shows them,
 * they are off, for a browser opens only six connections to a host.
 */
export function runLanes(section, { button, note }) {
  const lanes = [...section.querySelectorAll('[data-transport]')].map((element) => new Lane(element));
  const others = new BroadcastChannel('halley-lanes');
  let running = false;
  let inView = false;
  let yielded = false;
  let paused = false;
  const update = () => {
    const wanted = inView && !document.hidden && !paused && !yielded;
    if (wanted !== running) {
      running = wanted;
      lanes.forEach((lane) => (running ? lane.start() : lane.stop()));
      if (running) others.postMessage('mine');
    }
    button.textContent = running ? 'Pause' : 'Run';
    note.textContent = yielded ? 'Another tab shows them now.' : '';
  };
  others.onmessage = () => { yielded = true; update(); };
  button.addEventListener('click', () => {
    paused = running;
    yielded = false;
    update();
  });
  document.addEventListener('visibilitychange', update);
  new IntersectionObserver(([entry]) => { inView = entry.isIntersecting; update(); }, { rootMargin: '200px' }).observe(section);
  animate(lanes, () => lanes.forEach((lane) => lane.show()));
}
