// Proved by TestMachineResumes and TestMachineWaitsForHandlers.

package client

import (
	"context"
	"errors"
)

// settleConnect follows up on a connect by the link in use. A duplex connection on which it
// fails is not used again, unless the reply may be there and only slow handlers keep it
// from being read. On others the next connect waits for the handlers.
func settleConnect(m *machine, connect *call) state {
	at, err := m.link, connect.refused()
	slow := at.manner == duplex && connect.unread && errors.Is(err, context.DeadlineExceeded)
	noteConnect(m, connect)
	if err == nil || slow {
		m.backoff.reset() // not before: a server may greet and then know nothing of it
	}
	var refusal *BayeuxError
	switch {
	case at.manner != duplex:
		return beginSettling(m, err)
	case slow:
		return m.outcome(nil)
	case err != nil && !errors.As(err, &refusal):
		m.close(at)
	}
	return m.outcome(err)
}

// noteConnect notes what the outcome of a connect tells of its link and its session.
func noteConnect(m *machine, connect *call) {
	connect.link.proven = connect.refused() == nil
	if connect.link.proven {
		m.session.last = connect.link.kind
	}
}

// settling is the state of a client that waits until handlers have caught up.
type settling struct {
	plain
	err error // of the attempt
}

func beginSettling(m *machine, err error) state {
	s := &settling{err: err}
	m.act(settle{s})
	return s
}

func (s *settling) handle(m *machine, e any) state {
	if e, ok := e.(settled); ok && e.of == s {
		return m.outcome(s.err)
	}
	return s
}
