// Proved by TestMachineOpensAStream and TestMachineFallsBack.

package client

import "time"

// resting is the state of a client for which nothing is under way, though it may have
// a session and a connection.
type resting struct{ plain }

func (s resting) handle(m *machine, e any) state {
	if e, ok := e.(begun); ok {
		return m.begin(e.work)
	}
	return s
}

// turning is the state of a client that is to make its next attempt at once.
type turning struct{ plain }

func (s turning) handle(*machine, any) state { return s }

// pausing is the state of a client that waits between connects or after a failure.
type pausing struct {
	plain
	until time.Time
}

// beginPausing waits, unless there is something else to do: a stream that has ended, or a
// move to another connection type.
func beginPausing(m *machine, d time.Duration) state {
	if d <= 0 || m.link != nil && m.link.endedUnnoticed() {
		return turning{}
	}
	return &pausing{until: m.now.Add(d)}
}

func (s *pausing) handle(m *machine, e any) state {
	switch e := e.(type) {
	case alarm:
		if !m.now.Before(s.until) {
			return turning{}
		}
	case ended:
		if e.link == m.link && m.link.endedUnnoticed() {
			return turning{}
		}
	case preferred:
		return turning{}
	}
	return s
}

func (s *pausing) deadline() time.Time { return s.until }
