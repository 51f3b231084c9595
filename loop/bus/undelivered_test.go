package bus

import (
	"reflect"
	"sync/atomic"
	"testing"

	"halley/bayeux"
)

// What does not get to another node is told to the loop that waits for its fate, and nothing else is told to anybody.
func TestUndelivered(t *testing.T) {
	t.Parallel()
	session, to := bayeux.Address{Node: 1, Loop: 2, Slot: 3, Gen: 4}, bayeux.ReplyTo{Node: 5, Loop: 6, Conn: 7, Gen: 8, Serial: 9}
	from, home, away := bayeux.Place{Node: 1, Loop: 9}, session.Place(), to.Place()
	report := func(at bayeux.Place, p bayeux.Report) Message { return Message{To: at, Kind: Report, Report: p} }
	gone := report(home, bayeux.Report{Kind: bayeux.Gone, Session: session, To: to})
	bounced := report(home, bayeux.Report{Kind: bayeux.Bounced, Session: session, Upto: 3})
	told := map[bayeux.EffectKind]Message{
		bayeux.Hold: gone, bayeux.Stream: gone, bayeux.Reply: bounced, bayeux.Deliver: bounced,
		bayeux.Yield: report(from, bayeux.Report{Kind: bayeux.GiveUp, To: to, Ticket: 2}),
	}
	for kind := bayeux.EffectKind(0); kind.Known(); kind++ {
		e := bayeux.Effect{Kind: kind, To: to, Session: session, Upto: 3, Ticket: 2, Numbered: kind == bayeux.Reply || kind == bayeux.Deliver}
		got, ok := Undelivered(&Message{To: away, From: from, Kind: Effect, Effect: &e})
		if want, is := told[kind]; is != ok || !reflect.DeepEqual(got, want) {
			t.Errorf("effect %d: %+v, %v", kind, got, ok)
		}
		e.Numbered = false
		if _, ok := Undelivered(&Message{To: away, Kind: Effect, Effect: &e}); ok && (kind == bayeux.Reply || kind == bayeux.Deliver) {
			t.Errorf("effect %d has no fate", kind)
		}
	}
	for kind := Report; kind.Known(); kind++ {
		got, ok := Undelivered(&Message{To: home, Kind: kind, Request: bayeux.Request{To: to, Browser: 1}, Data: []byte("data")})
		asks := kind == Batch || kind == Open
		if want := (Message{To: away, Kind: Lost, Request: bayeux.Request{To: to}}); ok != asks || asks && !reflect.DeepEqual(got, want) {
			t.Errorf("message %d: %+v, %v", kind, got, ok)
		}
	}
}

// A request is brought to loops that may own sessions, and have room.
func TestLocalTakes(t *testing.T) {
	t.Parallel()
	boxes := make([]*Box, 2)
	for i := range boxes {
		boxes[i] = NewBox(1000, new(atomic.Int32), func() {})
	}
	l := &Local{Node: 1, Boxes: boxes, Home: func(loop uint16) bool { return loop == 0 }}
	for place, want := range map[bayeux.Place]bool{{Node: 1}: true, {Node: 1, Loop: 1}: false, {Node: 1, Loop: 2}: false, {Node: 2}: false} {
		if got := l.Takes(place, 10); got != want {
			t.Errorf("%v: %v", place, got)
		}
	}
	l.Home = nil
	if !l.Takes(bayeux.Place{Node: 1, Loop: 1}, 1000) || l.Takes(bayeux.Place{Node: 1, Loop: 1}, 1001) {
		t.Error("room")
	}
}
