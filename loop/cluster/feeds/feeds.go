// Proved by TestImport, TestExport, TestBadSettings and TestServerComesBack.

package feeds

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/loop/hops"
)

// Server is what feeds need of the server.
type Server interface {
	// Publish publishes a batch, all of it or nothing. It fails with a *Refusal for one that can never be published, with
	// ErrTooLarge for more than can be published at once, and with any other error if it is to be tried again.
	Publish(batch []Publication) error
	// Kept tells whether a channel has a history, which all nodes of a cluster have in common.
	Kept(name []byte) bool
	// TellMissed has subscribers of what is of a pattern be told that messages of it may be missing.
	TellMissed(ctx context.Context, pattern string)
	// Trouble makes the server unready for a reason, or ready again.
	Trouble(part, why string)
}

// Nodes are those of the cluster that this server is one of.
type Nodes interface {
	// Eldest tells whether this node has been there the longest of those that it sees.
	Eldest() bool
}

// Publication is a message that came from NATS.
type Publication struct {
	Channel, Data []byte
	Binary        bool
	Trail         event.Trail
	Here          bool   // for the subscribers of this node alone
	Key           string // of this message, whichever node publishes it and how often
}

// Refusal is one publication that can never be published.
type Refusal struct {
	Index  int
	Reason string
}

// Error gives the reason.
func (e *Refusal) Error() string { return e.Reason }

// ErrTooLarge means that a batch can never be published as a whole.
var ErrTooLarge = errors.New("too large")

// Options are what feeds need to know beside their settings.
type Options struct {
	Node       *hops.Node             // this server
	Nodes      Nodes                  // nil: it is alone
	PassedOn   func(name []byte) bool // tells which channels' events a node passes on to others than its cluster; nil: none
	Flag       string                 // that has the address of NATS
	Limits     channel.Limits
	MaxMessage int // bytes of data
	MaxDepth   int // nesting of JSON
	Log        *slog.Logger
}

// Feeds are all imports and exports.
type Feeds struct {
	Options
	settings Settings
	id       string // of the name at NATS, among the servers that a message has passed
	imports  []*source
	exports  []*sink
	connect  []nats.Option
	server   Server

	up     atomic.Bool
	warned atomic.Bool // that there is no connection
	losses atomic.Uint64
	left   atomic.Bool   // a successor of this server has the imports
	number atomic.Uint64 // of the next message that is marked
}

// New returns the feeds of some settings, nil if they name none. Errors name the flag.
func New(s Settings, o Options) (*Feeds, error) {
	in, out, err := s.plans()
	if err != nil || !s.On() {
		return nil, err
	}
	sum := sha256.Sum256([]byte("feeds of " + s.name()))
	f := &Feeds{Options: o, settings: s, id: hex.EncodeToString(sum[:event.NodeID/2])}
	f.number.Store(rand.Uint64() >> 1) // other nodes of the name have others
	if f.connect, err = s.connection(); err != nil {
		return nil, err
	}
	for _, i := range in {
		f.imports = append(f.imports, newSource(f, i))
	}
	for _, e := range out {
		f.exports = append(f.exports, newSink(f, e))
	}
	return f, nil
}

// Leave ends the imports: a successor of this server has them.
func (f *Feeds) Leave() { f.left.Store(true) }

// farewell is how long what waits for NATS may take to go when this server ends.
const farewell = 2 * time.Second

// Run works until ctx is done.
func (f *Feeds) Run(ctx context.Context, server Server) {
	f.server = server
	f.trouble("not connected yet")
	last, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	context.AfterFunc(ctx, func() { time.AfterFunc(farewell, end) })
	var group sync.WaitGroup
	for _, i := range f.imports {
		i.eldest.Store(f.Nodes == nil || f.Nodes.Eldest())
		group.Go(func() { i.tellGaps(ctx) })
		context.AfterFunc(ctx, i.inbox.close)
	}
	for ctx.Err() == nil {
		f.live(ctx, last)
		pause(ctx, time.Second)
	}
	group.Wait()
	for _, e := range f.exports { // what has not gone now does not go any more
		e.counts.unconfirmed.Add(uint64(len(e.held)))
		e.outbox.close()
	}
}

// live works on one connection, until ctx is done or the connection is closed for good. What waits to be exported may go until last
// is done.
func (f *Feeds) live(ctx, last context.Context) {
	life, end := context.WithCancel(last)
	defer end()
	link, err := f.dial(end)
	if err != nil {
		f.Log.Error("feeds: no connection to NATS", "flag", f.Flag, "error", err)
		f.trouble(err.Error())
		return
	}
	defer link.Close()
	importing, stop := context.WithCancel(life)
	defer stop()
	defer context.AfterFunc(ctx, stop)()
	var group sync.WaitGroup
	for _, i := range f.imports {
		group.Go(func() { i.run(importing, link) })
	}
	for _, e := range f.exports {
		group.Go(func() { e.run(ctx, life, link) })
	}
	group.Wait()
}

// trouble makes the server unready, if it is to be without NATS; an empty why makes it ready.
func (f *Feeds) trouble(why string) {
	if f.settings.Required {
		f.server.Trouble("feeds", why)
	}
}

// Offer takes an event that is published here. It implements loop.Tap.
func (f *Feeds) Offer(e event.Event) {
	if len(f.exports) == 0 {
		return
	}
	name := []byte(e.Channel())
	for _, s := range f.exports {
		s.offer(name, e)
	}
}

// exported tells whether what is published to a channel goes to NATS.
func (f *Feeds) exported(name []byte) bool {
	for _, s := range f.exports {
		if channel.Matches(s.pattern, name) {
			return true
		}
	}
	return false
}

// pause waits, unless ctx is done.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
