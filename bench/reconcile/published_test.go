package reconcile

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// What the server refused is no loss, and a stray if it comes all the same.
func TestRefusedMessages(t *testing.T) {
	for _, c := range []struct {
		name    string
		claim   Claim
		void    []uint32
		arrive  []uint32
		want    Counts
		missing []uint32
	}{
		{"none arrives", Every, []uint32{1, 2}, []uint32{0, 3, 4, 5}, Counts{Delivered: 4}, nil},
		{"at the ends", Every, []uint32{0, 5}, []uint32{1, 2, 3, 4}, Counts{Delivered: 4}, nil},
		{"all refused", Every, []uint32{0, 1, 2, 3, 4, 5}, nil, Counts{}, nil},
		{"one arrives", Every, []uint32{1, 2}, []uint32{0, 2, 3, 4, 5}, Counts{Delivered: 4, Strays: 1}, nil},
		{"beside losses", Every, []uint32{1, 4}, []uint32{0, 3}, Counts{Delivered: 2, Lost: 2}, []uint32{2, 5}},
		{"newest", Newest, []uint32{1, 2, 5}, []uint32{0, 4}, Counts{Delivered: 2, Conflated: 1}, nil},
		{"newest, not the last", Newest, []uint32{1, 3}, []uint32{0, 2}, Counts{Delivered: 2, Lost: 2, Behind: 1}, []uint32{4}},
	} {
		b := NewBook(1, 1)
		b.Grant(0, c.claim)
		for _, n := range c.arrive {
			b.Deliver(0, 0, n)
		}
		published := Published{Total: 6}
		for _, n := range c.void {
			published.Void = AddVoid(published.Void, n)
		}
		of := func(int, int) Published { return published }
		got := b.Close(of)
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if sum := got.Delivered + got.Lost + got.Conflated; sum != published.Count() || published.Count() != int64(6-len(c.void)) {
			t.Errorf("%s: %d accounted for, %d published", c.name, sum, published.Count())
		}
		var missing []uint32
		b.Missing(of, func(_, _ int, n uint32) { missing = append(missing, n) })
		if !slices.Equal(missing, c.missing) {
			t.Errorf("%s: %v missing, want %v", c.name, missing, c.missing)
		}
	}
}

// Whoever is excused, or was told of drops, may lack what nobody can name.
func TestMissingPassesOverTheExcused(t *testing.T) {
	b := NewBook(3, 1)
	b.Excuse(0)
	b.Grant(1, Told)
	b.Tell(1, 1)
	b.Deliver(2, 0, 1)
	var lacks []int
	b.Missing(func(int, int) Published { return Published{Total: 3} }, func(subscriber, _ int, n uint32) { lacks = append(lacks, 10*subscriber+int(n)) })
	if want := []int{20, 22}; !slices.Equal(lacks, want) {
		t.Errorf("%v, want %v", lacks, want)
	}
}

// Whatever is refused and whatever arrives, a naive count by sets comes to the same.
func TestPublishedAgreesWithSets(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for round := range 300 {
		p, void, arrived := Published{Total: uint32(random.IntN(20))}, map[uint32]bool{}, map[uint32]bool{}
		b := NewBook(1, 1)
		for n := range p.Total {
			if random.IntN(3) == 0 {
				p.Void, void[n] = AddVoid(p.Void, n), true
			}
			if random.IntN(3) > 0 {
				b.Deliver(0, 0, n)
				arrived[n] = true
			}
		}
		var want Counts
		for n := range p.Total {
			switch {
			case arrived[n] && void[n]:
				want.Strays++
			case arrived[n]:
				want.Delivered++
			case !void[n]:
				want.Lost++
			}
		}
		if got := b.Close(func(int, int) Published { return p }); got != want {
			t.Fatalf("round %d: %+v, want %+v", round, got, want)
		}
	}
}
