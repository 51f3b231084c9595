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
	entries   []Entry
	keep      map[string]Keep
	forgotten map[string]int64 // the greatest number forgotten, by channel
}

func (n *naive) add(e Entry, keep Keep) {
	n.entries = append(n.entries, e)
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
		if after != Earliest && id > after && channel.Matches([]byte(pattern), []byte(name)) {
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

func TestStoreAgainstNaive(t *testing.T) {
	keeps := map[string]Keep{"/a": {}, "/b": {Events: 3}, "/c/x": {Age: 50}, "/c/y": {Events: 4, Age: 80}}
	rapid.Check(t, func(t *rapid.T) {
		s := New(1 << 20)
		n := &naive{keep: make(map[string]Keep), forgotten: make(map[string]int64)}
		now := int64(1000)
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			now += int64(rapid.IntRange(0, 20).Draw(t, "ms"))
			name := rapid.SampledFrom([]string{"/a", "/b", "/c/x", "/c/y"}).Draw(t, "channel")
			e := Entry{ID: s.Next(), At: now, Channel: name, Event: fmt.Sprint(now)}
			s.Add(e, keeps[name])
			n.add(e, keeps[name])
			pattern := rapid.SampledFrom([]string{"/a", "/b", "/c/*", "/**", "/none", "/c/x"}).Draw(t, "pattern")
			after := int64(rapid.IntRange(-2, int(s.Last())).Draw(t, "after"))
			if after == Tip {
				continue
			}
			got, ok := s.Replay(nil, []byte(pattern), after)
			var ids []int64
			for _, e := range got {
				ids = append(ids, e.ID)
			}
			want, wantOK := n.replay(pattern, after)
			if !slices.Equal(ids, want) || ok != wantOK {
				t.Fatalf("%s after %d: got %v %v, want %v %v", pattern, after, ids, ok, want, wantOK)
			}
		}
		if s.Len() != len(n.entries) {
			t.Fatalf("%d entries, want %d", s.Len(), len(n.entries))
		}
	})
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
	const limit = 100 * (entryCost + 10)
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
	if n := len(s.order.items); n > 300 {
		t.Errorf("the list by age has %d items", n)
	}
}

func TestExpire(t *testing.T) {
	s := New(1 << 20)
	s.Add(Entry{ID: 1, At: 0, Channel: "/a", Event: "1"}, Keep{Age: 100})
	s.Add(Entry{ID: 2, At: 50, Channel: "/b", Event: "2"}, Keep{})
	s.Expire(99)
	if s.Len() != 2 {
		t.Errorf("%d entries", s.Len())
	}
	s.Expire(100)
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
		s.Add(Entry{ID: s.Next(), Channel: name, Event: fmt.Sprint(i)}, Keep{})
	}
	var got []string
	for _, e := range s.Snapshot(nil, []byte("/s/*"), func(string) bool { return true }) {
		got = append(got, e.Channel+e.Event)
	}
	if !slices.Equal(got, []string{"/s/a1", "/s/b3"}) {
		t.Errorf("got %v", got)
	}
	if got := s.Snapshot(nil, []byte("/s/a"), func(string) bool { return false }); len(got) != 0 {
		t.Errorf("unwanted %v", got)
	}
}

func BenchmarkAdd(b *testing.B) {
	s := New(64 << 20)
	for i := range b.N {
		s.Add(Entry{ID: s.Next(), At: int64(i), Channel: "/a", Event: "event"}, Keep{Events: 10_000})
	}
}
