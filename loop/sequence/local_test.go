package sequence

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"halley/bayeux"
	"halley/bayeux/event"
	"halley/bayeux/history"
)

// Many publish at once while many ask for the past: all loops get the events in the order of their numbers, and each
// answer has what came before it, no more and no less.
func TestNoGapAndNoDouble(t *testing.T) {
	t.Parallel()
	var m mailbox
	l := opened(t, optionsOf(t, &m, "/h history=100000"))
	const publishers, each = 4, 200
	var group sync.WaitGroup
	for p := range publishers {
		group.Go(func() {
			for n := range each {
				l.publish("/h", fmt.Sprint(p*each+n))
				if n%10 == 0 {
					l.Recall(Query{From: bayeux.Place{Loop: uint16(p)}, Ticket: bayeux.Ticket(n), Wanted: []history.Wanted{{Pattern: "/h", Replay: true, After: history.Earliest}}})
				}
			}
		})
	}
	group.Wait()
	var delivered []string
	answers := 0
	for _, letter := range m.take() {
		if letter.event != "" {
			delivered = append(delivered, string(letter.event))
			if want := fmt.Sprintf(`"replayId":%d`, 100+len(delivered)-1); !strings.Contains(string(letter.event), want) {
				t.Fatalf("%s has not %s", letter.event, want)
			}
			continue
		}
		answers++
		want := min(len(delivered), l.replays.Part().Messages)
		for i, e := range letter.past.Entries {
			if i >= want || e.Event != delivered[i] {
				t.Fatalf("entry %d is %s", i, e.Event)
			}
		}
		if more := len(delivered) > want; len(letter.past.Entries) != want || (letter.past.Upto > 0) != more {
			t.Fatalf("%d entries up to %d of %d", len(letter.past.Entries), letter.past.Upto, len(delivered))
		}
	}
	if len(delivered) != publishers*each || answers != publishers*each/10 {
		t.Errorf("%d events, %d answers", len(delivered), answers)
	}
}

// An answer names the query that it is for; a next part goes on where the last one ended.
func TestRecallByParts(t *testing.T) {
	var m mailbox
	l := opened(t, optionsOf(t, &m, "/h history=1000"))
	for n := range 25 {
		l.publish("/h", fmt.Sprint(n))
	}
	m.take()
	wanted := []history.Wanted{{Pattern: "/h", Replay: true, After: history.Earliest}}
	var got []int64
	for q := (Query{From: bayeux.Place{Loop: 3}, Ticket: 5, Wanted: wanted}); ; q.Part = Next {
		l.Recall(q)
		letters := m.take()
		if len(letters) != 1 || letters[0].query.From.Loop != 3 || letters[0].query.Ticket != 5 || letters[0].query.Session != q.Session {
			t.Fatalf("%+v", letters)
		}
		past := letters[0].past
		for _, e := range past.Entries {
			got = append(got, e.ID)
		}
		if past.Upto == 0 {
			break
		}
		q.Session = bayeux.Address{Loop: 3, Slot: 7}
		q.Wanted = []history.Wanted{{Pattern: "/h", Replay: true, After: past.Upto}}
	}
	if len(got) != 25 || !slices.IsSorted(got) || got[0] != 100 || got[24] != 124 {
		t.Errorf("got %v", got)
	}
	if u := l.Usage(); u.Pages != 3 || u.Read != 25 || u.Events != 25 {
		t.Errorf("%+v", u)
	}
}

