package event

import (
	"slices"
	"strconv"
	"strings"

	"halley/bayeux/message"
)

// MaxHops is how many servers a message may have passed.
const MaxHops = 16

// NodeID is how many characters the id of a server has: lower-case hexadecimal digits.
const NodeID = 16

// Trail tells of a message that goes from server to server which these are, and which message it is. It stands in
// the message's ext, which other servers forward too:
//
//	"ext":{"halley":{"via":["9f…","07…"],"origin":"9f…","number":42}}
//
// The zero value is that of a message that was published here.
type Trail struct {
	Via    []string // the servers that it has passed, in order
	Origin string   // the server that has numbered it; empty: it has no number
	Number uint64
	long   bool // it has passed more than MaxHops
}

// IsZero tells whether nothing is known of the message's way.
func (t Trail) IsZero() bool { return len(t.Via) == 0 && t.Origin == "" && !t.long }

// Has tells whether the message has passed a server, or comes from it.
func (t Trail) Has(node string) bool { return t.Origin == node || slices.Contains(t.Via, node) }

// Ended tells whether the message has passed as many servers as it may, or more.
func (t Trail) Ended() bool { return t.long || len(t.Via) >= MaxHops }

// Over tells whether it has passed more of them than it may.
func (t Trail) Over() bool { return t.long }

// Past is the trail behind one more server. One that it has passed already stands there once.
func (t Trail) Past(node string) Trail {
	if slices.Contains(t.Via, node) {
		return t
	}
	t.long = t.long || len(t.Via) >= MaxHops
	t.Via = append(slices.Clip(t.Via), node)
	return t
}

// ParseTrail reads the trail out of a message's ext. Anything else than a trail gives none: it is a message of a client that
// means something else by it.
func ParseTrail(ext []byte) (t Trail) {
	mark := message.Get(ext, "halley")
	if len(mark) == 0 || mark[0] != '{' {
		return t
	}
	sound := true
	if via := message.Get(mark, "via"); via != nil {
		sound = message.Strings(via, func(id []byte) bool {
			if !isNodeID(id) {
				return false
			}
			if t.long = len(t.Via) >= MaxHops; !t.long {
				t.Via = append(t.Via, string(id))
			}
			return !t.long
		}) || t.long
	}
	if raw := message.Get(mark, "origin"); raw != nil {
		id, quoted := unquoted(raw)
		number, err := strconv.ParseUint(string(message.Get(mark, "number")), 10, 64)
		if sound = sound && quoted && isNodeID(id) && err == nil; sound {
			t.Origin, t.Number = string(id), number
		}
	}
	if !sound {
		return Trail{}
	}
	return t
}

func unquoted(raw []byte) (text []byte, quoted bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return nil, false
	}
	return raw[1 : len(raw)-1], true
}

// isNodeID tells whether id has the form of a server's id, which needs no escape in JSON.
func isNodeID(id []byte) bool {
	if len(id) != NodeID {
		return false
	}
	for _, c := range id {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Append appends the trail as the extension halley.
func (t Trail) Append(dst []byte) []byte {
	dst = append(dst, `"halley":{"via":[`...)
	for i, id := range t.Via[:min(len(t.Via), MaxHops)] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), id...), '"')
	}
	dst = append(dst, ']')
	if t.Origin != "" {
		dst = append(append(dst, `,"origin":"`...), t.Origin...)
		dst = strconv.AppendUint(append(dst, `","number":`...), t.Number, 10)
	}
	return append(dst, '}')
}

// Ext is the ext field of a message that is passed on: its trail, and whether its data is binary.
func (t Trail) Ext(binary bool) []byte {
	dst := []byte{'{'}
	if binary {
		dst = append(dst, `"binary":{},`...)
	}
	return append(t.Append(dst), '}')
}

// Trailed is e, as New has made it, with the trail of a message that came from another server.
func (e Event) Trailed(t Trail) Event {
	if t.IsZero() {
		return e
	}
	rest, binary := strings.CutSuffix(string(e), binaryExt+"}")
	if !binary {
		rest = rest[:len(rest)-1]
	}
	return Event(rest + `,"ext":` + string(t.Ext(binary)) + "}")
}

// Passed is what a message that is passed on to another server has: its data, its trail and its ext.binary. Data is nil
// without any.
func (e Event) Passed() (data []byte, t Trail, binary bool) {
	text := []byte(e)
	ext := message.Get(text, "ext")
	return message.Get(text, "data"), ParseTrail(ext), Binary(ext)
}
