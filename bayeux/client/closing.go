// Proved by TestMachineClosesInEachState and TestMachineHearsTheLastMessages.

package client

// closing is the state of a client that says goodbye, and for ever after. The connect under
// way stays until the server has answered, for it may bring the last messages.
type closing struct {
	plain
	goodbye *call // nil when it is over
	held    *call
	works   []*operation // that end with it
}

// beginClosing sends what ends the session. Once it is answered, or cannot be, the client
// is closed for good.
func beginClosing(m *machine, goodbye *call) state {
	s := &closing{goodbye: goodbye, works: m.queue}
	if m.work != nil {
		s.works = append(s.works, m.work)
	}
	if at, ok := m.state.(*connecting); ok {
		s.held = at.held
	} else {
		m.state.leave(m)
	}
	var requests []request
	if m.session != nil {
		requests = goodbye.build(m.session)
	}
	m.session, m.work, m.queue = nil, nil, nil
	if len(requests) == 0 {
		m.act(answerUser{goodbye})
		s.close(m)
		return s
	}
	m.dispatch(goodbye, m.link, requests)
	return s
}

func (s *closing) handle(m *machine, e any) state {
	switch e := e.(type) {
	case begun:
		m.act(finishWork{e.work, ErrClosed})
	case disconnected:
		m.act(answerUser{e.goodbye})
	case answered:
		if e.call == s.goodbye {
			s.close(m)
		}
	}
	return s
}

// close ends what the client is busy with and lets go of its connection.
func (s *closing) close(m *machine) {
	m.cancel(s.held)
	if m.link != nil {
		m.close(m.link)
	}
	for _, w := range s.works {
		var err error
		if !w.recovers {
			err = ErrClosed
		}
		m.act(finishWork{w, err})
	}
	s.goodbye, s.works = nil, nil
}
