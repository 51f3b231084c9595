// Proved by TestMachineResumes and TestMachineResumesAStreamAtOnce.

package client

// resuming is the state of a client that asks again for what may have been lost with a
// connection: the server counts as delivered what the network had taken. It does so by
// one POST, whatever the connection type: the subscriptions from their cursors on, and a
// connect, with which the session leaves the connection that failed. What is missing
// comes with the reply. The next connection of the type in use is made afterwards.
type resuming struct {
	plain
	call     *call
	patterns []string
}

func beginResuming(m *machine) state {
	s := &resuming{patterns: m.table.resumable()}
	if len(s.patterns) == 0 {
		m.session.torn = false
		return turning{}
	}
	if m.link.manner == streams {
		m.advice.Interval = 0 // it was how often to say that one lives, beside a stream
	}
	via := m.byPost()
	requests := m.table.requests(s.patterns, m.session)
	s.call = m.send(via, append(requests, m.session.connect(via.kind, true))...)
	return s
}

func (s *resuming) handle(m *machine, e any) state {
	if a, ok := e.(answered); !ok || a.call != s.call {
		return s
	}
	if err := s.call.err; err != nil {
		return m.outcome(err)
	}
	if e := s.call.replies[len(s.patterns)].refusal(); e != nil {
		return m.outcome(e)
	}
	m.session.torn, m.session.last = false, longPollingType
	review := &subscribing{call: s.call, asked: s.patterns, again: map[string]bool{}}
	review.review(m)
	return review.ask(m)
}

func (s *resuming) leave(m *machine) { m.cancel(s.call) }
