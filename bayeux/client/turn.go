// Proved by TestMachineResumesAStreamAtOnce and TestMachineOpensAStream.

package client

// turn begins the next attempt: a handshake, a replay of what may have been
// lost, or a connect.
func (m *machine) turn() state {
	if m.session == nil || !m.work.recovers {
		return beginHandshaking(m)
	}
	m.notice()
	if m.session.torn {
		return beginResuming(m)
	}
	return m.ready()
}

// ready goes on with a connect if there is a connection for it. The end of one is an
// error once; then the next one is made. A stream that ended well has its
// successor at once, unless it was over as soon as it began.
func (m *machine) ready() state {
	at := m.link
	switch {
	case m.detour != "":
		return beginOpening(m, m.detour)
	case at.live() && m.mayMove():
		return beginMoving(m, nil)
	case at.live():
		return beginConnect(m)
	case at.phase == hasEnded && !at.reported:
		at.reported = true
		if err := at.brokeOff(m.now, m.options.MinBackoff); err != nil {
			return m.outcome(err)
		}
	}
	return beginOpening(m, at.kind)
}

// notice has what followed a stream asked for again when it has ended, even if it
// ended well: the server ends it, too, when a request that came late has taken the
// session elsewhere, and then its reply had what is missing.
func (m *machine) notice() {
	if at := m.link; m.session.replays && at.endedUnnoticed() && at.fault == nil {
		at.reported = true
		m.tear()
	}
}
