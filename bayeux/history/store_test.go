package history

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/channel"
)

// naive is a store as one would write it without a thought of cost.
type naive struct {
	all       []Entry
	entries   []Entry
	keep      map[string]Keep
	forgotten map[string]int64 // the greatest number forgotten, by channel
}

func (n *naive) add(e Entry, keep Keep) {
	n.all, n.entries = append(n.all, e), append(n.entries, e)
	n.keep[e.Channel] = keep
	of := func(o Entry) bool { return o.Channel == e.Channel }
	count := 0
	for _, o := range n.entries {
		if of(o) {
			count++
		}
	}
	limit := keep.Events
	if keep == (Keep{}) {
		limit = 1
	}
	n.entries = slices.DeleteFunc(n.entries, func(o Entry) bool {
		if !of(o) {
			return false
		}
		gone := limit > 0 && count > limit || keep.Age > 0 && o.At <= e.At-keep.Age
		count--
		if gone {
			n.forgotten[o.Channel] = o.ID
		}
		return gone
	})
}

func (n *naive) replay(pattern string, after int64) (ids []int64, ok bool) {
	ok = true
	for name, id := range n.forgotten {
		if n.keep[name] != (Keep{}) && after != Earliest && id > after && channel.Matches([]byte(pattern), []byte(name)) {
			ok = false
		}
	}
	for _, e := range n.entries {
		if e.ID > after && channel.Matches([]byte(pattern), []byte(e.Channel)) {
			ids = append(ids, e.ID)
		}
	}
	return ids, ok
}

var keeps = map[string]Keep{"/a": {}, "/b": {Events: 3}, "/c/x": {Age: 50}, "/c/y": {Events: 4, Age: 80}}

// step publishes to one of the channels and returns what to ask for then.
func step(t *rapid.T, s *Store, n *naive, now *int64) (pattern string, after int64) {
	*now += int64(rapid.IntRange(0, 20).Draw(t, "ms"))
	name := rapid.SampledFrom([]string{"/a", "/b", "/c/x", "/c/y"}).Draw(t, "channel")
	e := Entry{ID: s.Next(), At: *now, Channel: name, Event: fmt.Sprint(*now)}
	s.Add(e, keeps[name])
	n.add(e, keeps[name])
	after = int64(rapid.IntRange(0, int(s.Last())).Draw(t, "after"))
	if rapid.Bool().Draw(t, "earliest") {
		after = Earliest
	}
	return rapid.SampledFrom([]string{"/a", "/b", "/c/*", "/**", "/none", "/c/x"}).Draw(t, "pattern"), after
}

// Replay is all that follows a cursor, read in pages of any size.
func (s *Store) Replay(dst []Entry, pattern []byte, after int64) (_ []Entry, ok bool) {
	ok = s.Valid(pattern, after)
	if !ok && (after < Earliest || after > s.last) {
		return dst, false
	}
	for size := 1; ; size++ {
		var r Reading
		s.Follow(&r, pattern, after)
		s.Follow(&r, pattern, after) // what comes twice is there once
		page, upto := r.Page(nil, Part{size % 5, 1 << 20})
		if dst = append(dst, page...); upto == 0 {
			return dst, ok
		}
		after = upto
	}
}

func replayed(s *Store, pattern string, after int64) (ids []int64, ok bool) {
	got, ok := s.Replay(nil, []byte(pattern), after)
	for _, e := range got {
		ids = append(ids, e.ID)
	}
	return ids, ok
}

func TestStoreAgainstNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(1 << 20)
		n := &naive{keep: make(map[string]Keep), forgotten: make(map[string]int64)}
		now := int64(1000)
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			pattern, after := step(t, s, n, &now)
			got, ok := replayed(s, pattern, after)
			want, wantOK := n.replay(pattern, after)
			if !slices.Equal(got, want) || ok != wantOK {
				t.Fatalf("%s after %d: got %v %v, want %v %v", pattern, after, got, ok, want, wantOK)
			}
		}
		if s.Len() != len(n.entries) {
			t.Fatalf("%d entries, want %d", s.Len(), len(n.entries))
		}
	})
}

// Whatever expires, and however often the store is made anew from its image: no
// cursor that has missed something is taken for good.
func TestNoSilentGap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(rapid.SampledFrom([]int{2500, 1 << 20}).Draw(t, "bytes"))
		n := &naive{keep: make(map[string]Keep), forgotten: make(map[string]int64)}
		now := int64(1000)
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			pattern, after := step(t, s, n, &now)
			switch rapid.IntRange(0, 3).Draw(t, "then") {
			case 0:
				now += 60
				s.Expire(now, 1<<20)
			case 1:
				s = restored(t, s, s.maxBytes)
			}
			if after == Earliest {
				continue
			}
			got, ok := replayed(s, pattern, after)
			if !ok {
				continue
			}
			for id := range n.missed(pattern, after) {
				if !slices.Contains(got, id) {
					t.Fatalf("%s after %d: got %v and not %d", pattern, after, got, id)
				}
			}
		}
	})
}

