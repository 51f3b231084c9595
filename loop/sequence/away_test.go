package sequence

import (
	"errors"
	"testing"

	"halley/bayeux/event"
	"halley/loop/journal"
)

// sent keeps what is sent on.
type sent struct {
	orders []Order
	broken bool
}

func (s *sent) send(o Order) bool {
	s.orders = append(s.orders, o)
	return !s.broken
}

// told is what a publisher was told, in order.
type told []error

func (to *told) hear(err error) { *to = append(*to, err) }

func newAway(most int) *away { return &away{most: most, waiting: make(map[int64]func(error))} }

// What was held goes on first, in order, and then what comes; each publisher hears what became of its own.
func TestOrdersGoOn(t *testing.T) {
	a, s := newAway(1<<20), new(sent)
	var first, second, third told
	a.publish([]event.Event{"1"}, false, first.hear)
	a.publish([]event.Event{"2", "3"}, true, second.hear)
	a.goOn(s.send)
	a.publish([]event.Event{"4"}, false, third.hear)
	if len(s.orders) != 3 || s.orders[0].Events[0] != "1" || !s.orders[1].Together || len(s.orders[1].Events) != 2 || s.orders[2].Events[0] != "4" {
		t.Fatalf("%+v", s.orders)
	}
	if len(first)+len(second)+len(third) != 0 {
		t.Error("told before anything is known")
	}
	for i, failure := range []string{"", journal.ErrBusy.Error(), "no space left on device"} {
		a.answer(s.orders[i].Number, failure)
		a.answer(s.orders[i].Number, failure) // which is nobody's any more
	}
	if len(first) != 1 || first[0] != nil {
		t.Errorf("%v", first)
	}
	if len(second) != 1 || !errors.Is(second[0], journal.ErrBusy) {
		t.Errorf("%v", second)
	}
	if len(third) != 1 || third[0] == nil || third[0].Error() != "no space left on device" {
		t.Errorf("%v", third)
	}
}

// When the other server has gone, whoever waits and whoever comes is told to go elsewhere, once.
func TestOrdersEnd(t *testing.T) {
	a, s := newAway(1<<20), new(sent)
	a.goOn(s.send)
	var waits, comes, broken told
	a.publish([]event.Event{"1"}, false, waits.hear)
	s.broken = true
	a.publish([]event.Event{"2"}, false, broken.hear)
	a.end()
	a.publish([]event.Event{"3"}, false, comes.hear)
	a.answer(s.orders[0].Number, "")
	for _, publisher := range []told{waits, comes, broken} {
		if len(publisher) != 1 || !errors.Is(publisher[0], journal.ErrClosed) {
			t.Errorf("%v", publisher)
		}
	}
}
