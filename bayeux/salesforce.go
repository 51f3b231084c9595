package bayeux

import (
	"maps"
	"slices"
	"strconv"
)

// appendClient appends the clientId of a reply's session, which Salesforce's replies to
// connect, subscribe and unsubscribe have.
func (s *Server) appendClient(dst []byte, slot uint32, r *session) []byte {
	if !s.terms.Salesforce {
		return dst
	}
	dst = append(dst, `,"clientId":"`...)
	return append(appendClientID(dst, s.sessions.address(slot), &r.secret), '"')
}

// maxCursorsShown bounds what is told of a map of cursors.
const maxCursorsShown = 8

// String shows the map as Java does.
func (c cursors) String() string {
	names := slices.Sorted(maps.Keys(c.by))
	text := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			text = append(text, ", "...)
		}
		if i == maxCursorsShown {
			text = append(text, "…"...)
			break
		}
		text = strconv.AppendInt(append(append(text, name...), '='), c.by[name], 10)
	}
	return string(append(text, '}'))
}
