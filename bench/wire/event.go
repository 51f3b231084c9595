// Proved by TestParseEvent and TestStreams.

package wire

import (
	"bytes"
	"strconv"
)

// Event is one event of an event-stream (HTML, 9.2.6), or what stands between two of them.
type Event struct {
	Name  []byte // the event field; empty means message
	ID    []byte // nil when there is none
	Data  []byte // the data lines joined by line feeds
	Retry int64  // milliseconds to wait before coming back; -1 when it is not given
}

// ParseEvent reads the next block of lines up to the empty line that ends it. It returns
// how many bytes that takes, 0 when the end has not come.
func ParseEvent(text []byte) (e Event, n int) {
	for e.Retry = -1; ; {
		line, size := cutLine(text[n:])
		if size == 0 {
			return Event{}, 0
		}
		n += size
		if len(line) == 0 {
			return e, n
		}
		e.field(line)
	}
}

// cutLine takes a line off the front of text: it ends by CR LF, LF or CR. A CR at the
// very end may be half of a CR LF, so the line is not complete.
func cutLine(text []byte) (line []byte, size int) {
	i := bytes.IndexByte(text, '\n')
	if j := bytes.IndexByte(text[:max(i, 0)], '\r'); j >= 0 {
		if j+1 == i {
			return text[:j], i + 1
		}
		return text[:j], j + 1
	}
	if i >= 0 {
		return text[:i], i + 1
	}
	if j := bytes.IndexByte(text, '\r'); j >= 0 && j+1 < len(text) {
		return text[:j], j + 1
	}
	return nil, 0
}

func (e *Event) field(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "event":
		e.Name = value
	case "id":
		e.ID = value
	case "retry":
		if n, err := strconv.ParseUint(string(value), 10, 31); err == nil {
			e.Retry = int64(n)
		}
	case "data":
		if e.Data == nil {
			e.Data = value[:len(value):len(value)] // to join more will not overwrite what follows
		} else {
			e.Data = append(append(e.Data, '\n'), value...)
		}
	}
}
