package loop

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux"
	"halley/bayeux/event"
)

// posted is what the model of a mailbox knows of an entry.
type posted struct {
	upto  uint32
	data  string
	event event.Event
}

// What comes out of a mailbox is what went in, in order, bytes included; a post
// wakes the loop exactly if none since the last empty swap did; over its limit,
// what is being worked off included, it counts as congested.
func TestMailboxModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var congested atomic.Int32
		m := mailbox{limit: 4096, congested: &congested}
		var inbox letters
		var waiting []posted
		size, working, armed, serial := 0, 0, false, uint32(0)
		added := func(wake bool) {
			if wake == armed {
				t.Fatalf("wake is %v, armed %v", wake, armed)
			}
			armed = true
			if over := congested.Load() > 0; over != (size+working > m.limit) || m.kept() != size+working {
				t.Fatalf("congested is %v at %d bytes, %d kept", over, size+working, m.kept())
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"post": func(t *rapid.T) {
				serial++
				data := rapid.SliceOfN(rapid.Byte(), 0, 600).Draw(t, "data")
				p := posted{upto: serial, data: string(data)}
				waiting = append(waiting, p)
				size += entrySize + len(data)
				wake := m.post(entry{kind: entryReply, upto: serial}, data)
				clear(data) // the mailbox has a copy
				added(wake)
			},
			"events": func(t *rapid.T) {
				var entries []entry
				for range rapid.IntRange(1, 5).Draw(t, "n") {
					serial++
					event := event.New([]byte("/a"), []byte(fmt.Sprint(serial)), false)
					entries = append(entries, entry{kind: entryPublish, upto: serial, event: event})
					waiting = append(waiting, posted{upto: serial, event: event})
					size += entrySize + len(event)
				}
				added(m.postEvents(entries))
			},
			"swap": func(t *rapid.T) {
				m.swap(&inbox)
				if len(inbox.entries) != len(waiting) {
					t.Fatalf("%d entries of %d", len(inbox.entries), len(waiting))
				}
				for i := range inbox.entries {
					e := &inbox.entries[i]
					if got := (posted{e.upto, string(inbox.bytes(e)), e.event}); got != waiting[i] {
						t.Fatalf("entry %d is %v, want %v", i, got, waiting[i])
					}
				}
				armed, size, working, waiting = len(waiting) > 0, 0, size, waiting[:0]
				if over := congested.Load() > 0; over != (working > m.limit) {
					t.Fatalf("congested is %v while %d bytes are worked off", over, working)
				}
			},
		})
	})
}

// Posts of many goroutines: each one's own come out in order, none twice.
func TestMailboxOfMany(t *testing.T) {
	t.Parallel()
	const posters, each = 8, 2000
	var congested atomic.Int32
	m := mailbox{limit: 1 << 30, congested: &congested}
	var wakes atomic.Int64
	var group sync.WaitGroup
	for p := range posters {
		group.Go(func() {
			for n := range each {
				if m.post(entry{upto: uint32(n), session: bayeux.Address{Slot: uint32(p)}}, fmt.Appendf(nil, "%d of %d", n, p)) {
					wakes.Add(1)
				}
			}
		})
	}
	var inbox letters
	var next [posters]uint32
	for total := 0; total < posters*each; total += len(inbox.entries) {
		m.swap(&inbox)
		for i := range inbox.entries {
			e := &inbox.entries[i]
			p := e.session.Slot
			if e.upto != next[p] || string(inbox.bytes(e)) != fmt.Sprintf("%d of %d", e.upto, p) {
				t.Fatalf("%d of %d: %q, want %d", e.upto, p, inbox.bytes(e), next[p])
			}
			next[p]++
		}
	}
	group.Wait()
	if m.swap(&inbox); len(inbox.entries) != 0 || wakes.Load() == 0 {
		t.Errorf("%d left, %d wakes", len(inbox.entries), wakes.Load())
	}
}

// The memory of a burst is not kept.
func TestMailboxForgetsBursts(t *testing.T) {
	t.Parallel()
	var congested atomic.Int32
	m := mailbox{limit: 1 << 30, congested: &congested}
	m.post(entry{}, bytes.Repeat([]byte("x"), 2*keepArena))
	for range keepEntries {
		m.post(entry{}, nil)
	}
	var inbox letters
	m.swap(&inbox)
	equal(t, len(inbox.entries), keepEntries+1)
	m.swap(&inbox)
	m.swap(&inbox)
	for _, l := range []*letters{&inbox, &m.letters} {
		if cap(l.entries) > keepEntries || cap(l.arena) > keepArena {
			t.Errorf("%d entries and %d bytes are kept", cap(l.entries), cap(l.arena))
		}
	}
}
