package client

import (
	"math/rand/v2"
	"time"
)

// machine decides what a client does. It is told events with the time of their
// happening, and answers with actions; it knows no goroutine, no clock and no
// connection. What the client is at is one value, its state, whose type has the fields
// that have a meaning in that state. The rest is what states have in common.
type machine struct {
	options *Options
	table   *registry
	connect func(kind string) *link // makes a link of a connection type, unopened
	random  func() float64          // in [0,1)

	now     time.Time // of the latest event
	actions []action  // that it has led to so far
	later   []any     // events that it has led to

	state state
	work  *operation   // the Run or Handshake in progress, nil without one
	queue []*operation // that begin when it is over

	session    *session // nil without one
	hadSession bool     // there was one before
	advice     Advice
	link       *link  // in use, nil before the first handshake
	detour     string // the connection type that the link stands in for, until one of it is open
	kinds      []string
	wish       string // the connection type to move to
	origin     string // the one to go back to if that does not get through
	backoff    backoff
	heard      time.Time // when the server last answered a handshake or connect

	lastID  uint64
	pending map[string]place // replies that are awaited, by id
}

func newMachine(o *Options, table *registry, connect func(kind string) *link) *machine {
	return &machine{
		options: o,
		table:   table,
		connect: connect,
		random:  rand.Float64,
		state:   resting{},
		advice:  defaultAdvice(),
		kinds:   o.ConnectionTypes,
		pending: make(map[string]place),
	}
}

// state is what the client is at.
type state interface {
	// handle takes an event and gives the state that follows.
	handle(m *machine, e any) state
	// leave gives up what is under way.
	leave(m *machine)
	// deadline is when an alarm is due, zero if none is.
	deadline() time.Time
}

// plain is for states that await no alarm and have nothing to give up.
type plain struct{}

func (plain) leave(*machine)      {}
func (plain) deadline() time.Time { return time.Time{} }

// act has something done.
func (m *machine) act(a action) { m.actions = append(m.actions, a) }

// tell tells the user of a failure.
func (m *machine) tell(err error) {
	if m.work != nil {
		m.act(tellError{m.work, err})
	}
}
