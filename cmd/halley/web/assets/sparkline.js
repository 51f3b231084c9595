// A sparkline as an SVG element: a line, and a dot where it is now.
import { sparkline, trend } from './market.js';

const SVG = 'http://www.w3.org/2000/svg';

/** Returns {element, draw(quote)}. */
export function createSparkline(width, height) {
  const element = document.createElementNS(SVG, 'svg');
  element.setAttribute('viewBox', `0 0 ${width + 4} ${height}`);
  element.setAttribute('aria-hidden', 'true');
  const path = element.appendChild(document.createElementNS(SVG, 'path'));
  const dot = element.appendChild(document.createElementNS(SVG, 'circle'));
  dot.setAttribute('r', '2');
  const draw = (quote) => {
    const d = sparkline(quote.points, width, height);
    path.setAttribute('d', d);
    const [x, y] = /([\d.]+)[ H]([\d.]+)$/.exec(d)?.slice(1) ?? [width, height / 2];
    dot.setAttribute('cx', quote.points.length > 1 ? x : width);
    dot.setAttribute('cy', quote.points.length > 1 ? y : height / 2);
    element.setAttribute('class', 'spark ' + trend(quote.change));
  };
  return { element, draw };
}
