package queue

import (
	"fmt"
	"testing"

	"halley/bayeux/event"
)

// Losses are told until a reply that tells them has left.
func TestLossesAreToldUntilRead(t *testing.T) {
	s := newStore(Config{Settings: Settings{QueueMessages: 1, QueueBytes: 1000}})
	var q Queue
	s.Open(&q, 0, false)
	for range 3 {
		s.Push(&q, event.New([]byte("/a"), []byte("1"), false))
	}
	for round := range 3 {
		if !s.HasLosses(&q) || s.Lost(&q) != 2 || s.LossBytes(&q) < len("/a") {
			t.Fatalf("round %d: %d lost", round, s.Lost(&q))
		}
		told := s.TellLosses(&q)
		if told["/a"] != 2 || s.HasLosses(&q) {
			t.Errorf("round %d: %v, more to tell %t", round, told, s.HasLosses(&q))
		}
		if !s.TrackLosses(&q, false) {
			t.Fatalf("round %d: the reply has no number", round)
		}
		upto := q.Upto()
		if round == 0 {
			s.Lose(&q, "/a") // while the reply is on its way
			s.Written(&q, upto+1, false)
			s.Bounced(&q, upto)
			if s.Lost(&q) != 3 {
				t.Errorf("%d lost, want 3", s.Lost(&q))
			}
			s.losses[0].counts["/a"] = 2
			continue
		}
		if round == 1 {
			s.SettleLosses(&q, false)
			continue
		}
		s.Written(&q, upto, false)
	}
	if s.HasLosses(&q) || len(s.losses) != 0 {
		t.Error("what was told is told again")
	}
}

// A reply with losses shares the number of its events, and has none while others are on
// their way.
func TestLossesGoWithEvents(t *testing.T) {
	s := newStore(Config{Settings: Settings{QueueMessages: 10, QueueBytes: 1000}})
	var q Queue
	s.Open(&q, 0, false)
	s.Lose(&q, "/b")
	s.TellLosses(&q)
	s.Push(&q, event.New([]byte("/a"), []byte("1"), false))
	s.Take(&q, 0, func(event.Event) bool { return true })
	if s.TrackLosses(&q, false) || s.Lost(&q) != 1 {
		t.Errorf("a reply beside events that are on their way has a number; %d lost", s.Lost(&q))
	}
	if s.HasLosses(&q) {
		t.Error("losses can be told while the fate of others is open")
	}
	s.Bounced(&q, q.Upto())
	s.TellLosses(&q)
	s.Take(&q, 0, func(event.Event) bool { return true })
	if !s.TrackLosses(&q, true) {
		t.Error("a reply with events has no number")
	}
	if s.Written(&q, q.Upto(), false); s.Lost(&q) != 0 || len(s.losses) != 0 {
		t.Errorf("%d lost after the reply was written", s.Lost(&q))
	}
}

// A client that acknowledges tells itself what it has heard of losses.
func TestLossesOfAnAcknowledgingClient(t *testing.T) {
	s := newStore(Config{Settings: Settings{QueueMessages: 10, QueueBytes: 1000}})
	var q Queue
	s.Open(&q, 0, true)
	s.Lose(&q, "/a")
	s.TellLosses(&q)
	number := q.NextReply()
	if s.TrackLosses(&q, false) {
		t.Error("its reply needs no report")
	}
	if s.Written(&q, q.Upto(), false); len(s.losses) != 1 {
		t.Error("the kernel's word counts")
	}
	if s.Acked(&q, int64(number)-1); s.Lost(&q) != 1 {
		t.Errorf("%d lost after an older acknowledgement", s.Lost(&q))
	}
	s.TellLosses(&q)
	if s.Acked(&q, int64(q.NextReply())); len(s.losses) != 0 {
		t.Error("what was acknowledged is told again")
	}
}

// Channels beyond a number are told together.
func TestLossesOfManyChannels(t *testing.T) {
	s := newStore(Config{})
	var q Queue
	s.Open(&q, 0, false)
	for i := range 3 * maxLossChannels {
		s.Lose(&q, fmt.Sprint("/", i))
	}
	told := s.TellLosses(&q)
	if len(told) != maxLossChannels+1 || told["*"] != 2*maxLossChannels || told["/0"] != 1 {
		t.Errorf("%d channels, %d together", len(told), told["*"])
	}
}

// A late report of an earlier reply is not taken for one of the reply that tells of losses.
func TestLossesAndLateReports(t *testing.T) {
	s := newStore(Config{Settings: Settings{QueueMessages: 10, QueueBytes: 1000}})
	var q Queue
	s.Open(&q, 0, false)
	s.Push(&q, event.New([]byte("/a"), []byte("1"), false))
	s.Take(&q, 0, func(event.Event) bool { return true })
	upto := q.Upto()
	s.Written(&q, upto, false)
	s.Lose(&q, "/a")
	s.TellLosses(&q)
	if s.Written(&q, upto, false); s.losses[0] == nil || s.losses[0].told == nil {
		t.Error("the losses count as read before their reply has left")
	}
}
