// How figures read: at most four digits, with their unit apart, so that the page can set it smaller.

/** How a time of day reads. */
export const CLOCK = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' };

const thousands = (value) => value.toLocaleString('en-US', { maximumFractionDigits: 0 });

/** The digits of a number that is shown with a unit: three, or all of those before the point. */
function digits(value) {
  if (value >= 100 || Number.isInteger(value)) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2).replace(/0$/, '');
}

/** A number as [digits, unit]: whole up to 99,999, in thousands and so on above. */
export function count(value) {
  if (value < 10 && !Number.isInteger(value)) return [value.toFixed(1), ''];
  if (value < 99999.5) return [thousands(value), ''];
  return value < 999.5e3 ? [digits(value / 1e3), 'k'] : value < 999.5e6 ? [digits(value / 1e6), 'M'] : [digits(value / 1e9), 'G'];
}

/** Bytes as [digits, unit]. */
export function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1024;
    at++;
  }
  return [at ? digits(value) : thousands(value), units[at]];
}

/** Milliseconds as [digits, unit], from microseconds to days. */
export function time(ms) {
  if (ms === 0) return ['0', 'ms'];
  if (ms < 1) return [String(Math.round(ms * 1000)), 'µs'];
  if (ms < 1000) return [digits(ms), 'ms'];
  const seconds = ms / 1000;
  if (seconds < 120) return [digits(Math.round(seconds * 10) / 10), 's'];
  if (seconds < 7200) return [String(Math.round(seconds / 60)), 'min'];
  return seconds < 172800 ? [String(Math.round(seconds / 3600)), 'h'] : [String(Math.round(seconds / 86400)), 'd'];
}

/** A share of one as [digits, unit]. */
export function percent(share) {
  const value = share * 100;
  return [value > 0 && value < 9.95 ? value.toFixed(1) : String(Math.round(value)), '%'];
}

/** Both parts as one text. */
export const text = ([value, unit], rest = '') => value + (unit || rest ? ' ' + unit + rest : '');

/** How long something has run, in its two largest units. */
export function span(ms) {
  const seconds = Math.floor(ms / 1000);
  const parts = [[Math.floor(seconds / 86400), 'd'], [Math.floor(seconds / 3600) % 24, 'h'], [Math.floor(seconds / 60) % 60, 'min'], [seconds % 60, 's']];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return '0 s';
  return parts.slice(first, first + 2).filter(([value]) => value > 0).map(([value, unit]) => `${value} ${unit}`).join(' ');
}

/** The smallest of 1, 2, 5, 10 … that is not below value, in units of a power of `base`: the top of a scale. */
export function nice(value, base = 1000) {
  if (!(value > 0)) return 1;
  const unit = base ** Math.max(0, Math.floor(Math.log(value) / Math.log(base) + 1e-9));
  return unit * round(value / unit);
}

function round(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999999);
}