// missed are all numbers that channels with a history had after the cursor.
func (n *naive) missed(pattern string, after int64) map[int64]bool {
	ids := make(map[int64]bool)
	for _, e := range n.all {
		if e.ID > after && keeps[e.Channel] != (Keep{}) && channel.Matches([]byte(pattern), []byte(e.Channel)) {
			ids[e.ID] = true
		}
	}
	return ids
}

// restored is a store that was told the image of s, which forgets meanwhile.
func restored(t *rapid.T, s *Store, bytes int) *Store {
	again := New(bytes)
	imaging := s.Image(s.Last())
	for more := true; more; {
		if rapid.IntRange(0, 9).Draw(t, "forgets") == 0 {
			if e := s.all.entries.first(); e != nil {
				s.forget(s.channels[e.Channel], e)
			}
		}
		var part Image
		if part, more = imaging.Next(rapid.IntRange(1, 9).Draw(t, "part")); !more {
			part = imaging.End()
		}
		again.tell(part)
	}
	again.Begin(0, 0)
	return again
}

func (s *Store) tell(i Image) {
	s.Forget(i.Floor)
	for _, f := range i.Floors {
		s.ForgetOf(f.Channel, f.ID)
	}
	for _, e := range i.Entries {
		s.Add(e, keeps[e.Channel])
	}
	s.ForgetGone(i.Gone)
	s.Skip(i.Last)
}

// A store made from an image answers as the one that the image is of.
func TestImage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(1 << 20)
		n := &naive{keep: make(map[string]Keep), forgotten: make(map[string]int64)}
		now := int64(1000)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			step(t, s, n, &now)
		}
		s.Expire(now+int64(rapid.IntRange(0, 100).Draw(t, "ms")), 1<<20)
		again := restored(t, s, 1<<20)
		if again.Len() != s.Kept() || again.Next() != s.Next() {
			t.Fatalf("%d of %d entries, %d after %d", again.Len(), s.Kept(), again.Next(), s.Next())
		}
		for _, pattern := range []string{"/b", "/c/*", "/none", "/c/x"} {
			for after := int64(-3); after <= s.Last()+1; after++ {
				got, ok := replayed(again, pattern, after)
				want, wantOK := replayed(s, pattern, after)
				if !slices.Equal(got, want) || ok != wantOK {
					t.Fatalf("%s after %d: got %v %v, want %v %v", pattern, after, got, ok, want, wantOK)
				}
			}
		}
	})
}

// A run's numbers are greater than those of the runs before, and cursors of runs
// that are not known are forgotten ones.
func TestBegin(t *testing.T) {
	entry := func(s *Store) { s.Add(Entry{ID: s.Next(), Channel: "/a", Event: "1"}, Keep{Events: 9}) }
	fresh := New(1 << 20)
	fresh.Begin(5000, 100)
	known := New(1 << 20)
	entry(known)
	known.Begin(5000, 100)
	back := New(1 << 20) // the clock was set back
	back.Skip(7000)
	entry(back)
	back.Begin(5000, 100)
	for _, row := range []struct {
		s       *Store
		first   int64
		good    []int64
		invalid []int64
	}{
		{fresh, 5000, []int64{Tip, Earliest, 5000, 5001}, []int64{0, 1, 4998, 5002, 1 << 60}},
		{known, 5000, []int64{Tip, Earliest, 0, 1, 50, 101, 5000, 5001}, []int64{102, 4999, 5002}},
		{back, 7102, []int64{Tip, Earliest, 7001, 7002, 7101, 7102, 7103}, []int64{7104}},
	} {
		if row.s.Next() != row.first {
			t.Errorf("begins with %d, want %d", row.s.Next(), row.first)
		}
		entry(row.s)
		entry(row.s)
		for _, after := range row.good {
			if _, ok := row.s.Replay(nil, []byte("/a"), after); !ok {
				t.Errorf("from %d on: %d is refused", row.first, after)
			}
		}
		for _, after := range row.invalid {
			if _, ok := row.s.Replay(nil, []byte("/a"), after); ok {
				t.Errorf("from %d on: %d is accepted", row.first, after)
			}
		}
	}
}

// What a channel has forgotten is known when it comes back after it was gone.
func TestGoneAndBack(t *testing.T) {
	s := New(1 << 20)
	add := func(at int64, name string) {
		s.Add(Entry{ID: s.Next(), At: at, Channel: name, Event: "1"}, Keep{Age: 100})
	}
	add(0, "/a")
	add(0, "/a")
	s.Expire(1000, 1)
	add(1000, "/a")
	if got, ok := s.Replay(nil, []byte("/a"), 1); ok {
		t.Errorf("a gap is not told: %v", got)
	}
	if _, ok := s.Replay(nil, []byte("/a"), 2); !ok {
		t.Error("what follows the forgotten is not had")
	}
}

