// Proved by TestReplyThatNeverComes and TestNeedsSession.

package client

import "time"

// shell is the machine's surroundings: it brings events to the machine in one order, does
// what the machine wants, and has the clock.
type shell struct {
	options Options
	polling *longPolling // what the built-in transports have in common
	inbox   *inbox
	mailbox mailbox

	// The rest is touched by the mailbox's goroutine only.
	machine *machine
	timer   *time.Timer
	due     time.Time // when the timer fires, zero if it is not set
	pushed  *link     // the last one to be open by Options.Transport
	renewal *renewal  // of the session's token; nil while there is none to come
}

func newShell(o Options, polling *longPolling) *shell {
	s := &shell{options: o, polling: polling, inbox: newInbox()}
	s.inbox.table.every = o.Handler
	s.machine = newMachine(&s.options, &s.inbox.table, func(kind string) *link {
		return newLink(s.transport(kind), s.inbox.newLane())
	})
	return s
}

// transport makes the transport of a connection type, nil if there is none.
func (s *shell) transport(kind string) Transport {
	if t := s.options.Transport; t != nil && t.ConnectionType() == kind {
		return t
	}
	p := s.polling
	switch kind {
	case longPollingType:
		return p
	case eventSourceType:
		return &eventSource{longPolling: p, once: s.options.Replay}
	case webSocketType:
		return &webSocket{url: p.url, http: p.http, header: p.header, token: p.token, limit: p.limit}
	}
	return nil
}

// post gives the machine an event.
func (s *shell) post(e any) { s.mailbox.post(func() { s.step(e) }) }

// step has the machine take an event, does what it wants, and sets the alarm.
func (s *shell) step(e any) {
	for _, a := range s.machine.step(time.Now(), e) {
		a.perform(s)
	}
	due := s.machine.state.deadline()
	if due.Equal(s.due) {
		return
	}
	if s.timer != nil {
		s.timer.Stop()
	}
	if s.due = due; !due.IsZero() {
		s.timer = time.AfterFunc(time.Until(due), func() { s.post(alarm{}) })
	}
}

// look has a function see the machine between two events.
func (s *shell) look(at func(m *machine)) {
	seen := make(chan struct{})
	s.mailbox.post(func() {
		defer close(seen)
		at(s.machine)
	})
	<-seen
}
