package loop

import (
	"halley/bayeux"
	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/loop/bus"
	"halley/loop/journal"
	"halley/loop/sequence"
)

// newLocal returns the order of this server's sequenced channels.
func newLocal(s *shared, health *health) *sequence.Local {
	cfg := &s.cfg
	return sequence.New(sequence.Options{
		History:    cfg.History,
		Queue:      queueOf(&cfg.Settings),
		Rules:      *s.rules.Load(),
		Salesforce: cfg.Profile == bayeux.Salesforce,
		File: journal.Options{
			Most: cfg.MaxMailbox, Disk: cfg.disk, Log: cfg.Log,
			Trouble: func(why string) { health.trouble("history file", why) },
		},
		First: s.start.UnixMicro(),
		Now:   s.now,
		Loops: mailboxes{s},
		Log:   cfg.Log,
		Fed:   cfg.Cluster != nil,
	})
}

// mailboxes joins the order of sequenced channels to the loops: what it brings goes by their
// mailboxes, which are FIFO.
type mailboxes struct{ shared *shared }

// Deliver implements sequence.Loops.
func (m mailboxes) Deliver(e event.Event, here bool) {
	m.shared.publishTo(m.shared.interest.Of(e.Channel()), e)
	if here { // else another server has told its own
		m.shared.tapped(e)
	}
}

// Answer implements sequence.Loops.
func (m mailboxes) Answer(q sequence.Query, past history.Remembered) {
	answer := bayeux.Report{Kind: bayeux.Recalled, Session: q.Session, Ticket: q.Ticket, Past: &past}
	if q.Part == sequence.First {
		answer.Kind = bayeux.Joined
	}
	m.shared.link.Send(bus.Message{To: q.From, Kind: bus.Report, Report: answer})
}