// What has a history is delivered and remembered when it is stored, all of it or nothing, under the number that it
// had from the start; what has none goes by.
func TestDeliveredWhenStored(t *testing.T) {
	for _, failure := range []error{nil, errors.New("no space")} {
		var m mailbox
		l, p := opened(t, optionsOf(t, &m, "/h history=100", "/s snapshot")), new(paper)
		l.file = p
		var results []error
		stored := func(err error) { results = append(results, err) }
		l.Publish(newEvent("/h", "1"), l.options.Rules.Of([]byte("/h")), stored)
		l.PublishTogether([]event.Event{newEvent("/h", "2"), newEvent("/h", "3")}, nil, stored)
		if err := l.publish("/s", "4"); err != nil || len(m.events()) != 1 || l.remembered("/h") != nil || results != nil {
			t.Fatalf("%v; %v is remembered, results %v", err, l.remembered("/h"), results)
		}
		p.answer(failure)
		if len(results) != 2 || results[0] != failure || results[1] != failure {
			t.Errorf("results %v", results)
		}
		want := []string{`{"channel":"/h","replayId":100,"data":1}`, `{"channel":"/h","replayId":101,"data":2}`, `{"channel":"/h","replayId":102,"data":3}`}
		if failure != nil {
			want = nil
		}
		if got := m.events(); !slices.Equal(got, want) || !slices.Equal(l.remembered("/h"), want) {
			t.Errorf("%v are delivered, %v remembered, want %v", got, l.remembered("/h"), want)
		}
		if len(p.entries) != 3 || p.entries[2].ID != 102 {
			t.Errorf("%v are in the file", p.entries)
		}
	}
}

// Without a file events are stored at once.
func TestTogetherWithoutAFile(t *testing.T) {
	var m mailbox
	l := opened(t, optionsOf(t, &m, "/h history=100"))
	calls := 0
	l.PublishTogether([]event.Event{newEvent("/h", "1"), newEvent("/h", "2")}, nil, func(err error) {
		if calls++; err != nil || len(l.remembered("/h")) != 2 {
			t.Errorf("%v; %v is remembered", err, l.remembered("/h"))
		}
	})
	if calls != 1 || len(m.events()) != 2 {
		t.Errorf("%d calls", calls)
	}
}

// Readers and publishers of other channels wait for no writer, however long its batch takes to stand in line.
func TestReadersWaitForNoWriter(t *testing.T) {
	var m mailbox
	l, p := opened(t, optionsOf(t, &m, "/h history=100", "/s snapshot")), &paper{entered: make(chan bool), gate: make(chan bool)}
	l.file = p
	done := make(chan bool)
	go func() {
		defer close(done)
		l.PublishTogether([]event.Event{newEvent("/h", "1")}, nil, func(error) {})
	}()
	<-p.entered
	l.publish("/s", "2")
	if got := l.remembered("/h"); got != nil || len(m.events()) != 1 {
		t.Errorf("%v is remembered", got)
	}
	close(p.gate)
	<-done
	p.answer(nil)
	if got := l.remembered("/h"); len(got) != 1 || len(m.events()) != 1 {
		t.Errorf("%v is remembered", got)
	}
}

// What is remembered alone has no number that its subscribers see; with Salesforce's profile the number stands where
// their clients look for it.
func TestNumbersInEvents(t *testing.T) {
	var m mailbox
	o := optionsOf(t, &m, "/h history=100", "/s snapshot")
	l := opened(t, o)
	l.publish("/s", "1")
	if got := m.events(); len(got) != 1 || strings.Contains(got[0], "replayId") {
		t.Errorf("got %v", got)
	}
	o.Salesforce = true
	l = opened(t, o)
	l.publish("/h", `{"a":1}`)
	if got := m.events(); len(got) != 1 || !strings.Contains(got[0], `"event":{`) || !strings.Contains(got[0], `"replayId":100`) {
		t.Errorf("got %v", got)
	}
}

// To give an event that is only in order its number takes no memory.
func TestOrderAllocatesNothing(t *testing.T) {
	o := optionsOf(t, new(mailbox), "/r rate=1/s")
	o.Loops = nobody{}
	l, e := opened(t, o), newEvent("/r", "1")
	behaviour := l.options.Rules.Of([]byte("/r"))
	if n := testing.AllocsPerRun(100, func() { l.Publish(e, behaviour, func(error) {}) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// nobody is loops without subscribers.
type nobody struct{}

// Deliver implements Loops.
func (nobody) Deliver(event.Event, bool) {}

// Answer implements Loops.
func (nobody) Answer(Query, history.Remembered) {}
