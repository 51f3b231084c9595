package wire

import "strconv"

// Ext is what a server says in the ext field of a reply, of the extensions that the generator uses.
type Ext struct {
	Acknowledges bool  // ack of a handshake reply: the server has the acknowledge extension
	Ack          int64 // ack of a connect reply: its number; 0 when there is none
	Replays      bool  // replay of a handshake reply: the server has the replay extension
	Gap          bool  // dropped: the server has dropped messages for this client
	Dropped      int64 // how many in all
}

// ParseExt reads an ext span; what is missing or malformed stays zero.
func ParseExt(span []byte) (e Ext) {
	c := cursor{buf: span}
	_ = c.members(0, func(key, value []byte) { // a malformed ext says nothing
		switch string(key) {
		case "ack":
			// CometD's server may confirm with an object that has more to say.
			if e.Acknowledges = string(value) == "true" || value[0] == '{'; !e.Acknowledges {
				e.Ack, _ = integer(value)
			}
		case "replay":
			e.Replays = string(value) == "true"
		case "dropped":
			e.Gap = true
			inner := cursor{buf: value}
			_ = inner.members(0, func(_, count []byte) {
				n, _ := integer(count)
				e.Dropped += n
			})
		}
	})
	return e
}

// Wishes are the extensions that a client asks for.
type Wishes struct {
	Acknowledge bool  // CometD's acknowledge extension
	Replay      bool  // replayIds
	Interval    int64 // at most one message of a channel in so many milliseconds; 0 asks for nothing
}

// Handshake is the ext field of a handshake, empty when there is nothing to ask for.
func (w Wishes) Handshake() string {
	switch {
	case w.Acknowledge && w.Replay:
		return `{"ack":true,"replay":true}`
	case w.Acknowledge:
		return `{"ack":true}`
	case w.Replay:
		return `{"replay":true}`
	}
	return ""
}

// Subscribe is the ext field of a subscribe: replay from the tip on, and the interval.
func (w Wishes) Subscribe() string {
	interval := `"conflate":{"interval":` + strconv.FormatInt(w.Interval, 10) + `}`
	switch {
	case w.Replay && w.Interval > 0:
		return `{"replay":-1,` + interval + `}`
	case w.Replay:
		return `{"replay":-1}`
	case w.Interval > 0:
		return `{` + interval + `}`
	}
	return ""
}

// Connect is the ext field of a connect, which acknowledges the connect reply of that number.
func (w Wishes) Connect(ack int64) string {
	if !w.Acknowledge {
		return ""
	}
	return `{"ack":` + strconv.FormatInt(ack, 10) + `}`
}
