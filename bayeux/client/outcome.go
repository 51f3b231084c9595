// Proved by TestMachineBacksOff and TestMachineForgetsAnExpiredSession.

package client

import (
	"errors"
	"fmt"
	"time"
)

// outcome follows up on an attempt that has succeeded or failed.
func (m *machine) outcome(err error) state {
	switch {
	case !m.work.recovers:
		return m.finish(err)
	case err != nil:
		return m.failed(err)
	}
	m.heard = m.now
	return m.next(nil)
}

// begin begins an operation.
func (m *machine) begin(w *operation) state {
	m.work = w
	m.backoff = backoff{min: m.options.MinBackoff, max: m.options.MaxBackoff}
	m.heard = m.now
	return turning{}
}

// finish ends the operation in progress and begins the next.
func (m *machine) finish(err error) state {
	if m.work.recovers {
		m.act(endRenewal{}) // nobody keeps the session any more
	}
	m.act(finishWork{m.work, err})
	m.work = nil
	if len(m.queue) == 0 {
		return resting{}
	}
	w := m.queue[0]
	m.queue = m.queue[1:]
	return m.begin(w)
}

// failed decides what follows an error: by the advice when the server gave
// one with it, otherwise another attempt after a wait.
func (m *machine) failed(err error) state {
	var refusal *BayeuxError
	if errors.As(err, &refusal) {
		m.heard = m.now
		if isLost(err) {
			m.lose()
		}
		if m.advice.Reconnect == None {
			return m.finish(err)
		}
	} else {
		m.tear()
	}
	m.tell(err)
	if life := m.advice.lifetime(); life > 0 && m.now.Sub(m.heard) > life {
		m.lose() // the session has expired meanwhile: save a round trip
	}
	return m.next(err)
}

// next follows the advice and waits before the next attempt: the interval, and
// after an error at least the back-off, except that the first handshake for a
// lost session comes at once.
func (m *machine) next(err error) state {
	switch m.advice.Reconnect {
	case None:
		return m.finish(ErrStopped)
	case Rehandshake:
		m.lose()
	}
	if err == nil && m.wishes() {
		return turning{}
	}
	delay := m.advice.Interval
	if err != nil {
		delay = m.delay(err)
	}
	return beginPausing(m, delay)
}

// delay is how long to wait after an error.
func (m *machine) delay(err error) time.Duration {
	prompt := isLost(err) && m.backoff.failures == 0
	wait, interval := m.backoff.next(m.random()), m.advice.Interval
	if at := m.link; at != nil && at.manner == streams && at.reported {
		interval = 0 // it was how often to say that one lives, beside the stream
	}
	switch {
	case m.options.Token != nil && TokenExpired(err) && m.backoff.failures == 1:
		return 0
	case prompt:
		return interval
	}
	return max(interval, wait)
}

// lose forgets the session, so that the next turn shakes hands. The advice
// that led there is spent.
func (m *machine) lose() {
	m.session = nil
	if m.advice.Reconnect == Rehandshake {
		m.advice.Reconnect = Retry
	}
}

// tear notes that something may be lost with a connection.
func (m *machine) tear() {
	if m.session != nil {
		m.session.torn = m.session.replays
	}
}

// report tells of connection types that were passed over.
func (m *machine) report(failures []error) {
	if err := errors.Join(failures...); err != nil {
		m.tell(fmt.Errorf("%w: %w", ErrPassedOver, err))
	}
}
