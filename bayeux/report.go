package bayeux

import (
	"halley/bayeux/history"
	"halley/bayeux/reply"
)

// ReportKind says what a Report tells.
type ReportKind uint8

// The kinds of reports, each with the effects that it answers.
const (
	// Written tells that the events of the session at Session up to number Upto were
	// written, as a Reply or Deliver asked for.
	Written ReportKind = iota
	// Late tells that the last Deliver to the session at Session, which has left now, took
	// Took milliseconds to do so.
	Late
	// Bounced tells that a Reply or Deliver was not written: the events of the session at
	// Session up to number Upto are still to be brought.
	Bounced
	// Gone tells that the connection of the request To has closed, on which a connect of the
	// session at Session was held (Hold) or its stream was open (Stream).
	Gone
	// Decided brings the Verdict on a question (Decide).
	Decided
	// Joined brings the Past that a Join asked for.
	Joined
	// Recalled brings the Past that a Recall asked for on behalf of the session at Session.
	Recalled
	// Stored tells that the event of a Sequence with a Ticket is stored, or with a Failure
	// that it is not.
	Stored
	// GoOn tells that the others of a Yield have had their turn.
	GoOn
	// GiveUp tells the same, and that the connection of the request To has gone meanwhile.
	GiveUp
	reportKinds int = iota
)

// Known tells whether k is one of the kinds.
func (k ReportKind) Known() bool { return int(k) < reportKinds }

// Report tells a Server what became of one of its effects. What answers an effect with a
// Ticket has the same Ticket.
type Report struct {
	Kind    ReportKind
	Verdict *Verdict // of Decided
	Upto    uint32   // of Written and Bounced
	Session Address  // of Written, Late, Bounced, Gone and Recalled
	Took    uint32   // of Late, in milliseconds
	To      ReplyTo  // of Gone, Decided, GoOn and GiveUp
	Ticket  Ticket   // of Decided and all kinds after it
	Failure string   // of Stored: a Bayeux error, empty for success
	Past    *history.Remembered
}

// Report takes note of what became of an effect. A batch or subscription that waited for
// the news goes on, with effects in fx; the first four kinds have none. News of a session
// or Ticket that is not known, or not any more, are ignored.
func (s *Server) Report(now int64, p *Report, fx *Effects) {
	switch p.Kind {
	case GiveUp:
		s.batches.giveUp(now, p.Ticket, fx)
	case Written, Late, Bounced, Gone, Recalled:
		s.told(now, p)
	default:
		if s.parked[p.Ticket] != nil {
			s.batches.unpark(now, p.Ticket, p.brings(), fx)
		}
	}
}

// told takes note of news of one session.
func (s *Server) told(now int64, p *Report) {
	defer s.contain(p.Session)
	r := s.sessions.find(p.Session)
	if r == nil {
		return
	}
	switch v := s.at(p.Session.Slot, r); p.Kind {
	case Written:
		v.written(now, p.Upto)
	case Late:
		v.late(int64(p.Took))
	case Bounced:
		v.bounced(now, p.Upto)
	case Gone:
		v.gone(now, p.To)
	case Recalled:
		s.replays.catchUp(v).recalled(p.Ticket, *p.Past)
	}
}

// brings is what a batch gets that waits for p.
func (p *Report) brings() awaited {
	got := awaited{rested: true}
	switch p.Kind {
	case Decided:
		verdict := p.Verdict.decided()
		got.verdict = &verdict
	case Joined:
		got.done, got.past, got.refused = true, *p.Past, reply.Parse(p.Past.Failure)
	case Stored:
		got.done, got.refused = true, reply.Parse(p.Failure)
	}
	return got
}

// NodeGone notes that a node is gone, and with it the connections there: what they held is held no more, and what was on its way to
// them comes back. It looks at about most sessions from a slot on, and tells the slot to go on with, and whether there are more.
// Nothing may be sent to the node while that goes on.
func (s *Server) NodeGone(now int64, node uint16, from uint32, most int, fx *Effects) (next uint32, more bool) {
	if from == 0 {
		s.batches.nodeGone(now, node, fx)
	}
	next, done, more := s.sessions.part(from, most, func(slot uint32, r *session) int {
		s.at(slot, r).nodeGone(now, node)
		return 0
	})
	s.Spend(done)
	return next, more
}
