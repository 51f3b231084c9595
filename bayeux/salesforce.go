package bayeux

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"halley/bayeux/reply"
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

// missingCursor says, in Salesforce's words, that a subscription has a map of cursors
// in which its channel is not.
func (d *subscriptionReader) missingCursor(asked *subscription) reply.Code {
	if !d.salesforce || asked.cursors.by == nil {
		return reply.Success
	}
	for _, pattern := range asked.patterns {
		if _, given := asked.cursors.of(pattern); !given {
			text := fmt.Sprintf("The replayId for channel {%s} wasn't found using the provided replay ID map {%s}. "+
				"Ensure that the channel name you provided in the replay map is valid and matches the channel name used for subscribing.",
				pattern, asked.cursors)
			return reply.Code{Code: 400, Text: text}
		}
	}
	return reply.Success
}
