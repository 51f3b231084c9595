package order

import (
	"slices"
	"time"

	"halley/loop/sequence"
)

// query is one that waits for events that another node has had already.
type query struct {
	asked sequence.Query
	after int64 // the number up to which all must be here; 0: all that there is
	came  time.Time
	until time.Time
	sure  bool // the query is for a cursor
}

// The times of a query.
const (
	cursorTime   = 10 * time.Second // that one with a cursor waits, and is refused then
	snapshotTime = 2 * time.Second  // that one without waits, and gets what there is then
	mostQueries  = 100_000
)

// delay keeps a query until this node has what it is for. It tells whether it does.
func (f *feed) delay(q sequence.Query) bool {
	after, sure := cursors(&q)
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.awaits(after) || len(f.queries) >= mostQueries {
		return false
	}
	h := query{asked: q, after: after, sure: sure, came: f.options.Now()}
	if h.until = h.came.Add(snapshotTime); sure {
		h.until = h.came.Add(cursorTime)
	}
	f.queries = append(f.queries, h)
	return true
}

// awaits tells whether it may be that a cursor is good and this node does not know yet.
func (f *feed) awaits(after int64) bool {
	return f.wanted.Load() && (f.phase != live || f.from != 0 || after > f.last)
}

// unsure tells whether queries wait for the stream's state alone.
func (f *feed) unsure() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.queries) > 0 && f.last >= f.goal && f.phase != waiting
}

// due takes the queries that wait no longer.
func (f *feed) due() (answers []func()) {
	f.queries = slices.DeleteFunc(f.queries, func(h query) bool {
		done := f.phase == live && f.from == 0 && h.after <= f.last
		if done {
			answers = append(answers, func() { f.local.Recall(h.asked) })
		}
		return done
	})
	return answers
}

// late takes the queries that have waited too long. The past of a cursor cannot be told without the stream.
func (f *feed) late(now time.Time) (answers []func()) {
	f.queries = slices.DeleteFunc(f.queries, func(h query) bool {
		late := now.After(h.until)
		if known := f.phase == live && h.after <= f.last; known { // all is here, but nobody says that nothing went before it came
			late = late || now.Sub(h.came) > snapshotTime
		}
		switch {
		case !late:
		case h.sure && (f.phase != live || h.after > f.last):
			answers = append(answers, func() { f.local.Refuse(h.asked, "503::server_busy") })
		default:
			answers = append(answers, func() { f.local.Recall(h.asked) })
		}
		return late
	})
	return answers
}
