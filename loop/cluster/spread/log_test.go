package spread

import (
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"

	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/rules"
	"halley/loop/sequence"
)

// loops takes down what a log brings to the loops.
type loops struct{ list []event.Event }

func (l *loops) Deliver(e event.Event, _ bool)             { l.list = append(l.list, e) }
func (l *loops) Answer(sequence.Query, history.Remembered) {}

func newLocal(t *testing.T, here *loops, texts ...string) *sequence.Local {
	t.Helper()
	local := sequence.New(sequence.Options{Rules: rulesOf(t, texts...), Now: func() int64 { return 1 }, Loops: here, First: 100,
		History: sequence.History{HistoryBytes: 8 << 20}, Log: slog.New(slog.DiscardHandler)})
	if err := local.Open(); err != nil {
		t.Fatal(err)
	}
	return local
}

func rulesOf(t *testing.T, texts ...string) (list rules.Rules) {
	t.Helper()
	for _, text := range texts {
		r, err := rules.Parse(text, channel.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// Events of sequenced channels go to other nodes in the order in which they reach the loops here, whoever publishes them; a number
// is each node's own matter.
func TestLog(t *testing.T) {
	t.Parallel()
	w := newWorld()
	a, b := w.join(t, plain()), w.join(t, plain())
	var here loops
	local := newLocal(t, &here, "/a conflate", "/b snapshot", "/c history=10")
	log := a.Log(local)
	b.want("/**")
	w.settle(a, b)
	const publishers, each = 4, 50
	var group sync.WaitGroup
	for p := range publishers {
		group.Go(func() {
			for n := range each {
				name := []string{"/a", "/b"}[n%2]
				e := event.New([]byte(name), []byte(strconv.Itoa(p*each+n)), false)
				log.Publish(e, local.Behaviour(name), func(err error) {
					if err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
	group.Wait()
	stored := 0
	kept := event.New([]byte("/c"), []byte("1"), false)
	log.PublishTogether([]event.Event{kept, kept}, nil, func(error) { stored++ })
	w.settle(a, b)
	got, missed := b.take()
	var want []string
	for _, e := range here.list {
		want = append(want, e.Channel()+" "+e.Data())
	}
	if len(got) != publishers*each+2 || !slices.Equal(got, want) || len(missed) > 0 || stored != 1 {
		t.Errorf("%d came, %d here, %v missed, stored %d times", len(got), len(want), missed, stored)
	}
	if last := here.list[len(here.list)-1]; last.ID() == 0 {
		t.Errorf("%s has no number", last)
	}
}