// The last event of a channel without a history takes none from those with one.
func TestSnapshotsForgetNothing(t *testing.T) {
	s := New(1 << 20)
	for _, name := range []string{"/h", "/s", "/s", "/s"} {
		keep := Keep{}
		if name == "/h" {
			keep.Events = 9
		}
		s.Add(Entry{ID: s.Next(), Channel: name, Event: "1"}, keep)
	}
	if _, ok := s.Replay(nil, []byte("/**"), 1); !ok {
		t.Error("a cursor is refused for events that no history had")
	}
}

func TestCursors(t *testing.T) {
	s := New(1 << 20)
	for i := range 5 {
		s.Add(Entry{ID: s.Next(), Channel: "/a", Event: fmt.Sprint(i)}, Keep{Events: 10})
	}
	for after, want := range map[int64]int{Tip: 0, Earliest: 5, 0: 5, 3: 2, 5: 0} {
		if got, ok := s.Replay(nil, []byte("/a"), after); len(got) != want || !ok {
			t.Errorf("after %d: %d entries, %v", after, len(got), ok)
		}
	}
	for _, after := range []int64{6, -3} {
		if _, ok := s.Replay(nil, []byte("/a"), after); ok {
			t.Errorf("after %d is accepted", after)
		}
	}
}

// The total is kept, oldest first, whatever each channel may keep.
func TestTotal(t *testing.T) {
	const limit = 100*(entryCost+10+2*refCost) + 7*(ringCost+2) + nodeCost + 2 // a hundred entries, seven channels, "/*"
	s := New(limit)
	for i := range 10_000 {
		s.Add(Entry{ID: s.Next(), Channel: fmt.Sprintf("/%d", i%7), Event: "12345678"}, Keep{Events: 1000})
		if s.Bytes() > limit {
			t.Fatalf("%d bytes after %d", s.Bytes(), i)
		}
	}
	got, _ := s.Replay(nil, []byte("/**"), Earliest)
	if len(got) != 100 || got[99].ID != 10_000 || got[0].ID != 9901 {
		t.Errorf("%d entries, first %+v", len(got), got[0])
	}
}

func TestExpire(t *testing.T) {
	s := New(1 << 20)
	s.Add(Entry{ID: 1, At: 0, Channel: "/a", Event: "1"}, Keep{Age: 100})
	s.Add(Entry{ID: 2, At: 50, Channel: "/b", Event: "2"}, Keep{})
	s.Expire(99, 1)
	if s.Len() != 2 {
		t.Errorf("%d entries", s.Len())
	}
	s.Expire(100, 1)
	if got, ok := s.Replay(nil, []byte("/a"), 0); len(got) != 0 || ok {
		t.Errorf("what is forgotten is not told: %v %v", got, ok)
	}
	if got, ok := s.Replay(nil, []byte("/b"), 0); len(got) != 1 || !ok {
		t.Errorf("another channel suffers: %v %v", got, ok)
	}
	if _, ok := s.Replay(nil, []byte("/a"), 1); !ok {
		t.Error("what follows the forgotten is not had")
	}
}

func TestSnapshot(t *testing.T) {
	s := New(1 << 20)
	for i, name := range []string{"/s/b", "/s/a", "/x", "/s/b"} {
		s.Add(Entry{ID: s.Next(), Channel: name, Event: fmt.Sprint(i)}, Keep{Snapshot: name != "/x"})
	}
	snapshot := func(pattern string, messages int) (got []string, cut bool) {
		entries, cut := s.Snapshot(nil, []byte(pattern), &Part{messages, 1 << 20})
		for _, e := range entries {
			got = append(got, e.Channel+e.Event)
		}
		return got, cut
	}
	for _, row := range []struct {
		pattern  string
		messages int
		want     []string
		cut      bool
	}{
		{"/s/*", 2, []string{"/s/a1", "/s/b3"}, false},
		{"/s/*", 1, []string{"/s/b3"}, true},
		{"/s/a", 1, []string{"/s/a1"}, false},
		{"/x", 1, nil, false},
		{"/none/*", 1, nil, false},
	} {
		if got, cut := snapshot(row.pattern, row.messages); !slices.Equal(got, row.want) || cut != row.cut {
			t.Errorf("%s: got %v %v", row.pattern, got, cut)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	s := New(64 << 20)
	for i := range b.N {
		s.Add(Entry{ID: s.Next(), At: int64(i), Channel: "/a", Event: "event"}, Keep{Events: 10_000})
	}
}
