package reconcile

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestOneLine(t *testing.T) {
	for _, c := range []struct {
		name      string
		published uint32
		arrive    []uint32
		want      Counts
	}{
		{"all in order", 4, []uint32{0, 1, 2, 3}, Counts{Delivered: 4}},
		{"nothing", 3, nil, Counts{Lost: 3}},
		{"the last is missing", 3, []uint32{0, 1}, Counts{Delivered: 2, Lost: 1}},
		{"the first is missing", 3, []uint32{1, 2}, Counts{Delivered: 2, Lost: 1}},
		{"one in the middle is missing", 5, []uint32{0, 1, 3, 4}, Counts{Delivered: 4, Lost: 1}},
		{"doubled", 3, []uint32{0, 0, 1, 2}, Counts{Delivered: 3, Duplicates: 1}},
		{"an old one doubled", 3, []uint32{0, 1, 2, 0}, Counts{Delivered: 3, Duplicates: 1}},
		{"two swapped", 3, []uint32{1, 0, 2}, Counts{Delivered: 3, Reordered: 1}},
		{"late and doubled", 3, []uint32{1, 0, 0, 2}, Counts{Delivered: 3, Reordered: 1, Duplicates: 1}},
		{"backwards", 4, []uint32{3, 2, 1, 0}, Counts{Delivered: 4, Reordered: 3}},
		{"never published", 2, []uint32{0, 1, 2}, Counts{Delivered: 2, Strays: 1}},
		{"far beyond, across a gap", 2, []uint32{0, 7}, Counts{Delivered: 1, Lost: 1, Strays: 1}},
		{"the largest number", 1, []uint32{0, 1<<32 - 1}, Counts{Delivered: 1, Strays: 1}},
		{"middle of a gap", 6, []uint32{0, 5, 3}, Counts{Delivered: 3, Lost: 3, Reordered: 1}},
	} {
		b := NewBook(1, 1)
		for _, n := range c.arrive {
			b.Deliver(0, 0, n)
		}
		got := b.Close(func(int, int) Published { return Published{Total: c.published} })
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if got.Delivered+got.Lost != int64(c.published) {
			t.Errorf("%s: %d + %d is not %d", c.name, got.Delivered, got.Lost, c.published)
		}
	}
}

func TestVerdicts(t *testing.T) {
	b := NewBook(1, 1)
	for i, step := range []struct {
		n    uint32
		want Verdict
	}{{0, InOrder}, {2, InOrder}, {1, Late}, {1, Duplicate}, {3, InOrder}} {
		if got := b.Deliver(0, 0, step.n); got != step.want {
			t.Errorf("step %d: message %d is %d, want %d", i, step.n, got, step.want)
		}
	}
}

func TestLinesAreSeparate(t *testing.T) {
	b := NewBook(2, 2)
	b.Deliver(0, 0, 0)
	b.Deliver(0, 1, 0)
	b.Deliver(1, 1, 0)
	b.Stray(0)
	got := b.Close(func(_, slot int) Published { return Published{Total: uint32(1 + slot)} })
	if want := (Counts{Delivered: 3, Lost: 3, Strays: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestExcuses(t *testing.T) {
	b := NewBook(2, 1)
	b.Deliver(0, 0, 0)
	b.Excuse(0)
	got := b.Close(func(int, int) Published { return Published{Total: 2} })
	if got.Lost != 3 || got.Excused != 1 {
		t.Errorf("%+v, want 3 lost of which 1 is excused", got)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		counts   Counts
		expected int64
		want     string
	}{
		{Counts{Delivered: 10}, 10, ""},
		{Counts{Delivered: 9, Lost: 1, Excused: 1}, 10, ""},
		{Counts{Delivered: 9}, 10, "do not reconcile"},
		{Counts{Delivered: 9, Lost: 1}, 10, "1 lost"},
		{Counts{Delivered: 10, Duplicates: 2}, 10, "2 duplicates"},
		{Counts{Delivered: 10, Reordered: 3}, 10, "3 reordered"},
		{Counts{Delivered: 10, Strays: 4}, 10, "4 strays"},
		{Counts{Delivered: 6, Conflated: 3, Dropped: 1}, 10, ""},
		{Counts{Delivered: 6, Conflated: 3}, 10, "do not reconcile"},
		{Counts{Delivered: 6, Conflated: 3, Lost: 1, Behind: 1}, 10, "does not hold the last"},
		{Counts{Delivered: 10, Misnumbered: 5}, 10, "5 replayIds or"},
		{Counts{Delivered: 10, Overtold: 6}, 10, "6 messages were told"},
	} {
		err := c.counts.Check(c.expected)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v of %d: %v, want %q", c.counts, c.expected, err, c.want)
		}
	}
}

func TestAdd(t *testing.T) {
	one := Counts{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	sum := one
	sum.Add(one)
	if want := (Counts{2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22}); sum != want {
		t.Errorf("%+v, want %+v", sum, want)
	}
}

// Any shuffle with drops and copies gives what a naive reader with a set would count.
func TestAgreesWithANaiveReader(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		published := uint32(random.IntN(30))
		var arrive []uint32
		for n := range published {
			for range random.IntN(4) / 2 * random.IntN(2) * 2 {
				arrive = append(arrive, n)
			}
			if random.IntN(3) > 0 {
				arrive = append(arrive, n)
			}
		}
		random.Shuffle(len(arrive), func(i, j int) {
			if random.IntN(2) == 0 {
				arrive[i], arrive[j] = arrive[j], arrive[i]
			}
		})
		b, want := NewBook(1, 1), naive(arrive, published)
		for _, n := range arrive {
			b.Deliver(0, 0, n)
		}
		if got := b.Close(func(int, int) Published { return Published{Total: published} }); got != want {
			t.Fatalf("round %d, %v of %d: %+v, want %+v", round, arrive, published, got, want)
		}
	}
}

func naive(arrive []uint32, published uint32) (c Counts) {
	seen, highest := map[uint32]bool{}, int64(-1)
	for _, n := range arrive {
		switch {
		case seen[n]:
			c.Duplicates++
		case int64(n) < highest:
			c.Reordered++
			c.Delivered++
		default:
			c.Delivered++
		}
		seen[n] = true
		highest = max(highest, int64(n))
	}
	c.Lost = int64(published) - c.Delivered
	return c
}

// Subscribers are dealt out to parts, whose counts add up to those of the whole book.
func TestParts(t *testing.T) {
	b := NewBook(5, 1)
	b.Divide(2, 3) // subscribers 0, 2 and 4 are of part 1
	for subscriber := range 4 {
		b.Deliver(subscriber, 0, 0)
	}
	b.Deliver(1, 0, 0)
	b.Stray(2)
	b.Misnumbered(3)
	published := func(int, int) Published { return Published{Total: 1} }
	want := []Counts{{Delivered: 2, Duplicates: 1, Misnumbered: 1}, {Delivered: 2, Lost: 1, Strays: 1}}
	if got := b.CloseParts(published); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	want[0].Add(want[1])
	if got := b.Close(published); got != want[0] || b.Delivered() != 4 {
		t.Errorf("%+v, want %+v", got, want[0])
	}
}
