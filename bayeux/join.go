package bayeux

import (
	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/history"
)

// wantedOf lists what a subscription wants of the past, nil if nothing.
func (s *Server) wantedOf(asked *subscription) (list []history.Wanted) {
	for _, pattern := range asked.patterns {
		if isService(pattern) || !s.rules.Remembers(pattern) {
			continue
		}
		after, given := asked.cursors.of(pattern)
		list = append(list, history.Wanted{Pattern: string(pattern), Replay: given, After: after})
	}
	return list
}

// join parks the exchange until what list wants of the past is there. Nothing
// that is published meanwhile can pass: the loop's interest is noted before, and
// the subscription takes effect when the answer comes, in the order of events.
func (x *exchange) join(list []history.Wanted) Ruling {
	for _, w := range list {
		x.s.joining[w.Pattern]++
		x.fx.interest(AddInterest, []byte(w.Pattern))
	}
	x.waits = Effect{Kind: Join, Wanted: list}
	return Wait
}

// endJoin takes back the interest that join noted, where no subscription came of
// it.
func (s *Server) endJoin(list []history.Wanted, fx *Effects) {
	for _, w := range list {
		if s.joining[w.Pattern]--; s.joining[w.Pattern] > 0 {
			continue
		}
		delete(s.joining, w.Pattern)
		if !s.fanout.Known([]byte(w.Pattern)) {
			fx.interest(RemoveInterest, []byte(w.Pattern))
		}
	}
}

// dropInterest tells that the last subscriber of a pattern is gone, unless others
// are about to come.
func (s *Server) dropInterest(pattern []byte, fx *Effects) {
	if s.joining[string(pattern)] == 0 {
		fx.interest(RemoveInterest, pattern)
	}
}

// recallable tells which events come with a replay of patterns.
func (s *Server) recallable(patterns *channel.Map[bool]) func(event.Event) bool {
	return func(e event.Event) (recallable bool) {
		topic := s.text(e.Topic())
		patterns.Each(topic, func(bool) bool {
			recallable = s.rules.Of(topic).History
			return false
		})
		return recallable
	}
}
