package history

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/channel"
)

// The parts of a replay, one after the other, are what follows the cursors on the channels that match, each event
// once and by number; none is longer than a part may be, and what is forgotten meanwhile is told.
func TestPartsOfAReplay(t *testing.T) {
	patterns := []string{"/c/*", "/c/1", "/**", "/c/2", "/none"}
	rapid.Check(t, func(t *rapid.T) {
		r := Replays{Store: New(1 << 20), Queue: Part{Messages: rapid.IntRange(1, 40).Draw(t, "messages"), Bytes: 1 << 20}, Expired: Refused}
		r.Store.Begin(100, 0)
		for n := range rapid.IntRange(1, 100).Draw(t, "events") {
			r.Store.Add(Entry{ID: r.Store.Next(), Channel: fmt.Sprint("/c/", n%3), Event: "1"}, Keep{Events: 1000})
		}
		var wanted []Wanted
		want := make(map[int64]bool)
		for _, pattern := range rapid.SliceOfNDistinct(rapid.SampledFrom(patterns), 1, 3, func(p string) string { return p }).Draw(t, "patterns") {
			after := rapid.Int64Range(100, r.Store.Last()).Draw(t, "after")
			wanted = append(wanted, Wanted{Pattern: pattern, Replay: true, After: after})
			for id := after + 1; id <= r.Store.Last(); id++ {
				if name := fmt.Sprint("/c/", (id-100)%3); channel.Matches([]byte(pattern), []byte(name)) {
					want[id] = true
				}
			}
		}
		past := r.First(wanted)
		rest := slices.Clone(past.Replays)
		got := 0
		for last, first := int64(0), true; first || past.Upto > 0; first = false {
			if !first {
				if past = r.Next(nil, rest); len(past.Missed) > 0 {
					t.Fatalf("%v are missed", past.Missed)
				}
			}
			for _, e := range past.Entries {
				if !want[e.ID] || e.ID <= last {
					t.Fatalf("%d comes after %d, wanted %v", e.ID, last, wanted)
				}
				last = e.ID
			}
			if got += len(past.Entries); len(past.Entries) > r.Part().Messages {
				t.Fatalf("%d events in a part of %d", len(past.Entries), r.Part().Messages)
			}
			for i := range rest {
				rest[i].After = max(rest[i].After, past.Upto)
			}
		}
		if got != len(want) || r.Events != uint64(got) {
			t.Fatalf("%d events, counted %d, want %d", got, r.Events, len(want))
		}
	})
}

// Where a client goes on whose cursor is forgotten.
func TestForgottenCursors(t *testing.T) {
	for _, row := range []struct {
		expired Expired
		lenient bool
		events  int // -1: refused
		missed  bool
	}{
		{Refused, false, -1, false}, {Refused, true, 3, true},
		{FromEarliest, false, 3, false}, {FromEarliest, true, 3, true},
		{FromTip, false, 0, false}, {FromTip, true, 0, true},
	} {
		r := Replays{Store: New(1 << 20), Queue: Part{100, 1 << 20}, Expired: row.expired}
		r.Store.Begin(100, 0)
		for range 3 {
			r.Store.Add(Entry{ID: r.Store.Next(), Channel: "/a", Event: "1"}, Keep{Events: 9})
		}
		past := r.First([]Wanted{{Pattern: "/a", Replay: true, After: 50, Lenient: row.lenient}})
		if row.events < 0 {
			if past.Failure != "400::The replayId {50} you provided was invalid" || past.Entries != nil {
				t.Errorf("%s: %+v", row.expired, past)
			}
			continue
		}
		if len(past.Entries) != row.events || past.Failure != "" || (len(past.Missed) > 0) != row.missed {
			t.Errorf("%s, lenient %t: %+v", row.expired, row.lenient, past)
		}
	}
}

// Of snapshots there is as much as a queue holds, the newest; that there is more is told. With a cursor only what waits
// for its turn comes of them, beside what follows.
func TestSnapshotsBesideReplays(t *testing.T) {
	r := Replays{Store: New(1 << 20), Queue: Part{4, 1 << 20}, Expired: Refused}
	r.Store.Begin(100, 0)
	for n := range 6 {
		r.Store.Add(Entry{ID: r.Store.Next(), Channel: fmt.Sprint("/s/", n), Event: "1"}, Keep{Snapshot: true, Paced: n == 1})
	}
	ids := func(past Remembered) (ids []int64) {
		for _, e := range past.Entries {
			ids = append(ids, e.ID)
		}
		if !slices.IsSortedFunc(past.Entries, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) }) {
			t.Errorf("%v are out of order", past.Entries)
		}
		return ids
	}
	past := r.First([]Wanted{{Pattern: "/s/*"}})
	if got := ids(past); !slices.Equal(got, []int64{102, 103, 104, 105}) || !slices.Equal(past.Missed, []string{"/s/*"}) {
		t.Errorf("%v, %v", got, past.Missed)
	}
	past = r.First([]Wanted{{Pattern: "/s/*", Replay: true, After: 104}})
	if got := ids(past); !slices.Equal(got, []int64{101, 105}) || past.Missed != nil || len(past.Replays) != 1 {
		t.Errorf("%v, %+v", got, past)
	}
}

// A part leaves room in a queue of which three quarters have drained, and takes nobody long.
func TestPart(t *testing.T) {
	for queue, want := range map[Part]Part{{1, 100}: {1, 25}, {40, 400}: {10, 100}, {1 << 20, 1 << 20}: {1000, 1 << 18}} {
		if got := (&Replays{Queue: queue}).Part(); got != want {
			t.Errorf("%v of %v, want %v", got, queue, want)
		}
	}
}
