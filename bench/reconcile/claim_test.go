package reconcile

import (
	"math/rand/v2"
	"testing"
)

func TestTheNewestWillDo(t *testing.T) {
	for _, c := range []struct {
		name      string
		published uint32
		arrive    []uint32
		want      Counts
	}{
		{"all in order", 4, []uint32{0, 1, 2, 3}, Counts{Delivered: 4}},
		{"the last alone", 4, []uint32{3}, Counts{Delivered: 1, Conflated: 3}},
		{"some", 9, []uint32{2, 5, 8}, Counts{Delivered: 3, Conflated: 6}},
		{"nothing was published", 0, nil, Counts{}},
		{"nothing came", 4, nil, Counts{Lost: 4, Behind: 1}},
		{"not the last", 4, []uint32{0, 2}, Counts{Delivered: 2, Conflated: 1, Lost: 1, Behind: 1}},
		{"an older one after a newer", 4, []uint32{2, 0, 3}, Counts{Delivered: 2, Conflated: 2, Reordered: 1}},
		{"twice", 4, []uint32{2, 2, 3}, Counts{Delivered: 2, Conflated: 2, Duplicates: 1}},
		{"never published", 3, []uint32{0, 7}, Counts{Delivered: 1, Conflated: 2, Strays: 1}},
	} {
		b := NewBook(1, 1)
		b.Grant(0, Newest)
		for _, n := range c.arrive {
			b.Deliver(0, 0, n)
		}
		published := func(int, int) Published { return Published{Total: c.published} }
		got := b.Close(published)
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if settled := b.Settled(1, published) == 1; settled != (got.Behind == 0) {
			t.Errorf("%s: settled is %v", c.name, settled)
		}
	}
}

func TestToldToBeDropped(t *testing.T) {
	for _, c := range []struct {
		name   string
		arrive []uint32
		told   int64
		want   Counts
	}{
		{"nothing is missing", []uint32{0, 1, 2, 3}, 0, Counts{Delivered: 4}},
		{"as many as were told", []uint32{0, 3}, 2, Counts{Delivered: 2, Dropped: 2}},
		{"the last", []uint32{0, 1, 2}, 1, Counts{Delivered: 3, Dropped: 1}},
		{"silently", []uint32{0, 3}, 1, Counts{Delivered: 2, Dropped: 1, Lost: 1}},
		{"what arrived", []uint32{0, 1, 2}, 3, Counts{Delivered: 3, Dropped: 1, Overtold: 2}},
		{"and out of order", []uint32{1, 0, 3}, 1, Counts{Delivered: 3, Dropped: 1, Reordered: 1}},
	} {
		b := NewBook(2, 2)
		b.Grant(1, Told)
		for _, n := range c.arrive {
			b.Deliver(1, 1, n)
		}
		b.Tell(1, c.told)
		published := func(subscriber, slot int) Published { return Published{Total: uint32(4 * subscriber * slot)} }
		if got := b.Close(published); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if settled := b.Settled(2, published); (settled == 2) != (c.want.Lost == 0) {
			t.Errorf("%s: %d of 2 settled", c.name, settled)
		}
	}
}

func TestNumbersRise(t *testing.T) {
	for _, c := range []struct {
		name  string
		claim Claim
		ids   []int64 // of slots 0, 1, 0, 1, …
		want  int64
	}{
		{"rising", Every, []int64{1, 2, 5, 9}, 0},
		{"doubled", Every, []int64{1, 2, 2, 3}, 1},
		{"falling", Every, []int64{1, 9, 5, 10}, 1},
		{"missing", Every, []int64{1, 0, 2, 3}, 1},
		{"falling from channel to channel", Newest, []int64{7, 2, 9, 3}, 0},
		{"doubled on a channel", Newest, []int64{7, 2, 9, 2}, 1},
	} {
		b := NewBook(1, 2)
		b.Grant(0, c.claim)
		for i, id := range c.ids {
			b.Number(0, i%2, id)
		}
		if got := b.Close(func(int, int) Published { return Published{Total: 0} }); got.Misnumbered != c.want {
			t.Errorf("%s: %+v, want %d misnumbered", c.name, got, c.want)
		}
	}
}

// Whatever a conflating server leaves out, the counts add up to what was published.
func TestConflationAgreesWithANaiveReader(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for round := range 300 {
		published, delivered, holds := uint32(random.IntN(30)), int64(0), int64(-1)
		b := NewBook(1, 1)
		b.Grant(0, Newest)
		for n := range published {
			if random.IntN(3) == 0 {
				b.Deliver(0, 0, n)
				delivered, holds = delivered+1, int64(n)
			}
			if due := b.Due(0, 0); int64(due) != holds+1 {
				t.Fatalf("round %d: %d is due after %d", round, due, holds)
			}
		}
		got := b.Close(func(int, int) Published { return Published{Total: published} })
		want := Counts{Delivered: delivered, Conflated: holds + 1 - delivered, Lost: int64(published) - holds - 1}
		if want.Lost > 0 {
			want.Behind = 1
		}
		if got != want || got.Delivered+got.Conflated+got.Lost != int64(published) {
			t.Fatalf("round %d: %+v, want %+v of %d", round, got, want, published)
		}
	}
}
