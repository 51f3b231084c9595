package bayeux

// Inspector shows an operator the sessions of a Server one by one.
type Inspector struct{ s *Server }

// SessionDetail is all that an operator is shown of one session.
type SessionDetail struct {
	SessionInfo
	State    string // of its outlet
	InFlight int    // events that went out, and whose fate or acknowledgement is not known
	Patterns []string
	Claims   string  // what an Authority keeps with it
	Open     bool    // its events can go out now
	By       ReplyTo // the request or stream by which they do
}

// Session describes the session of a clientId with at most so many of its patterns, the newest ones; false if there is none here.
func (i Inspector) Session(now int64, clientID []byte, patterns int) (d SessionDetail, found bool) {
	s := i.s
	slot, r := s.sessions.lookup(clientID)
	if r == nil {
		return d, false
	}
	d.SessionInfo = r.info(now)
	d.ID = string(clientID)
	d.Subscriptions, d.Dropped = s.fanout.Count(slot), s.queues.Lost(&r.queue)
	d.State, d.Claims = r.outlet.state.String(), s.grants.claims[slot]
	d.InFlight = r.queue.Len() - r.queue.Pending()
	d.Open, d.By = r.outlet.takes(), r.outlet.held
	if r.outlet.usesStream() {
		d.By = r.outlet.stream
	}
	s.fanout.Of(slot, func(pattern []byte) bool {
		if len(d.Patterns) < patterns {
			d.Patterns = append(d.Patterns, string(pattern))
		}
		return len(d.Patterns) < patterns
	})
	return d, true
}

// ClientID is the clientId of the session at an address, empty if it is gone.
func (i Inspector) ClientID(a Address) string {
	r := i.s.sessions.find(a)
	if r == nil {
		return ""
	}
	return string(appendClientID(nil, a, &r.secret))
}
