package bayeux

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestBacklogAgainstList puts batches in and takes them out in any order.
func TestBacklogAgainstList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l backlog
		var list []string
		bytes, most := 0, 100
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "add") {
				body := rapid.StringN(0, 20, 20).Draw(t, "body")
				fits := bytes+len(body) <= most
				if got := l.add([]byte(body), most); got != fits || l.full == fits {
					t.Fatalf("%d bytes to %d fit: %t, full %t", len(body), bytes, got, l.full)
				}
				if !fits {
					if l.next() != nil {
						t.Fatal("what was cut off has batches")
					}
					return
				}
				list, bytes = append(list, body), bytes+4+len(body)
			} else if body := l.next(); len(list) == 0 {
				if body != nil {
					t.Fatalf("an empty backlog has %q", body)
				}
			} else {
				if string(body) != list[0] {
					t.Fatalf("next is %q, want %q", body, list[0])
				}
				bytes -= 4 + len(body)
				list = list[1:]
			}
		}
	})
}

// A session stands in backlogs until it has left each as often as it entered it.
func TestBacklogsKnowTheirSessions(t *testing.T) {
	b, a, other := newBacklogs(), Address{Slot: 1}, Address{Slot: 2}
	l, second := new(backlog), new(backlog)
	for _, to := range []Address{a, a, other, a} {
		b.enter(l, to)
	}
	b.enter(second, a)
	if !slices.Equal(l.sessions, []Address{a, other, a}) || b.in[a] != 3 || b.in[other] != 1 {
		t.Errorf("sessions %v, counted %v", l.sessions, b.in)
	}
	for i, stays := range []bool{true, true, false} {
		if b.leave(a) != stays {
			t.Errorf("after leaving %d times, stays: %t", i+1, !stays)
		}
	}
	if b.leave(other); len(b.in) != 0 {
		t.Errorf("%v are left", b.in)
	}
}

func TestTables(t *testing.T) {
	var tables tables
	tables.set(inDirty, true)
	tables.set(inBacklogs, true)
	if tables.set(inDirty, false); tables.has(inDirty) || tables.has(inReplays) || !tables.has(inBacklogs) {
		t.Errorf("tables %b", tables)
	}
}
