package bus

import "sync/atomic"

// Flow is what a websocket has sent and has not been worked on: by other loops, or by its own because a batch before it
// waits. Both sides count: the websocket's loop adds, and the one of the session takes off.
type Flow struct {
	bytes atomic.Int64
	waits atomic.Bool // the websocket is not read from until there is room
	ended atomic.Bool
	away  int // bytes sent to other nodes that none was asked about; the websocket's loop alone has it
}

// Add counts bytes that were sent.
func (f *Flow) Add(bytes int) { f.bytes.Add(int64(bytes)) }

// AddAway counts bytes that were sent to another node, which knows no Flow. It returns how many that one is to be asked about, for it
// to tell when it has worked on them; 0 for none yet. With limit bytes on their way three quarters have been asked about, so that
// Done is called.
func (f *Flow) AddAway(bytes, limit int) (ask uint32) {
	f.Add(bytes)
	if f.away += bytes; f.away < limit/4 {
		return 0
	}
	ask, f.away = uint32(f.away), 0
	return ask
}

// Done takes off bytes that were worked on, or dropped. It tells whether the websocket, which had to wait, is to be read from
// again, since less than half of limit is left.
func (f *Flow) Done(bytes, limit int) (readOn bool) {
	return f.bytes.Add(-int64(bytes)) < int64(limit/2) && f.waits.CompareAndSwap(true, false)
}

// Allows tells whether the websocket may send more, with limit bytes at most on their way before it does. If not, Done tells
// when it may.
func (f *Flow) Allows(limit int) bool {
	if f == nil || f.bytes.Load() < int64(limit) {
		return true
	}
	f.waits.Store(true)
	return f.bytes.Load() < int64(limit) && f.waits.CompareAndSwap(true, false)
}

// End notes that the websocket's client has taken its leave with a close frame: what it sent before is still worked on.
func (f *Flow) End() { f.ended.Store(true) }

// Ended tells whether its client has taken its leave. A nil Flow has not.
func (f *Flow) Ended() bool { return f != nil && f.ended.Load() }
