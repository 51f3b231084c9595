// Proved by TestMachineSubscribes and TestForgottenCursor.

package client

// resubscribeBatch bounds the messages of one request after a handshake, so
// that many subscriptions stay below a server's limit for one body.
const resubscribeBatch = 50

// subscribing is the state of a client that tells a new session's patterns to the server,
// some at a time. Patterns with a cursor that the server has forgotten come again.
type subscribing struct {
	plain
	call  *call
	asked []string        // that the call subscribes to
	left  []string        // to be asked
	again map[string]bool // those of them that come again
}

func beginSubscribing(m *machine, patterns []string) state {
	s := &subscribing{left: patterns, again: map[string]bool{}}
	return s.ask(m)
}

func (s *subscribing) ask(m *machine) state {
	if len(s.left) == 0 {
		return m.outcome(nil)
	}
	n := min(len(s.left), resubscribeBatch)
	s.asked, s.left = s.left[:n:n], s.left[n:]
	s.call = m.send(m.link, m.table.requests(s.asked, m.session)...)
	return s
}

func (s *subscribing) handle(m *machine, e any) state {
	if a, ok := e.(answered); !ok || a.call != s.call {
		return s
	}
	if err := s.call.err; err != nil {
		m.lose() // a session without its subscriptions is of no use
		return m.outcome(err)
	}
	for i := range s.asked {
		if err := s.call.replies[i].refusal(); err.unknown() {
			m.lose()
			return m.outcome(err)
		}
	}
	s.review(m)
	return s.ask(m)
}

// review looks at the replies. A subscription whose cursor is forgotten is made again,
// others that were refused are reported and kept for the next session.
func (s *subscribing) review(m *machine) {
	for i, pattern := range s.asked {
		err := s.call.replies[i].refusal()
		switch {
		case err == nil:
		case isForgotten(err) && !s.again[pattern] && m.table.restart(pattern, m.options.Forgotten):
			s.again[pattern] = true
			s.left = append(s.left, pattern)
			m.tell(&DroppedError{Channels: map[string]uint64{pattern: 1}})
		default:
			m.tell(&SubscriptionError{Pattern: pattern, Err: err})
		}
	}
}

func (s *subscribing) leave(m *machine) { m.cancel(s.call) }
