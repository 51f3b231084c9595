package bayeux

import "testing"

// The queue is first in, first out, and keeps no more than twice what is in it.
func TestAddresses(t *testing.T) {
	var q addresses
	next, want := uint32(0), uint32(0)
	for round := range 200 {
		for range (round * 7) % 31 {
			q.push(Address{Slot: next})
			next++
		}
		for range min(q.len(), (round*11)%37) {
			if a := q.pop(); a.Slot != want {
				t.Fatalf("got %d, want %d", a.Slot, want)
			}
			want++
		}
		if q.len() != int(next-want) || len(q.list) > 2*q.len() {
			t.Fatalf("%d in a list of %d, want %d", q.len(), len(q.list), next-want)
		}
	}
}
