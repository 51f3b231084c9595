// The picture of a wire: time goes to the left, what is open reaches the right edge.

const SHOWN = 12000; // ms from edge to edge
const HEIGHT = 40;
const LANE = 20; // the middle of the line
const still = matchMedia('(prefers-reduced-motion: reduce)');

/** The colours of the page as it is now. */
function colors() {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  return { line: color('--line'), soft: color('--soft'), accent: color('--accent'), tint: color('--tint'), up: color('--up') };
}

function fit(canvas) {
  const scale = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== HEIGHT * scale) canvas.height = HEIGHT * scale;
  const pen = canvas.getContext('2d');
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, HEIGHT);
  return { pen, width };
}

function draw(canvas, wire, color) {
  const { pen, width } = fit(canvas);
  const now = wire.clock();
  const edge = width - 6;
  const x = (time) => edge - ((now - time) / SHOWN) * edge;
  pen.fillStyle = color.line;
  pen.fillRect(0, LANE - 0.5, width, 1);
  for (const span of wire.spans) {
    if (span.to > now - SHOWN) drawSpan(pen, span, Math.max(-8, x(span.from)), span.to === Infinity ? width + 8 : x(span.to), color);
  }
  for (const mark of wire.marks) {
    if (mark.at > now - SHOWN) drawMark(pen, x(mark.at), mark, color);
  }
}

function drawSpan(pen, span, from, to, color) {
  const tall = span.kind === 'short' ? 10 : 22;
  const wide = Math.max(span.kind === 'short' ? 2 : 3, to - from - 1);
  pen.fillStyle = span.kind === 'short' ? color.soft : color.tint;
  pen.beginPath();
  pen.roundRect(from, LANE - tall / 2, wide, tall, 3);
  pen.fill();
  if (span.kind === 'short') return;
  pen.strokeStyle = color.accent;
  pen.globalAlpha = span.to === Infinity ? 0.9 : 0.35;
  pen.stroke();
  pen.globalAlpha = 1;
}

function drawMark(pen, x, mark, color) {
  pen.fillStyle = mark.out ? color.soft : color.accent;
  pen.beginPath();
  if (mark.out) pen.rect(x - 1, LANE + 4, 2, 12);
  else pen.arc(x, LANE, Math.min(6, 3 + mark.count / 3), 0, 7);
  pen.fill();
}

/**
 * Draws the wires of [{canvas, wire}], and calls after() now and then for what stands
 * beside them. What is out of sight is left alone.
 */
export function animate(pictures, after) {
  const seen = new Set();
  const watcher = new IntersectionObserver((entries) => entries.forEach((entry) => {
    if (entry.isIntersecting) seen.add(entry.target);
    else seen.delete(entry.target);
  }));
  pictures.forEach(({ canvas }) => watcher.observe(canvas));
  let drawn = 0;
  let told = 0;
  const frame = (time) => {
    requestAnimationFrame(frame);
    if (time - drawn < (still.matches ? 1000 : 30)) return;
    drawn = time;
    const color = colors();
    for (const { canvas, wire } of pictures) if (seen.has(canvas)) draw(canvas, wire, color);
    if (time - told < 200) return;
    told = time;
    after();
  };
  requestAnimationFrame(frame);
}
