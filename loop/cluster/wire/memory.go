package wire

import (
	"errors"
	"slices"
	"strings"
	"sync"
)

// Network joins the Memory wires of a test: their messages arrive when it is told to deliver them.
type Network struct {
	mu    sync.Mutex
	wires []*Memory
	// Lose decides which messages do not arrive; nil loses none.
	Lose func(from, to *Memory, m *Message) bool
}

// Memory is a wire within a process.
type Memory struct {
	net   *Network
	subs  []*subscription
	queue []arrival
	told  []func(bool)
	cut   bool
	still bool // nothing arrives for now
}

// subscription is one of a Memory.
type subscription struct {
	subject string
	handle  func(*Message)
}

// arrival is a message, or news of the connection, on its way to a node.
type arrival struct {
	message *Message // nil: news
	up      bool
}

var _ Wire = (*Memory)(nil)

// mostMemory is how many bytes a message may have.
const mostMemory = 1 << 20

// ErrSubject means that a subject has an empty token, or a wildcard where none may be.
var ErrSubject = errors.New("malformed subject")

// Join returns the wire of one more node.
func (n *Network) Join() *Memory {
	n.mu.Lock()
	defer n.mu.Unlock()
	m := &Memory{net: n}
	n.wires = append(n.wires, m)
	return m
}

// Send implements Wire.
func (m *Memory) Send(message Message) bool {
	m.net.mu.Lock()
	defer m.net.mu.Unlock()
	heard := false
	for _, to := range m.net.wires {
		heard = heard || to != m && !m.cut && !to.cut && to.wants(message.Subject)
		if to == m || m.cut || to.cut || !to.wants(message.Subject) || m.net.Lose != nil && m.net.Lose(m, to, &message) {
			continue
		}
		to.queue = append(to.queue, arrival{message: &message})
	}
	if !heard && !m.cut && message.Reply != "" {
		m.queue = append(m.queue, arrival{message: &Message{Subject: message.Reply, Header: map[string][]string{"Status": {nobody}}}})
	}
	return true
}

func (m *Memory) wants(subject string) bool {
	return slices.ContainsFunc(m.subs, func(s *subscription) bool { return Matches(s.subject, subject) })
}

// Waiting implements Wire: nothing waits.
func (m *Memory) Waiting() (bytes, most int) { return 0, mostMemory }

// Most implements Wire.
func (m *Memory) Most() int { return mostMemory }

// Subscribe implements Wire.
func (m *Memory) Subscribe(subject string, handle func(*Message)) (end func(), err error) {
	for i, token := range strings.Split(subject, ".") {
		if token == "" || token == ">" && i < strings.Count(subject, ".") {
			return nil, ErrSubject
		}
	}
	m.net.mu.Lock()
	defer m.net.mu.Unlock()
	s := &subscription{subject, handle}
	m.subs = append(m.subs, s)
	return func() {
		m.net.mu.Lock()
		defer m.net.mu.Unlock()
		m.subs = slices.DeleteFunc(m.subs, func(other *subscription) bool { return other == s })
	}, nil
}

// Watch implements Wire.
func (m *Memory) Watch(told func(up bool)) {
	m.net.mu.Lock()
	defer m.net.mu.Unlock()
	m.told = append(m.told, told)
}

// Cut takes a node's connection from it, or gives it back. It is told of it in its place among the messages.
func (m *Memory) Cut(cut bool) {
	m.net.mu.Lock()
	defer m.net.mu.Unlock()
	m.cut = cut
	m.queue = append(m.queue, arrival{up: !cut})
}

// Pause has nothing arrive at a node, as if its process stood still, or has all that waits arrive again.
func (m *Memory) Pause(still bool) {
	m.net.mu.Lock()
	defer m.net.mu.Unlock()
	m.still = still
}

// Deliver has the next message of each node arrive, and those that are sent meanwhile, until none is on its way.
func (n *Network) Deliver() {
	for more := true; more; {
		more = false
		n.mu.Lock()
		wires := slices.Clone(n.wires)
		n.mu.Unlock()
		for _, m := range wires {
			more = m.next() || more
		}
	}
}

// next has one arrival handled, if there is one.
func (m *Memory) next() bool {
	m.net.mu.Lock()
	if len(m.queue) == 0 || m.still {
		m.net.mu.Unlock()
		return false
	}
	a := m.queue[0]
	m.queue = m.queue[1:]
	subs, told := slices.Clone(m.subs), slices.Clone(m.told)
	m.net.mu.Unlock()
	if a.message == nil {
		for _, f := range told {
			f(a.up)
		}
		return true
	}
	for _, s := range subs {
		if Matches(s.subject, a.message.Subject) {
			s.handle(a.message)
		}
	}
	return true
}

// Matches tells whether a subject with wildcards takes another one: * is one token, and > one or more at the end.
func Matches(pattern, subject string) bool {
	for {
		want, wants, moreWanted := strings.Cut(pattern, ".")
		got, left, more := strings.Cut(subject, ".")
		switch {
		case want == ">":
			return subject != ""
		case want != "*" && want != got || got == "":
			return false
		case !moreWanted || !more:
			return moreWanted == more
		}
		pattern, subject = wants, left
	}
}
