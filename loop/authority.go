package loop

import (
	"slices"
	"strings"
	"time"

	"halley/bayeux"
	"halley/httpparse"
)

// maxCallerFields bounds what is kept of one request's header for an authority, in bytes
// of names and values: a websocket keeps that as long as it lives.
const maxCallerFields = 8 << 10

// authority is the one that cores ask, nil if there is none.
func (s *shared) authority() bayeux.Authority {
	if s.cfg.Authority == nil {
		return nil
	}
	return clocked{s.cfg.Authority, s}
}

// clocked is an authority whose verdicts go by the clock of the loops.
type clocked struct {
	bayeux.Authority
	shared *shared
}

// Decide answers a question at once.
func (a clocked) Decide(q bayeux.Question) bayeux.Verdict {
	return a.shared.byOurClock(a.Authority.Decide(q))
}

// Watches tells whether the authority wants to be asked whenever a session is used.
func (a clocked) Watches() bool { return a.shared.watches }

// byOurClock is a verdict whose expiry is by the clock of the loops, which goes on evenly when
// the host's is set.
func (s *shared) byOurClock(v bayeux.Verdict) bayeux.Verdict {
	if v.Expiry != 0 {
		v.Expiry = s.now() + v.Expiry - time.Now().UnixMilli()
	}
	return v
}

// callerOf is who sends a request, for the questions of an authority; nil if there is no
// authority, so that nothing is copied then. It fails if the header fields that the
// authority wants are too long. Cookies that a page of a stranger has sent are left out.
func (m *common) callerOf(c *conn, q *httpparse.Request) (caller *bayeux.Caller, ok bool) {
	if m.shared.cfg.Authority == nil {
		return nil, true
	}
	caller = &bayeux.Caller{Address: nameOf(m.client(c, q).AddrPort), Identity: identityOf(c)}
	room := maxCallerFields
	q.Fields(func(name, value []byte) bool {
		if c.has(cookieless) && strings.EqualFold(string(name), "cookie") {
			return true
		}
		if !slices.ContainsFunc(m.shared.wanted, func(w string) bool { return strings.EqualFold(w, string(name)) }) {
			return true
		}
		if room -= len(name) + len(value); room >= 0 {
			caller.Fields = append(caller.Fields, bayeux.Field{Name: string(name), Value: string(value)})
		}
		return room >= 0
	})
	return caller, room >= 0
}
