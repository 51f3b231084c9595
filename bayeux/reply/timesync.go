package reply

import (
	"strconv"

	"halley/bayeux/message"
)

// tolerance is how far, in milliseconds, a client's idea of the offset may
// be from ours before it is told.
const tolerance = 25

// Timesync is the extension of that name as a message brought it: the client's
// clock tc, and what it believes the lag l and offset o to be, in milliseconds.
type Timesync struct {
	tc, lag, offset int64
	received        int64
	knowsLag        bool
}

// ReadTimesync reads the extension out of a message's ext; ok is false if there is none.
func ReadTimesync(now int64, ext []byte) (t Timesync, ok bool) {
	value := message.Get(ext, "timesync")
	if t.tc, ok = message.Integer(message.Get(value, "tc")); !ok {
		return t, false
	}
	t.lag, t.knowsLag = message.Integer(message.Get(value, "l"))
	t.offset, _ = message.Integer(message.Get(value, "o"))
	t.received = now
	return t, true
}

// Append appends the answer: when the message came by our clock, how long it was
// held, and how wrong the client was. One who is near enough needs none.
func (t *Timesync) Append(e *Ext, now int64) {
	wrong := t.tc + t.offset + t.lag - t.received
	if t.knowsLag && t.lag != 0 && -tolerance < wrong && wrong < tolerance {
		return
	}
	e.add("timesync")
	e.Dst = append(e.Dst, `{"tc":`...)
	e.Dst = strconv.AppendInt(e.Dst, t.tc, 10)
	e.Dst = append(e.Dst, `,"ts":`...)
	e.Dst = strconv.AppendInt(e.Dst, t.received, 10)
	e.Dst = append(e.Dst, `,"p":`...)
	e.Dst = strconv.AppendInt(e.Dst, now-t.received, 10)
	if t.knowsLag {
		e.Dst = append(e.Dst, `,"a":`...)
		e.Dst = strconv.AppendInt(e.Dst, wrong, 10)
	}
	e.Dst = append(e.Dst, '}')
}
