// Proved by TestMachineOpensAStream and TestMachineMoves.

package client

import (
	"slices"
)

// open asks for the connection of a link; opened tells the outcome.
func (m *machine) open(l *link, clientID string) {
	l.phase = isOpening
	m.act(openLink{l, clientID})
}

// noteOpened reports whether somebody still waits for that.
func (m *machine) noteOpened(l *link, err error) bool {
	switch {
	case l.phase == isClosed: // meanwhile
		if err == nil {
			m.act(closeLink{l})
		}
		return false
	case err != nil:
		l.phase = hasEnded
	default:
		l.phase, l.since, l.listening = isOpen, m.now, true
		m.act(listen{l})
	}
	return true
}

func (m *machine) noteEnded(l *link, err error) {
	l.listening, l.fault = false, err
	if l.phase == isOpen {
		l.phase = hasEnded
	}
	m.release(l)
}

// adopt puts a link in place of the one in use, which is closed. What came by that one
// is handled first.
func (m *machine) adopt(l *link) {
	before := m.link
	m.use(l)
	if before != nil {
		m.close(before)
	}
}

// use has a link be the one in use. How seldom to connect beside a stream, and how long such a connect takes, is no advice for
// the connects of other links: there the handshake's holds again, until another one comes.
func (m *machine) use(l *link) {
	if m.session != nil && m.link != nil && (m.link.manner == streams) != (l.manner == streams) {
		m.advice.Interval, m.advice.Timeout = m.session.greeting.Interval, m.session.greeting.Timeout
	}
	m.link, m.detour = l, ""
	m.act(useLane{l.lane})
}

// byPost is the link in use if that sends by POST, or else one that takes its place
// until the next connection of its type is made.
func (m *machine) byPost() *link {
	at := m.link
	if at.manner == polls {
		return at
	}
	kind := at.kind
	m.adopt(m.connect(longPollingType))
	m.detour = kind
	return m.link
}

// close ends a connection. What came by it is still handled.
func (m *machine) close(l *link) {
	before := l.phase
	l.phase = isClosed
	switch {
	case before == isOpening:
		m.act(giveUpOpening{l})
	case before == isOpen && l.manner != polls:
		m.act(closeLink{l})
	}
	m.release(l)
}

// discard closes a link that has not come into use, if there is one.
func (m *machine) discard(l *link) {
	if l != nil {
		m.close(l)
	}
}

// release gives the turn to the messages of the next link when a link is over.
func (m *machine) release(l *link) {
	if l.isOver() {
		m.act(endLane{l.lane})
	}
}

// wishes reports whether to move to another connection type than that in use.
func (m *machine) wishes() bool {
	if m.link != nil && m.wish == m.link.kind {
		m.wish = ""
	}
	return m.wish != "" && m.link != nil
}

// announces reports whether a stream of a connection type can be asked for only after a
// connect that polls. Until a client has said that it sees its stream, with a connect of
// its type, the server then sends nothing by the stream alone: a proxy may hold it back.
func (m *machine) announces(kind string) bool {
	seen := m.session.last == longPollingType || m.session.last == kind
	return kind == eventSourceType && m.options.Transport == nil && !seen
}

// mayMove reports whether to move now.
func (m *machine) mayMove() bool {
	return m.wishes() && (m.link.manner == duplex || !m.announces(m.wish))
}

// offered are the connection types that the server has, of some; a server that does not
// say has them all.
func offered(offers, kinds []string) []string {
	if len(offers) == 0 {
		return kinds
	}
	return slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return !slices.Contains(offers, k) })
}

// first puts a connection type in front of the others.
func first(kind string, kinds []string) []string {
	others := slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return k == kind })
	return append([]string{kind}, others...)
}
