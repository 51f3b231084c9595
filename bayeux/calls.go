// Proved by TestTranscripts, bayeux/testdata/reconfigure.txt and bayeux/testdata/reconfigure-limits.txt.

package bayeux

import (
	"halley/bayeux/event"
	"halley/bayeux/message"
)

// at is the seat of the session at a slot.
func (s *Server) at(slot uint32, r *session) seat { return seat{s, slot, r} }

// Handle processes one request's batch. Its reply is one Reply, or a Hold, or
// comes after a Report. What comes on a websocket is handled in order.
func (s *Server) Handle(now int64, req Request, batch *message.Batch, fx *Effects) {
	if req.Type == WebSocket {
		if l := s.backlogs.of[req.To]; l != nil {
			s.batches.queueUp(l, req, batch.Messages, fx)
			return
		}
	}
	s.handle(now, req, batch.Messages, fx)
}

func (s *Server) handle(now int64, req Request, messages []message.Message, fx *Effects) {
	x := s.exchangeOf(now, req, fx)
	if h := findHandshake(messages); h >= 0 {
		// Other messages beside a handshake are ignored (Bayeux 1.0, 4.1 MUST handshake-alone).
		messages = messages[h : h+1]
	}
	x.alone = len(messages) == 1
	if len(messages) > 0 {
		x.own(messages[0].ClientID)
	}
	handled := false
	defer func() {
		if !handled {
			x.forget()
		}
	}()
	x.run(messages)
	handled = true
}

// exchangeOf begins an exchange. There is one at a time.
func (s *Server) exchangeOf(now int64, req Request, fx *Effects) *exchange {
	x := &s.exchange
	*x = exchange{seat: s.at(noSlot, nil), fx: fx, req: req, now: now, owner: nowhere, proved: nowhere, replies: x.replies[:0]}
	return x
}

// Open makes a request the event-stream of the session that clientID names, as
// Faye's clients ask for it: events go there as long as it is open.
func (s *Server) Open(now int64, req Request, clientID []byte, fx *Effects) {
	s.exchangeOf(now, req, fx).openFor(clientID)
}

// OpenEvents makes a request an event-stream for a client that speaks no Bayeux:
// a session is made for it that subscribes to patterns, a JSON array or string,
// and ends with it. A verdict or what is remembered may have to come before.
func (s *Server) OpenEvents(now int64, req Request, patterns []byte, from Cursor, fx *Effects) {
	eventStream{exchange: s.exchangeOf(now, req, fx), patterns: patterns, from: from}.begin()
}

// Deliver queues e for every local subscriber of its channel (Bayeux 1.0, 5.2 MUST delivered),
// now or later.
func (s *Server) Deliver(now int64, e event.Event) {
	before := s.stats.Offered
	s.fanout.Offer(now, e)
	if s.cfg.Heard != nil {
		s.cfg.Heard(e, int(s.stats.Offered-before))
	}
}

// Disconnect ends a session from the server's side and tells its client through
// the held connect, if there is one.
func (s *Server) Disconnect(now int64, a Address, fx *Effects) bool {
	r := s.sessions.find(a)
	if r == nil {
		return false
	}
	v := s.at(a.Slot, r)
	v.ends(Ordered, v.by())
	v.end(now, fx)
	return true
}

// Attend has a told who is there from now on, in place of whoever was told before.
func (s *Server) Attend(a Attendance) { s.cfg.Attendance = a }

// Reconfigure has other rules, times and limits hold for what comes from now on. Sessions, subscriptions, events and held
// connects that are there stay, even if they would not be let in any more, or not for so long.
func (s *Server) Reconfigure(to Running) {
	s.cfg.Rules, s.cfg.MaxSessions, s.cfg.MaxSubscriptions = to.Rules, to.MaxSessions, to.MaxSubscriptions
	to.Timing.MaxInterval, to.Timing.PollsPerBrowser = s.cfg.MaxInterval, s.cfg.PollsPerBrowser
	s.cfg.Timing, s.cfg.QueueLimits = to.Timing, to.Queue
	s.periods = newPeriods(&s.cfg)
	s.terms.Hold, s.terms.Interval = s.periods.hold, s.periods.interval
	s.storms.expect(s.periods.interval)
	s.queues.SetLimits(to.Queue)
	s.reader.most = to.MaxSubscriptions
	s.rules.Replace(to.Rules)
	s.fanout.RulesChanged()
}
