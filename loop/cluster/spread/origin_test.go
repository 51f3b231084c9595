package spread

import (
	"fmt"
	"testing"
	"time"

	"halley/bayeux/event"
)

func arrives(o *origin, number, before uint64, most bool, since uint64) arrival {
	n := numbered{number, previous{before, most}, event.New([]byte("/a"), nil, false)}
	return o.take("/a", &n, func(string) uint64 { return since })
}

// A message is a copy, or behind a gap, by the numbers that came and those that had to come.
func TestArrivals(t *testing.T) {
	t.Parallel()
	o := newOrigin()
	o.met = true
	for i, c := range []struct {
		number, before uint64
		most           bool
		since          uint64
		want           arrival
	}{
		{number: 5, before: 3, since: 3, want: isNew}, // from before the subscription
		{number: 5, before: 3, want: isCopy},
		{number: 4, before: 3, want: isCopy},
		{number: 7, before: 5, want: isNew},
		{number: 9, before: 8, want: isBehindGap},
		{number: 10, before: 9, most: true, want: isNew},
		{number: 12, before: 11, most: true, want: isBehindGap}, // or not: nobody knows
		{number: 14, before: 13, since: never, want: isNew},     // nothing had to come yet
	} {
		if got := arrives(o, c.number, c.before, c.most, c.since); got != c.want {
			t.Errorf("%d: %+v is %d", i, c, got)
		}
	}
	o.advance(14)
	if len(o.got) > 0 || arrives(o, 16, 14, true, 0) != isNew || arrives(o, 18, 17, true, 0) != isBehindGap {
		t.Errorf("%v", o.got)
	}
}

// What a node has answered is kept until it is checked so far, and not without end.
func TestAnswers(t *testing.T) {
	t.Parallel()
	o := newOrigin()
	o.answered(answer{2, 10})
	o.answered(answer{3, 20})
	o.answered(answer{3, 30}) // once more
	for batch, want := range map[uint64]uint64{1: 10, 2: 10, 3: 20, 4: never} {
		if got := o.since(batch); got != want {
			t.Errorf("batch %d since %d, want %d", batch, got, want)
		}
	}
	if o.owes(10) || !o.owes(11) {
		t.Error("owes what was before it was asked for")
	}
	o.advance(15)
	if o.since(2) != 0 || o.since(3) != 20 || !o.owes(1) {
		t.Errorf("%+v", o)
	}
	for n := range uint64(2 * mostAnswers) {
		o.answered(answer{4 + n, 100 + n})
	}
	if len(o.answers) != mostAnswers || o.batch() != 3+2*mostAnswers || o.since(o.batch()) != 99+2*mostAnswers {
		t.Errorf("%d answers up to batch %d", len(o.answers), o.batch())
	}
}

// More channels than are noted make the node begin anew, and all be told.
func TestFullOrigin(t *testing.T) {
	t.Parallel()
	w := newWorld()
	b := w.join(t, plain())
	b.want("/**")
	w.settle(b)
	from := Origin{9, 9}
	for n := range uint64(mostGot + 1) {
		name := fmt.Sprintf("/u/%d", n)
		m := numbered{n + 1, previous{}, event.New([]byte(name), nil, false)}
		b.in.take(from, name, &m)
	}
	b.collect()
	if got, missed := b.take(); len(got) != mostGot+1 || len(missed) != 1 || missed[0] != all {
		t.Errorf("%d came, missed %v", len(got), missed)
	}
	if o := b.in.origins[from]; len(o.got) > 0 || o.checked != mostGot+1 {
		t.Errorf("%d channels are noted", len(o.got))
	}
}

// What is known of nodes is bounded, and forgotten a while after they are gone.
func TestOriginsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld()
	b := w.join(t, plain())
	for n := range uint64(mostOrigins + 5) {
		b.in.mu.Lock()
		b.in.origin(Origin{uint16(n), n})
		b.in.mu.Unlock()
	}
	if f := b.Figures(); f.Origins != mostOrigins || len(b.in.origins) != mostOrigins {
		t.Errorf("%d, %d", f.Origins, len(b.in.origins))
	}
	w.now = w.now.Add(time.Duration(goneAfter+1) * time.Millisecond)
	if b.in.sweep(); len(b.in.origins) != 0 || b.Figures().Origins != 0 {
		t.Errorf("%d are known", len(b.in.origins))
	}
}
