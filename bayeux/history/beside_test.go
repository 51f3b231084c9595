package history

import (
	"fmt"
	"slices"
	"testing"
)

// besides is a store of a node: a history of which numbers are given elsewhere, and snapshots that have their place beside it.
func besides() *Store {
	s := New(1 << 20)
	s.Renew(1000)
	for n := range int64(10) {
		s.Add(Entry{ID: 1000 + n, Channel: "/h", Event: fmt.Sprint(n)}, Keep{Events: 100})
		s.Add(Entry{ID: s.Beside(), Channel: fmt.Sprint("/s/", n%3), Event: fmt.Sprint(n)}, Keep{Snapshot: true, Paced: true})
	}
	return s
}

func idsOf(entries []Entry) (ids []int64) {
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return ids
}

// Whoever goes on from a cursor gets the snapshots as they are now, and what follows in the history; a number of theirs is no
// cursor.
func TestBesideIsBelowAll(t *testing.T) {
	t.Parallel()
	s := besides()
	r := Replays{Store: s, Queue: Part{Messages: 12, Bytes: 1 << 20}, Expired: Refused}
	for _, row := range []struct {
		pattern string
		after   int64
		want    []int64
	}{
		{"/**", 1007, []int64{8, 9, 10, 1008, 1009}}, {"/**", 1009, []int64{8, 9, 10}}, {"/h", 1007, []int64{1008, 1009}},
		{"/s/*", 1009, []int64{8, 9, 10}}, {"/**", Tip, nil},
	} {
		if past := r.First([]Wanted{{Pattern: row.pattern, Replay: true, After: row.after}}); !slices.Equal(idsOf(past.Entries), row.want) || past.Failure != "" {
			t.Errorf("%s after %d: %v %s", row.pattern, row.after, idsOf(past.Entries), past.Failure)
		}
	}
	for _, after := range []int64{0, 5, 10, 998, 1010} {
		if past := r.First([]Wanted{{Pattern: "/**", Replay: true, After: after}}); past.Failure == "" {
			t.Errorf("the cursor %d is taken", after)
		}
	}
	if past := r.First([]Wanted{{Pattern: "/s/*"}}); !slices.Equal(idsOf(past.Entries), []int64{8, 9, 10}) {
		t.Errorf("the snapshot is %v", idsOf(past.Entries))
	}
}

// All that there is comes by parts, and nothing of it counts as missed.
func TestBesideFromTheEarliest(t *testing.T) {
	t.Parallel()
	r := Replays{Store: besides(), Queue: Part{Messages: 12, Bytes: 1 << 20}, Expired: Refused}
	past := r.First([]Wanted{{Pattern: "/**", Replay: true, After: Earliest}})
	got, missed := idsOf(past.Entries), past.Missed
	for past.Upto != 0 {
		past = r.Next(nil, []Wanted{{Pattern: "/**", Replay: true, After: past.Upto}})
		got, missed = append(got, idsOf(past.Entries)...), append(missed, past.Missed...)
	}
	if want := []int64{8, 9, 10, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009}; !slices.Equal(got, want) || missed != nil {
		t.Errorf("%v, missed %q", got, missed)
	}
}

// Of an order that a new one takes the place of nothing is left but the snapshots, and its cursors are refused.
func TestNewOrder(t *testing.T) {
	t.Parallel()
	s := besides()
	s.Add(Entry{ID: 1010, Channel: "/s/0", Event: "now with a history"}, Keep{Events: 100})
	s.Renew(5000)
	parts := 0
	for s.ForgetBelow(1010, 4) {
		parts++
	}
	if got, _ := s.Replay(nil, []byte("/**"), Earliest); !slices.Equal(idsOf(got), []int64{8, 9}) || parts != 3-1 || s.Kept() != 0 {
		t.Errorf("%v is left after %d parts", idsOf(got), parts)
	}
	for after, valid := range map[int64]bool{1005: false, 1010: false, 4998: false, 4999: true, 5000: false} {
		if s.Valid([]byte("/**"), after) != valid {
			t.Errorf("the cursor %d: valid is not %v", after, valid)
		}
	}
	s.Add(Entry{ID: 5000, Channel: "/h"}, Keep{Events: 100})
	if !s.Valid([]byte("/h"), 5000) || s.Last() != 5000 {
		t.Errorf("the last number is %d", s.Last())
	}
}

// A channel that loses its history by new rules, and gets smaller numbers from then on, forgets it.
func TestBesideAgainstHistory(t *testing.T) {
	t.Parallel()
	s := besides()
	s.Add(Entry{ID: s.Beside(), Channel: "/h", Event: "x"}, Keep{Snapshot: true, Paced: true})
	if got, _ := s.Replay(nil, []byte("/h"), Earliest); !slices.Equal(idsOf(got), []int64{11}) || s.Kept() != 0 || s.Len() != 4 {
		t.Errorf("%v is left", idsOf(got))
	}
	if s.Valid([]byte("/**"), 1005) || !s.Valid([]byte("/**"), 1009) {
		t.Error("what it had does not count as forgotten")
	}
	s.Add(Entry{ID: 1010, Channel: "/h", Event: "y"}, Keep{Events: 100})
	if got, _ := s.Replay(nil, []byte("/h"), 1009); !slices.Equal(idsOf(got), []int64{1010}) {
		t.Errorf("%v follows", idsOf(got))
	}
}

// What is beyond the bound of bytes goes by its age, whatever its number.
func TestOldestGoes(t *testing.T) {
	t.Parallel()
	s := New(20_000)
	s.Renew(1000)
	for n := range int64(500) {
		s.Add(Entry{ID: 1000 + n, At: 10 * n, Channel: "/h", Event: "x"}, Keep{Events: 1000})
		if n%10 == 5 {
			s.Add(Entry{ID: s.Beside(), At: 10*n + 1, Channel: fmt.Sprint("/s/", n), Event: "x"}, Keep{Snapshot: true, Paced: true})
		}
	}
	all, _ := s.Replay(nil, []byte("/**"), Earliest)
	oldest, snapshots := int64(5000), 0
	for _, e := range all {
		if oldest = min(oldest, e.At); e.Channel != "/h" {
			snapshots++
		}
	}
	if want := int(5000-oldest) / 100; snapshots-want > 1 || want > snapshots || want < 3 || s.Bytes() > 20_000 {
		t.Errorf("%d snapshots are left since %d, want %d; %d bytes", snapshots, oldest, want, s.Bytes())
	}
}
