// Proved by TestMachineConnects and TestMachineComesBack.

package client

// connecting is the state of a client that has a connect under way on the link in use.
type connecting struct {
	plain
	held *call
}

func beginConnect(m *machine) state { return &connecting{held: m.sendConnect(m.link)} }

func (s *connecting) handle(m *machine, e any) state {
	switch e := e.(type) {
	case answered:
		if e.call == s.held {
			return settleConnect(m, s.held)
		}
	case preferred:
		if m.mayMove() {
			return beginMoving(m, s.held)
		}
	}
	return s
}

func (s *connecting) leave(m *machine) { m.cancel(s.held) }
