package history

import (
	"testing"

	"pgregory.net/rapid"
)

// review runs a whole review, in parts of some size.
func review(s *Store, most int, now int64, keeps map[string]Keep) (dropped int) {
	for part := (Reviewed{More: true}); part.More; {
		part = s.Review(part.Upto, most, now, func(channel string) (Keep, bool) { k, kept := keeps[channel]; return k, kept })
		dropped += part.Dropped
	}
	return dropped
}

// After a review the store is one that was told the same entries under the new keeps, and forgets as that does.
func TestReview(t *testing.T) {
	choices := []Keep{{Snapshot: true}, {Snapshot: true, Paced: true}, {Events: 2}, {Events: 5, Snapshot: true}, {Age: 60}, {Age: 20, Events: 4}}
	names := []string{"/a", "/b", "/c/x", "/c/y"}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) map[string]Keep {
			keeps := make(map[string]Keep)
			for _, name := range names {
				if label == "old" || rapid.Bool().Draw(t, label) {
					keeps[name] = rapid.SampledFrom(choices).Draw(t, label)
				}
			}
			return keeps
		}
		old, s, now := draw("old"), New(1<<20), int64(1000)
		for range rapid.IntRange(0, 60).Draw(t, "events") {
			now += int64(rapid.IntRange(0, 10).Draw(t, "ms"))
			name := rapid.SampledFrom(names).Draw(t, "channel")
			s.Add(Entry{ID: s.Next(), At: now, Channel: name, Event: "e"}, old[name])
		}
		was, keeps := s.Len(), draw("new")
		dropped := review(s, rapid.IntRange(1, 10).Draw(t, "part"), now, keeps)
		if dropped != was-s.Len() {
			t.Fatalf("%d dropped, of %d are %d left", dropped, was, s.Len())
		}
		other := New(1 << 20)
		for p := s.all.entries.after(0); ; p = p.next() {
			ref, ok := p.ref()
			if !ok {
				break
			}
			if _, kept := keeps[ref.entry.Channel]; !kept {
				t.Fatalf("%+v is still there", ref.entry)
			}
			other.Add(*ref.entry, keeps[ref.entry.Channel])
		}
		for range 20 {
			if s.Len() != other.Len() || s.Kept() != other.Kept() || s.Bytes() != other.Bytes() {
				t.Fatalf("%d of them, %d kept, %d bytes; want %d, %d, %d", s.Len(), s.Kept(), s.Bytes(), other.Len(), other.Kept(), other.Bytes())
			}
			a, _ := s.Snapshot(nil, []byte("/**"), &Part{100, 1 << 20})
			b, _ := other.Snapshot(nil, []byte("/**"), &Part{100, 1 << 20})
			if len(a) != len(b) {
				t.Fatalf("snapshots of %d, want %d", len(a), len(b))
			}
			now += 7
			s.Expire(now, 100)
			other.Expire(now, 100)
		}
	})
}

// A cursor into what a channel lost with its history is refused, even when the channel has one again.
func TestReviewForgets(t *testing.T) {
	for _, other := range []map[string]Keep{{}, {"/a": {Snapshot: true}}} {
		s := New(1 << 20)
		for range 5 {
			s.Add(Entry{ID: s.Next(), Channel: "/a", Event: "e"}, Keep{Events: 10})
		}
		review(s, 2, 0, other)
		history := map[string]Keep{"/a": {Events: 10}}
		review(s, 2, 0, history)
		s.Add(Entry{ID: s.Next(), Channel: "/a", Event: "e"}, history["/a"])
		if _, ok := replayed(s, "/a", 2); ok {
			t.Errorf("with %v between: cursor 2 is served", other)
		}
		if ids, ok := replayed(s, "/a", 5); !ok || len(ids) != 1 {
			t.Errorf("with %v between: after 5 come %v, %v", other, ids, ok)
		}
	}
}

// What an image leaves out comes part by part: entries of channels without a history.
func TestSnapshots(t *testing.T) {
	s := New(1 << 20)
	for n := range 10 {
		s.Add(Entry{ID: s.Next(), Channel: "/h", Event: "e"}, Keep{Events: 100})
		s.Add(Entry{ID: s.Next(), Channel: "/s" + string(rune('a'+n)), Event: "e"}, Keep{Snapshot: true})
	}
	var all []Entry
	for from, more := int64(0), true; more; {
		var entries []Entry
		entries, from, more = s.Snapshots(from, 3)
		all = append(all, entries...)
	}
	if len(all) != 10 || all[0].ID != 2 || all[9].ID != 20 {
		t.Errorf("%v", all)
	}
}

// A channel that is to keep something else with its next event is listed anew at once: nothing of it stays where only what it kept
// before stands.
func TestOtherKeepWithTheNextEvent(t *testing.T) {
	t.Parallel()
	for _, keep := range []Keep{{Events: 2}, {Snapshot: true}, {Age: 7}, {}} {
		s := New(1 << 20)
		for n := range int64(5) {
			s.Add(Entry{ID: n + 1, At: n, Channel: "/a"}, Keep{Age: 100})
		}
		s.Add(Entry{ID: 6, At: 10, Channel: "/a"}, keep)
		want := map[Keep]int{{Events: 2}: 2, {Snapshot: true}: 1, {Age: 7}: 2, {}: 1}[keep]
		kept := want
		if !keep.replays() {
			kept = 0
		}
		if s.Len() != want || s.Kept() != kept {
			t.Errorf("%+v: %d, of them %d with a history", keep, s.Len(), s.Kept())
		}
		if s.Expire(1000, 10) || s.Shrink(0) {
			t.Fatalf("%+v: there is more", keep)
		}
		if s.Bytes() != 0 || len(s.ages) != 0 {
			t.Errorf("%+v: %d bytes and %d ages are left", keep, s.Bytes(), len(s.ages))
		}
	}
}
