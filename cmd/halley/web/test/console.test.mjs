// How the console's figures read, and what its charts draw.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { bytes, count, nice, percent, span, text, time } from '../console/format.js';
import { paths, pieces, room, scale } from '../console/chart.js';

describe('figures of the console', () => {
  const table = (name, show, rows) => it(name, () => {
    for (const [value, want] of rows) assert.equal(text(show(value)), want, String(value));
  });
  table('are counts', count, [[0, '0'], [7, '7'], [0.25, '0.3'], [9.96, '10.0'], [1234, '1,234'], [99999, '99,999'], [123456, '123 k'],
    [2500000, '2.5 M'], [12345678, '12.3 M'], [7e9, '7 G']]);
  table('are bytes', bytes, [[0, '0 B'], [999, '999 B'], [1000, '0.98 KiB'], [1024, '1 KiB'], [1536, '1.5 KiB'], [32 << 20, '32 MiB'],
    [1.5 * 2 ** 40, '1.5 TiB']]);
  table('are times', time, [[0, '0 ms'], [0.05, '50 µs'], [2.5, '2.5 ms'], [999, '999 ms'], [1500, '1.5 s'], [119000, '119 s'], [7e6, '117 min'],
    [8e6, '2 h'], [1e9, '12 d']]);
  table('are shares', percent, [[0, '0 %'], [0.004, '0.4 %'], [0.0951, '9.5 %'], [0.5, '50 %'], [1, '100 %']]);

  it('are spans', () => {
    for (const [ms, want] of [[0, '0 s'], [59999, '59 s'], [61000, '1 min 1 s'], [3600000, '1 h'], [90061000, '1 d 1 h']]) assert.equal(span(ms), want);
  });
});

describe('a chart of the console', () => {
  it('has a round top, of bytes too', () => {
    for (const [value, want] of [[0, 1], [1, 1], [1.1, 2], [0.03, 0.05], [4999, 5000], [5001, 10000], [1e6, 1e6]]) assert.equal(nice(value), want);
    assert.equal(nice(57 * 1024, 1024), 100 * 1024);
    assert.equal(nice(3 << 20, 1024), 5 << 20);
    assert.equal(scale([1, undefined, 3], 10), 10);
    assert.equal(scale([1, null, 30], 10), 50);
  });

  it('widens with what there is, up to the hour', () => {
    assert.deepEqual([0, 60, 61, 181, 400, 720].map((n) => room(n, 5000, 720)), [[60, 5], [60, 5], [180, 15], [360, 30], [720, 60], [720, 60]]);
  });

  it('ends at the right edge, and leaves out what is missing', () => {
    const two = pieces([0, 5, null, 10, 99], 5, 10);
    assert.deepEqual(two, [[[0, 100], [180, 50]], [[540, 0], [720, 0]]]);
    assert.deepEqual(paths(two), { line: 'M0.0 100.0L180.0 50.0M540.0 0.0L720.0 0.0',
      area: 'M0.0 100.0L0.0 100.0L180.0 50.0L180.0 100.0ZM540.0 100.0L540.0 0.0L720.0 0.0L720.0 100.0Z' });
    assert.deepEqual(paths(pieces([], 60, 1)), { line: '', area: '' });
    assert.deepEqual(pieces([1], 60, 1), [[[720, 0]]]);
  });
});
