package history

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/channel"
)

// A channel may have the name of a pattern. It is one of those that the pattern
// matches, and hides none of the others.
func TestChannelNamedLikeAPattern(t *testing.T) {
	s := New(1 << 20)
	for _, name := range []string{"/h/a", "/h/*", "/h/**", "/h/b", "/h/b/c"} {
		s.Add(Entry{ID: s.Next(), Channel: name, Event: "1"}, Keep{Events: 9, Snapshot: true})
	}
	for pattern, want := range map[string]int{"/h/*": 4, "/h/**": 5, "/**": 5, "/h/a": 1, "/h/b/*": 1} {
		if got, ok := s.Replay(nil, []byte(pattern), Earliest); len(got) != want || !ok {
			t.Errorf("%s replays %v", pattern, got)
		}
		if got, cut := s.Snapshot(nil, []byte(pattern), &Part{10, 1 << 20}); len(got) != want || cut {
			t.Errorf("%s has a snapshot of %v", pattern, got)
		}
	}
}

// However many channels and entries there are, only what a pattern matches is looked
// at for it: what is listed under it is what it matches.
func TestReadingLooksAtNothingElse(t *testing.T) {
	s := New(64 << 20)
	for i := range 20_000 {
		s.Add(Entry{ID: s.Next(), Channel: fmt.Sprintf("/c/%d/%d", i%100, i), Event: "1"}, Keep{Events: 9, Snapshot: i%2 == 0, Paced: i%4 == 0})
	}
	for pattern, want := range map[string][3]int{"/none/*": {}, "/none": {}, "/c/*": {}, "/c/7/*": {200, 0, 0}, "/c/8/**": {200, 200, 200},
		"/c/10/*": {200, 200, 0}, "/c/7/7": {1, 0, 0}, "/c/8/8": {1, 1, 1}, "/**": {20_000, 10_000, 5000}} {
		all, latest, late, _ := s.lists([]byte(pattern))
		for i, l := range []*log{all, latest, late} {
			if n := size(l); n != want[i] {
				t.Errorf("%s: list %d has %d entries, want %d", pattern, i, n, want[i])
			}
		}
	}
	var r Reading
	for i := range 1000 {
		s.Follow(&r, fmt.Appendf(nil, "/none/%d/*", i), Earliest)
	}
	if len(r.heads) != 0 {
		t.Errorf("%d patterns without an event are read", len(r.heads))
	}
}

func size(l *log) int {
	if l == nil {
		return 0
	}
	return l.count
}

// Nothing is listed of channels that are gone.
func TestNothingIsLeft(t *testing.T) {
	s := New(1 << 20)
	for i := range 1000 {
		keep := Keep{Age: 10, Snapshot: i%2 == 0, Paced: i%4 == 0}
		s.Add(Entry{ID: s.Next(), At: int64(i), Channel: fmt.Sprintf("/a/%d/x", i%300), Event: "1"}, keep)
	}
	for s.Expire(2000, 10) {
	}
	if s.Len() != 0 || s.Kept() != 0 || len(s.channels) != 0 || len(s.patterns) != 1 || len(s.ages) != 0 || s.bytes != 0 {
		t.Errorf("%d entries, %d kept, %d channels, %d patterns, %d bytes", s.Len(), s.Kept(), len(s.channels), len(s.patterns), s.bytes)
	}
	if n := size(&s.all.entries) + size(&s.all.latest) + size(&s.all.late); n != 0 {
		t.Errorf("%d are listed", n)
	}
}

// What goes at once is bounded: the rest goes later, and is told.
func TestExpireByParts(t *testing.T) {
	s := New(1 << 20)
	for range 25 {
		s.Add(Entry{ID: s.Next(), Channel: "/a", Event: "1"}, Keep{Age: 10})
	}
	for _, left := range []int{15, 5, 0} {
		if more := s.Expire(100, 10); s.Len() != left || more != (left > 0) {
			t.Errorf("%d left, want %d; more %v", s.Len(), left, more)
		}
	}
}

// Snapshots are the last event of each channel that has one, whatever is forgotten.
func TestSnapshotAgainstNaive(t *testing.T) {
	names := []string{"/a", "/b", "/c/x", "/c/y", "/c/*", "/c/x/z"}
	rapid.Check(t, func(t *rapid.T) {
		s := New(rapid.SampledFrom([]int{3000, 1 << 20}).Draw(t, "bytes"))
		now := int64(0)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			i := rapid.IntRange(0, len(names)-1).Draw(t, "channel")
			keep := []Keep{{Snapshot: true}, {Events: 2}, {Age: 5, Snapshot: true, Paced: true}}[i%3]
			now += int64(rapid.IntRange(0, 3).Draw(t, "ms"))
			s.Add(Entry{ID: s.Next(), At: now, Channel: names[i], Event: "1"}, keep)
			s.Expire(now, 1)
		}
		for _, pattern := range append(names, "/**", "/*", "/c/**", "/none/*") {
			upto := rapid.Int64Range(0, s.Last()).Draw(t, "upto")
			snapshot, late := 0, 0
			for name, r := range s.channels {
				if !r.keep.Snapshot || !channel.Matches([]byte(pattern), []byte(name)) {
					continue
				}
				snapshot++
				if r.keep.Paced && r.entries.latest().ID <= upto {
					late++
				}
			}
			part := Part{100, 1 << 20}
			got, _ := s.Snapshot(nil, []byte(pattern), &part)
			gotLate, _ := s.Late(nil, []byte(pattern), upto, &part)
			if len(got) != snapshot || len(gotLate) != late {
				t.Fatalf("%s: %v and up to %d %v, want %d and %d", pattern, got, upto, gotLate, snapshot, late)
			}
		}
	})
}

// BenchmarkPage reads parts of 1,000 events of 300,000 on 1,000 channels: by a wildcard,
// by each of 1,000 names, and by 100 wildcards of which 99 match nothing.
func BenchmarkPage(b *testing.B) {
	s := New(1 << 30)
	for i := range 300_000 {
		s.Add(Entry{ID: s.Next(), Channel: fmt.Sprintf("/h/%d", i%1000), Event: "event"}, Keep{Events: 1000})
	}
	names := [][]byte{}
	for i := range 1000 {
		names = append(names, fmt.Appendf(nil, "/h/%d", i))
	}
	wildcards := [][]byte{[]byte("/h/**")}
	for i := range 99 {
		wildcards = append(wildcards, fmt.Appendf(nil, "/none/%d/**", i))
	}
	for name, patterns := range map[string][][]byte{"one": wildcards[:1], "names": names, "wildcards": wildcards} {
		b.Run(name, func(b *testing.B) {
			after := int64(Earliest)
			for range b.N {
				var r Reading
				for _, p := range patterns {
					s.Follow(&r, p, after)
				}
				_, after = r.Page(nil, Part{1000, 1 << 30})
			}
		})
	}
}
