// The tour: the stop in view runs, the others rest, for a browser opens only six connections to a host.
import { connect } from './status.js';
import { technique } from './techniques.js';
import { Wire, duration, bytes, plural } from './wire.js';
import { animate } from './wirepicture.js';

const WORDS = { held: 'a request is held, for', stream: 'a stream is open, for', short: 'a question is on its way' };
const LONGEST = 1200; // characters of a message on show

/** One technique: its section of the page and its wire. */
class Stop {
  constructor(element) {
    this.element = element;
    this.canvas = element.querySelector('canvas');
    this.part = (name) => element.querySelector('.' + name);
    this.wire = new Wire();
    this.technique = technique(element.dataset.transport);
    this.running = false;
  }

  run(wanted) {
    if (wanted === this.running) return;
    this.running = wanted;
    this.part('live').classList.toggle('on', wanted);
    if (wanted) return this.technique.start(this.wire);
    this.technique.stop();
    this.wire.stop();
  }

  show() {
    const { wire } = this;
    const open = this.running && wire.open;
    this.part('state').textContent = !this.running ? 'off' : !open ? 'nothing is open' : WORDS[open.kind] + (open.kind === 'short' ? '' : ' ' + duration(open.age));
    this.part('count').textContent = `${plural(wire.requests, 'request')}, ${plural(wire.messages, 'message')}, ${bytes(wire.bytes)}`;
    if (!wire.last || wire.last === this.shown) return;
    this.shown = wire.last;
    this.part('text').textContent = this.technique.envelope(wire.last.batch).slice(0, LONGEST);
  }
}

const elements = [...document.querySelectorAll('.stop')];
const stops = elements.filter((element) => element.dataset.transport).map((element) => new Stop(element));
const visible = new Map(); // element → how much of the window it fills
let here; // the element that fills most of it

/** Marks the stop in the list, and keeps it in sight there. */
function point(id) {
  for (const link of document.querySelectorAll('.stops a')) {
    if (link.hash !== '#' + id) {
      link.removeAttribute('aria-current');
      continue;
    }
    link.setAttribute('aria-current', 'true');
    const list = link.closest('ol');
    list.scrollLeft = link.offsetLeft - (list.clientWidth - link.offsetWidth) / 2;
  }
}

function update() {
  const before = here;
  here = elements.reduce((best, element) => ((visible.get(element) || 0) > (visible.get(best) || 0) ? element : best), here || elements[0]);
  stops.forEach((stop) => stop.run(!document.hidden && stop.element === here && visible.get(here) > 0));
  if (here !== before) point(here.id);
}

const watcher = new IntersectionObserver((entries) => {
  for (const { target, intersectionRect } of entries) visible.set(target, intersectionRect.height);
  update();
}, { threshold: Array.from({ length: 21 }, (_, i) => i / 20) });
elements.forEach((element) => watcher.observe(element));
document.addEventListener('visibilitychange', update);

/** Arrow keys walk from stop to stop. */
addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey || event.target.closest('input, select, textarea, pre')) return;
  const at = elements.indexOf(here);
  const begun = scrollY + innerHeight / 2 > elements[0].offsetTop;
  const next = elements[begun ? at + step : step > 0 ? 0 : -1];
  if (!next) return;
  event.preventDefault();
  next.scrollIntoView({ block: 'start' });
  next.focus({ preventScroll: true });
});

connect(document.getElementById('status'));
document.getElementById('send').addEventListener('click', () => halley.publish('/demo/wire', 'Hello from the tour'));
animate(stops, () => stops.forEach((stop) => stop.show()));
