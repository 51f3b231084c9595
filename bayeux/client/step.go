// Proved by TestMachineQueues, TestMachineComesBack and TestMachineClosesInEachState.

package client

import (
	"slices"
	"time"
)

// step takes one event and gives what has to be done, in order.
func (m *machine) step(now time.Time, e any) []action {
	m.now, m.actions = now, nil
	m.take(e)
	for len(m.later) > 0 {
		e, m.later = m.later[0], m.later[1:]
		m.take(e)
	}
	return m.actions
}

// take notes what an event changes in every state, and then has the state take it.
func (m *machine) take(e any) {
	switch e := e.(type) {
	case begun:
		if m.work != nil {
			m.postpone(e.work)
			return
		}
	case stopped:
		m.stop(e.work, e.err)
		return
	case asked:
		m.ask(e.call)
		return
	case troubled:
		m.tell(e.err)
		return
	case released:
		m.act(endRenewal{})
		if m.link != nil {
			m.close(m.link)
		}
		return
	case replied:
		m.hear(e.replies)
		return
	case disconnected:
		if _, again := m.state.(*closing); !again {
			m.act(endRenewal{})
			m.state = beginClosing(m, e.goodbye)
			return
		}
	case preferred:
		m.kinds, m.wish, m.origin = first(e.kind, m.kinds), e.kind, ""
	case opened:
		if !m.noteOpened(e.link, e.err) {
			return
		}
	case ended:
		m.noteEnded(e.link, e.err)
	case answered:
		m.noteAnswered(e.call)
	}
	m.state = m.state.handle(m, e)
	m.goOn()
}

// goOn makes attempts until one is under way.
func (m *machine) goOn() {
	for m.state == (turning{}) {
		m.state = m.turn()
	}
}

// postpone has an operation wait for the one in progress, unless that is a Run.
func (m *machine) postpone(w *operation) {
	if m.work.recovers {
		m.act(finishWork{w, ErrRunning})
		return
	}
	m.queue = append(m.queue, w)
}

// stop gives up an operation whose context is done.
func (m *machine) stop(w *operation, err error) {
	if m.work == w {
		m.state.leave(m)
		m.state = m.finish(w.failure(err))
		m.goOn()
		return
	}
	if i := slices.Index(m.queue, w); i >= 0 {
		m.queue = slices.Delete(m.queue, i, i+1)
		m.act(finishWork{w, w.failure(err)})
	}
}
