package fanout

import (
	"errors"
	"fmt"
)

// Invariants returns what is wrong with a Fanout between two calls, nil if nothing. It
// looks at everything, so it is for tests. live tells whether a session is still there.
func (f *Fanout) Invariants(live func(slot uint32) bool) error {
	a := audit{f: f}
	ofLive(&a, "an interval", hasInterval, f.intervals.of, live)
	ofLive(&a, "a filter", hasFilter, f.filters.of, live)
	ofLive(&a, "a pause", hasPause, f.pauses.ofSession, live)
	a.marks()
	a.pauses()
	a.latest()
	return errors.Join(a.found...)
}

// audit collects what is wrong with a Fanout.
type audit struct {
	f     *Fanout
	found []error
}

func (a *audit) expect(holds bool, format string, args ...any) {
	if !holds {
		a.found = append(a.found, fmt.Errorf(format, args...))
	}
}

// ofLive checks that a table has something only of sessions that are there, and are marked.
func ofLive[T any](a *audit, table string, which mark, entries map[uint32]T, live func(slot uint32) bool) {
	for slot := range entries {
		a.expect(live(slot), "session %d is gone and has %s", slot, table)
		a.expect(a.f.marks.has(slot, which), "session %d has %s and no mark", slot, table)
	}
}

// marks checks that nobody has a mark without what it stands for.
func (a *audit) marks() {
	f := a.f
	for slot := range uint32(len(f.marks)) {
		a.expect(!f.marks.has(slot, hasInterval) || len(f.intervals.of[slot]) > 0, "session %d has no interval", slot)
		a.expect(!f.marks.has(slot, hasFilter) || len(f.filters.of[slot]) > 0, "session %d has no filter", slot)
		a.expect(!f.marks.has(slot, hasPause) || f.pauses.ofSession[slot].first != 0, "session %d does not pause", slot)
	}
}

// pauses checks that each pause stands in all tables.
func (a *audit) pauses() {
	f, listed := a.f, 0
	for _, list := range f.pauses.ofSession {
		for i := list.first; i != 0; i = f.pauses.At(i - 1).links[bySession].next {
			p := f.pauses.At(i - 1)
			n, known := f.pauses.byKey[pauseKey{p.slot, p.key}]
			a.expect(known && n == i-1, "pause %d is not found by its key", i-1)
			a.expect(f.pauses.wheel.Armed(i-1), "pause %d has no end", i-1)
			listed++
		}
	}
	a.expect(listed == f.Pauses() && listed == f.pauses.Len() && listed == f.pauses.wheel.Len(),
		"%d pauses of sessions, %d by key, %d records, %d timers", listed, f.Pauses(), f.pauses.Len(), f.pauses.wheel.Len())
}

// latest checks that the latest event of a key is kept while a pause waits for it, and
// counts for the session that waits first.
func (a *audit) latest() {
	f, listed := a.f, 0
	f.latest.Each(func(id uint32, l *latest) {
		waiting := true
		for i := l.waiting.first; i != 0; i = f.pauses.At(i - 1).links[byKey].next {
			waits := f.pauses.At(i-1).seen < l.count
			a.expect(waiting || !waits, "key %d: a pause that waits stands behind one that does not", id)
			waiting = waits
			listed++
		}
		first := l.waiting.first
		waits := first != 0 && f.pauses.At(first-1).seen < l.count
		a.expect(waits == (l.event != ""), "key %d: waited for %t, kept %q", id, waits, l.event)
		a.expect(waits == (l.reserved > 0), "key %d: waited for %t, counts %d", id, waits, l.reserved)
		a.expect(!waits || l.bearer == f.pauses.At(first-1).slot && l.reserved == cost(l.event), "key %d counts %d for %d", id, l.reserved, l.bearer)
	})
	a.expect(listed == f.Pauses(), "%d pauses of keys, %d in all", listed, f.Pauses())
}
