package loop

import (
	"slices"
	"strings"

	"halley/bayeux"
	"halley/httpparse"
)

// maxCallerFields bounds what is kept of one request's header for an authority, in bytes
// of names and values: a websocket keeps that as long as it lives.
const maxCallerFields = 8 << 10

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
