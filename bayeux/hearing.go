package bayeux

// hearing is what is known of whether the client of an event-stream reads it. A
// browser polls on until it sees its stream open, and one behind a proxy that keeps
// the stream back polls for ever. Both send polls beside the stream. The next stream of a
// session begins with what is known at the end of the one before.
type hearing uint8

const (
	heard   hearing = iota // nothing speaks against it
	doubted                // a poll has come, which is answered: the next connect will tell
	unheard                // it polls: events go with the replies
)

// hear takes note of a connect that comes while an event-stream may be open. A client
// that has seen its stream open sends connects of the type eventsource. A poll tells that
// its client has not, unless the poll may be late: the first one after such a connect, or
// after events went on the stream, may have been on its way for long.
func (h *hearing) hear(kind ConnectionType, late bool) {
	switch {
	case !kind.answers():
		*h = heard
	case late && *h == heard:
		*h = doubted
	default:
		*h = unheard
	}
}

// reopen takes note of a GET: it tells nothing of a client that polls, and what was
// doubted of the stream before is not doubted of this one.
func (h *hearing) reopen() {
	if *h == doubted {
		*h = heard
	}
}
