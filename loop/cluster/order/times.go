// Proved by TestRepeated, TestGivenUp and TestClosed.

package order

import (
	"time"

	"halley/loop/journal"
)

// leads tells the line that the stream has a leader. What is under way without an answer shows itself whether that is so.
func (l *line) leads() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flight == nil || !l.flight.doubtful {
		l.open = true
	}
}

// unled tells the line that the stream has no leader. What is under way shows itself whether that is so.
func (l *line) unled() { l.do(l.shut) }

// lost tells the line that the connection is lost: what is under way may have come or not.
func (l *line) lost() {
	l.do(func() (calls []func()) {
		if l.flight != nil {
			l.flight.doubtful = true
		}
		return l.shut()
	})
}

// repeat has what is in doubt go again at once.
func (l *line) repeat() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.flight; f != nil && (f.doubtful || !f.again.IsZero()) {
		l.send()
	}
}

// heard tells the line that this node has heard events up to a number.
func (l *line) heard(number int64) {
	l.do(func() (calls []func()) {
		l.fed = number
		return l.tell(func(s *stored) bool { return s.number <= number })
	})
}

// tell calls those who wait to hear what is stored, in order, as long as it is due.
func (l *line) tell(due func(*stored) bool) (calls []func()) {
	for len(l.stored) > 0 && due(&l.stored[0]) {
		tell := l.stored[0].tell
		calls = append(calls, func() { tell(nil) })
		l.stored = l.stored[1:]
	}
	if len(l.stored) == 0 {
		l.stored = nil
	}
	return calls
}

// tick repeats what is due, and gives up what takes too long. It tells whether something is in doubt.
func (l *line) tick(now time.Time) (working bool) {
	l.do(func() (calls []func()) {
		calls = l.tell(func(s *stored) bool { return now.Sub(s.since) >= hearTime })
		f := l.flight
		switch {
		case f == nil:
		case now.Sub(f.begun) >= giveUp:
			err := journal.ErrBusy
			if f.doubtful {
				err = ErrUnknown
			}
			calls = append(calls, l.shut()...)
			calls = append(calls, l.fail(err)...)
		case !f.again.IsZero() && !now.Before(f.again):
			l.send()
		case f.again.IsZero() && now.Sub(f.sent) >= attemptTime:
			f.doubtful = true
			calls = append(calls, l.shut()...)
			l.send()
		}
		working = !l.open || l.flight != nil && (l.flight.doubtful || !l.flight.again.IsZero())
		return calls
	})
	return working
}

// close has all who wait, and all who come, be told that nothing is stored any more. What is under way may be.
func (l *line) close() {
	l.do(func() (calls []func()) {
		l.ended = true
		calls = l.tell(func(*stored) bool { return true })
		for _, p := range l.waiting {
			calls = append(calls, func() { p.stored(journal.ErrClosed) })
		}
		l.waiting = nil
		if l.flight != nil {
			for _, p := range l.flight.publishes {
				calls = append(calls, func() { p.stored(ErrUnknown) })
			}
			l.counts.unknown += uint64(l.flight.count())
			l.flight = nil
		}
		return calls
	})
}
