// Proved by TestMachineOpensAStream and TestMachineComesBack.

package client

import (
	"context"
	"time"
)

// manner is the way in which a connection type brings what the server says.
type manner uint8

const (
	polls   manner = iota // with the replies to what is sent
	streams               // on a stream beside what is sent, which belongs to one session
	duplex                // on the connection that carries what is sent
)

// mannerOf is the manner of a transport.
func mannerOf(t Transport) manner {
	pusher, ok := t.(Pusher)
	switch {
	case !ok:
		return polls
	case pusher.Duplex():
		return duplex
	}
	return streams
}

// phase is how far a link has come.
type phase uint8

const (
	unopened  phase = iota // its connection is not asked for; what polls has none
	isOpening              // it is asked for
	isOpen                 // connects can be sent
	hasEnded               // by the server, the network or for its silence
	isClosed               // by the client
)

// link is a transport at work.
type link struct {
	kind   string
	manner manner

	// The machine's.
	phase     phase
	since     time.Time // of the opening
	fault     error     // why it has ended; nil if that was regular
	calls     int       // batches under way
	listening bool      // its end will be told
	reported  bool      // its end is known to those who have to know
	proven    bool      // a connect on it has succeeded since the last failure

	wire
}

// wire is what goroutines have of a link.
type wire struct {
	transport Transport
	lane      *lane
	cancel    context.CancelFunc // gives up the opening
	listened  chan struct{}      // closed when listening begins
	ended     chan struct{}      // closed when it has ended
	shut      chan struct{}      // closed when the connection is closed, nil before that is wanted
}

func newLink(t Transport, l *lane) *link {
	made := &link{kind: t.ConnectionType(), manner: mannerOf(t)}
	made.wire = wire{transport: t, lane: l, listened: make(chan struct{}), ended: make(chan struct{})}
	if made.manner == polls {
		made.phase = isOpen
	}
	return made
}

// live reports whether connects can be sent.
func (l *link) live() bool { return l.phase == isOpen }

// carries reports whether requests can be sent, which is so by POST at any time.
func (l *link) carries() bool { return l.manner != duplex || l.live() }

// isOver reports that nothing comes by the link any more.
func (l *link) isOver() bool {
	done := l.phase == isClosed || l.phase == hasEnded && l.manner == duplex
	return done && !l.listening && l.calls == 0
}

// endedUnnoticed reports whether it is a stream whose end calls for something.
func (l *link) endedUnnoticed() bool {
	return l.manner == streams && l.phase == hasEnded && !l.reported
}

// brokeOff reports whether its end is a failure: by its error, or because such
// connections end only so, or because it was over as soon as it began.
func (l *link) brokeOff(now time.Time, brief time.Duration) error {
	if l.fault == nil && (l.manner == duplex || now.Sub(l.since) < brief) {
		return ErrConnectionEnded
	}
	return l.fault
}
