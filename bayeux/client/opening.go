// Proved by TestMachineIsRefusedAStream and TestMachineOpensAStream.

package client

import (
	"errors"
	"fmt"
)

// opening is the state of a client that makes a connection anew for its session, of the
// same type if that gets through. Another type is tried when the server refuses it or
// something holds its stream back: a server that cannot be reached is so by any type.
type opening struct {
	plain
	announcement *call // a connect that polls, before a stream is asked for
	link         *link // that is being opened
	left         []string
	failures     []error
}

func beginOpening(m *machine, kind string) state {
	s := &opening{left: offered(m.session.offers, first(kind, m.kinds))}
	return s.try(m)
}

func (s *opening) try(m *machine) state {
	if len(s.left) == 0 {
		return m.outcome(errors.Join(s.failures...))
	}
	kind := s.left[0]
	if m.announces(kind) {
		via := m.byPost()
		s.announcement = m.send(via, m.session.connect(via.kind, true))
		return s
	}
	s.left = s.left[1:]
	s.link = m.connect(kind)
	if s.link.manner == polls {
		return s.use(m)
	}
	m.open(s.link, m.session.id)
	return s
}

// use goes on by the link.
func (s *opening) use(m *machine) state {
	m.report(s.failures)
	m.adopt(s.link)
	return beginConnect(m)
}

func (s *opening) handle(m *machine, e any) state {
	switch e := e.(type) {
	case answered:
		if e.call == s.announcement {
			return s.announced(m)
		}
	case opened:
		if e.link != s.link {
			break
		}
		if e.err == nil {
			return s.use(m)
		}
		return s.fail(m, e.err)
	}
	return s
}

// announced asks for the stream, unless the session is over.
func (s *opening) announced(m *machine) state {
	if err := s.announcement.refused(); err != nil {
		return m.outcome(err)
	}
	m.session.last = longPollingType
	if m.advice.Reconnect != Retry {
		return m.outcome(nil)
	}
	return s.try(m)
}

func (s *opening) fail(m *machine, err error) state {
	s.failures = append(s.failures, fmt.Errorf("%s: %w", s.link.kind, err))
	var status *StatusError
	switch {
	case errors.As(err, &status):
		if len(m.kinds) == 1 && status.Status == 404 {
			m.lose() // an event-stream of a session that is gone
		}
	case errors.Is(err, errHeldBack):
		m.session.last = "" // the next attempt takes by a poll what was held back
	default:
		s.left = nil
	}
	return s.try(m)
}

func (s *opening) leave(m *machine) {
	m.cancel(s.announcement)
	m.discard(s.link)
}
