// One figure's last hour as a line, with the place where the pointer is read out.
import { CLOCK, nice } from './format.js';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 720;
const HEIGHT = 100;

function make(name, attributes, parent) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return parent.appendChild(element);
}

/** The pieces of a line whose values end at the right edge, the newest there; `kept` of them fill the width. A value that is missing ends
 * a piece. Each is a list of [x, y]. */
export function pieces(values, kept, top) {
  const step = WIDTH / (kept - 1);
  const left = WIDTH - (values.length - 1) * step;
  const all = [];
  let last;
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) {
      last = undefined;
      return;
    }
    if (!last) all.push(last = []);
    last.push([left + i * step, HEIGHT - Math.min(value, top) / top * HEIGHT]);
  });
  return all;
}

const point = ([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** The line, and the area below it, as paths. */
export function paths(all) {
  const line = all.map((piece) => 'M' + piece.map(point).join('L')).join('');
  const area = all.map((piece) => `M${point([piece[0][0], HEIGHT])}L${piece.map(point).join('L')}L${point([piece.at(-1)[0], HEIGHT])}Z`).join('');
  return { line, area };
}

/** The top of a scale for values: what is given at least, and a round number above all of them. */
export const scale = (values, least = 0, base = 1000) => nice(Math.max(least, ...values.filter(Number.isFinite)), base);

/** How many values a chart has room for: those of the last hour in the end, fewer while there are few. */
export function room(values, everyMs, kept) {
  const minutes = [5, 15, 30, 60].find((some) => values <= some * 60000 / everyMs) ?? 60;
  return [Math.min(kept, minutes * 60000 / everyMs), minutes];
}

/** Puts a chart into the element; returns draw(hour, column). `say` makes a value text, `least` is the least top of the scale,
 * whose round numbers are those of `base`. */
export function chart(element, { say, least, base, label }) {
  const box = element.appendChild(document.createElement('div'));
  box.className = 'chart';
  box.setAttribute('role', 'img');
  const svg = make('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, box);
  for (const quarter of [1, 2, 3]) make('line', { class: 'quarter', x1: quarter * WIDTH / 4, x2: quarter * WIDTH / 4, y1: 0, y2: HEIGHT }, svg);
  const area = make('path', { class: 'area' }, svg);
  const line = make('path', { class: 'line' }, svg);
  const mark = (name) => {
    const one = box.appendChild(document.createElement('span'));
    one.className = name;
    return one;
  };
  const top = mark('scale');
  const since = mark('since');
  const cursor = mark('cursor');
  const read = mark('read');
  cursor.hidden = read.hidden = true;
  let shown = { at: [], values: [], kept: 2 };

  box.addEventListener('pointermove', (event) => {
    const { left, width } = box.getBoundingClientRect();
    const from = shown.kept - shown.values.length; // places without a value yet
    const i = Math.round((event.clientX - left) / width * (shown.kept - 1)) - from;
    cursor.hidden = read.hidden = !(i >= 0 && i < shown.values.length);
    if (cursor.hidden) return;
    const x = (i + from) / (shown.kept - 1) * width;
    read.textContent = `${new Date(shown.at[i]).toLocaleTimeString([], CLOCK)} · ${say(shown.values[i])}`;
    cursor.style.left = x + 'px';
    read.style.left = Math.max(4, Math.min(x + 8, width - read.offsetWidth - 4)) + 'px';
  });
  box.addEventListener('pointerleave', () => { cursor.hidden = read.hidden = true; });

  return ({ at, columns, everyMs, kept: all }, column) => {
    const values = columns[column];
    const [kept, minutes] = room(values.length, everyMs, all);
    shown = { at, values, kept };
    const most = scale(values, least, base);
    since.textContent = minutes < 60 ? `last ${minutes} min` : 'last hour';
    const drawn = paths(pieces(values, kept, most));
    line.setAttribute('d', drawn.line);
    area.setAttribute('d', drawn.area);
    top.textContent = say(most);
    const known = values.filter(Number.isFinite);
    box.setAttribute('aria-label', known.length
      ? `${label} over the last hour: from ${say(Math.min(...known))} to ${say(Math.max(...known))}` : `${label}: no figures yet`);
  };
}
