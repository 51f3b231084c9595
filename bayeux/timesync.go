package bayeux

import (
	"strconv"

	"halley/bayeux/message"
)

// timesyncTolerance is how far, in milliseconds, a client's idea of the offset may
// be from ours before it is told.
const timesyncTolerance = 25

// timesync is the extension of that name as a message brought it: the client's
// clock tc, and what it believes the lag l and offset o to be, in milliseconds.
type timesync struct {
	tc, lag, offset int64
	received        int64
	knowsLag        bool
}

// readTimesync reads the extension of m; ok is false if there is none.
func readTimesync(now int64, m *message.Message) (t timesync, ok bool) {
	value := message.Get(m.Ext, "timesync")
	if t.tc, ok = message.Integer(message.Get(value, "tc")); !ok {
		return t, false
	}
	t.lag, t.knowsLag = message.Integer(message.Get(value, "l"))
	t.offset, _ = message.Integer(message.Get(value, "o"))
	t.received = now
	return t, true
}

// append appends the answer: when the message came by our clock, how long it was
// held, and how wrong the client was. One who is near enough needs none.
func (t *timesync) append(e *ext, now int64) {
	wrong := t.tc + t.offset + t.lag - t.received
	if t.knowsLag && t.lag != 0 && -timesyncTolerance < wrong && wrong < timesyncTolerance {
		return
	}
	e.add("timesync")
	e.dst = append(e.dst, `{"tc":`...)
	e.dst = strconv.AppendInt(e.dst, t.tc, 10)
	e.dst = append(e.dst, `,"ts":`...)
	e.dst = strconv.AppendInt(e.dst, t.received, 10)
	e.dst = append(e.dst, `,"p":`...)
	e.dst = strconv.AppendInt(e.dst, now-t.received, 10)
	if t.knowsLag {
		e.dst = append(e.dst, `,"a":`...)
		e.dst = strconv.AppendInt(e.dst, wrong, 10)
	}
	e.dst = append(e.dst, '}')
}
