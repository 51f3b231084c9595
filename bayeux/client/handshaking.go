// Proved by TestMachineChooses and TestMachineFallsBack.

package client

import (
	"errors"
	"fmt"
	"strings"
)

// handshaking is the state of a client that shakes hands by the best connection type
// that gets through.
type handshaking struct {
	plain
	kinds    []string
	at       int   // the one of them that is tried
	link     *link // of that type
	greeting *call // the handshake under way; nil while the link opens
	token    string
	posted   bool // it was tried by POST, and by another type would be the very same
	failures []error
}

func beginHandshaking(m *machine) state {
	if m.options.Token != nil {
		return beginAsking(m)
	}
	return beginShaking(m, "")
}

// beginShaking shakes hands with a token, or none.
func beginShaking(m *machine, token string) state {
	s := &handshaking{kinds: m.kinds, at: -1, token: token}
	return s.try(m)
}

// try shakes hands by the next connection type.
func (s *handshaking) try(m *machine) state {
	for s.at++; s.at < len(s.kinds); s.at++ {
		l := m.connect(s.kinds[s.at])
		if l.manner == duplex {
			s.link, s.greeting = l, nil
			m.open(l, "")
			return s
		}
		if !s.posted {
			s.link, s.posted = l, true
			return s.greet(m)
		}
	}
	return handshakeFailed(m, errors.Join(s.failures...))
}

func handshakeFailed(m *machine, err error) state {
	return m.outcome(fmt.Errorf("client: handshake: %w", err))
}

func (s *handshaking) greet(m *machine) state {
	s.greeting = m.send(s.link, request{
		Channel:                  "/meta/handshake",
		Version:                  "1.0",
		MinimumVersion:           "1.0",
		SupportedConnectionTypes: s.kinds,
		Ext:                      m.options.extensions(s.token),
	})
	return s
}

func (s *handshaking) handle(m *machine, e any) state {
	switch e := e.(type) {
	case opened:
		if e.link != s.link {
			break
		}
		if e.err != nil {
			return s.fail(m, fmt.Errorf("%s: %w", s.link.kind, e.err))
		}
		return s.greet(m)
	case answered:
		if e.call == s.greeting {
			return s.greeted(m)
		}
	}
	return s
}

// fail passes over a connection type.
func (s *handshaking) fail(m *machine, err error) state {
	m.discard(s.link)
	s.failures = append(s.failures, err)
	return s.try(m)
}

func (s *handshaking) greeted(m *machine) state {
	err := s.greeting.refused()
	var refusal *BayeuxError
	if errors.As(err, &refusal) {
		m.discard(s.link)
		return handshakeFailed(m, err)
	}
	if err == nil && s.greeting.replies[0].ClientID == "" {
		err = errors.New("the reply has no clientId") // Bayeux 1.0, 4.1
	}
	if err != nil {
		return s.fail(m, err)
	}
	m.report(s.failures)
	return beginChoosing(m, s.link, s.greeting.replies[0], s.kinds[s.at:])
}

func (s *handshaking) leave(m *machine) {
	m.cancel(s.greeting)
	m.discard(s.link)
}

// choosing is the state of a client that has a session and looks for a connection of a
// type that the server offers, the best first.
type choosing struct {
	plain
	reply Reply // to the handshake
	link  *link // that is being opened
	left  []string
	err   error // of the last one tried
}

// beginChoosing keeps the link that carried the handshake if the server offers its type.
func beginChoosing(m *machine, l *link, reply Reply, kinds []string) state {
	left := offered(reply.SupportedConnectionTypes, kinds)
	if len(left) > 0 && left[0] == l.kind {
		return establish(m, l, reply)
	}
	m.discard(l)
	err := fmt.Errorf("the server does not offer %s", strings.Join(kinds, ", "))
	return (&choosing{reply: reply, left: left, err: err}).try(m)
}

// try opens the next connection, if it is one to open before connects.
func (s *choosing) try(m *machine) state {
	if len(s.left) == 0 {
		return handshakeFailed(m, s.err)
	}
	l := m.connect(s.left[0])
	s.left = s.left[1:]
	if l.manner != duplex {
		return establish(m, l, s.reply)
	}
	s.link = l
	m.open(l, s.reply.ClientID)
	return s
}

func (s *choosing) handle(m *machine, e any) state {
	o, ok := e.(opened)
	switch {
	case !ok || o.link != s.link:
		return s
	case o.err == nil:
		return establish(m, s.link, s.reply)
	}
	s.err = fmt.Errorf("%s: %w", s.link.kind, o.err)
	return s.try(m)
}

func (s *choosing) leave(m *machine) { m.discard(s.link) }

// establish begins a session with its connection, and subscribes it.
func establish(m *machine, l *link, reply Reply) state {
	m.session = newSession(m.options, reply)
	m.session.greeting = m.advice
	if m.options.Token != nil {
		m.act(renewToken{m.session.id, tokenTime(reply)})
	}
	introduce(m, reply)
	m.adopt(l)
	return beginSubscribing(m, m.table.patterns())
}
