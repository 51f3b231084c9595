// Package spread brings events of channels without history from node to node.
//
// A publish is one message of the wire, which goes to the nodes that subscribe to its channel or to a pattern that takes it. The wire
// may lose messages and tells nobody. So each has a number of the node that it comes from, and the number of its message before on
// the same channel: whoever has missed one finds out with the next one on the channel. For channels that fall silent a node says
// the last numbers twice a second (digest). Of what is missing the subscribers concerned are told.
package spread

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"halley/bayeux/event"
	"halley/bayeux/rules"
	"halley/loop/cluster/subject"
	"halley/loop/cluster/wire"
)

// Server is what a Spread needs of the server.
type Server interface {
	// Arrived brings events that were published on other nodes to the subscribers here.
	Arrived(list []event.Event)
	// Busy tells whether more waits for the event loops than should.
	Busy() bool
	// TellMissed has the subscribers of what is of a pattern be told that messages of it may be missing.
	TellMissed(ctx context.Context, pattern string)
}

// Spread brings events that are published here to other nodes, and those that are published there to this one.
type Spread struct {
	out    *out
	in     *in
	counts *counts
	log    *slog.Logger
	now    func() time.Time

	mostWildcards int

	rules    *rules.Rules // of the order, as they were looked at last
	standing []string     // patterns that are wanted for them
}

// New returns a Spread of this node, which begins to listen to others.
func New(w wire.Wire, space subject.Space, me Origin, s Settings, log *slog.Logger) (*Spread, error) {
	return open(w, space, me, s, log, time.Now)
}

func open(w wire.Wire, space subject.Space, me Origin, s Settings, log *slog.Logger, now func() time.Time) (*Spread, error) {
	c := new(counts)
	i := &in{me: me, out: newOut(w, space, me, c, now()), inbox: newInbox(), gaps: newGaps(c), pages: newPages(), counts: c, now: now,
		arrived: make(chan page, 1), origins: make(map[Origin]*origin), heals: make(map[string]*heal)}
	i.wants = newWants(newSubscriptions(w, space, s.Exact, i.event), s.Linger, now)
	for _, to := range []string{space.Digests(), space.DigestsOf(me.Node)} {
		if _, err := w.Subscribe(to, i.message); err != nil {
			return nil, err
		}
	}
	return &Spread{out: i.out, in: i, counts: c, log: log, now: now, mostWildcards: s.Wildcards}, nil
}

// Check checks that the subjects of a cluster have room for the channels that there may be. An error names the flag.
func Check(space subject.Space, maxChannelLength int) error {
	if most := space.MostChannel(); maxChannelLength > most {
		return fmt.Errorf("--max-channel-length: at most %d in a cluster of that name", most)
	}
	return nil
}

// Offer brings an event, published here on a channel without history, to the nodes that are interested, in the order of the calls.
// It does not wait.
func (s *Spread) Offer(e event.Event) { s.out.offer(e) }

// Most is how many bytes an event may have, so that a message of the wire takes it, whatever its channel.
func (s *Spread) Most() int { return s.out.wire.Most() - mostHead - mostSubject }

// mostSubject is more than a subject has, and what else a wire may add to a message.
const mostSubject = 4 << 10

// Congested tells whether more waits to go to other nodes than should: publishes are refused then.
func (s *Spread) Congested() bool { return s.out.congested() }

// MoreWildcards is how many more patterns with wildcards may be wanted here.
func (s *Spread) MoreWildcards() int { return s.mostWildcards - int(s.in.wants.wildcards.Load()) }

// Want takes down that one more, or one less, here wants the messages of a channel or pattern. It does not wait.
func (s *Spread) Want(pattern string, on bool) { s.in.wants.note(pattern, on) }

// Gone takes down that a node is gone. Unless it has said before that it leaves, nobody knows what it has published last.
func (s *Spread) Gone(node uint16) {
	s.in.gone(node)
	s.in.awaited.settle(s.in)
}

// Missed has the subscribers of what is of a pattern be told that messages of it may be missing. It does not wait.
func (s *Spread) Missed(pattern string) { s.in.gaps.add(pattern) }

// Leave says to the other nodes that nothing comes from this one any more. Nothing may be offered after that.
func (s *Spread) Leave() { s.out.leave(s.now()) }

// beatEvery is how often a node says what it has published.
const beatEvery = 500 * time.Millisecond

// Run brings events to the server and tells it of gaps, subscribes to what is wanted, and says what was published, until ctx is done.
func (s *Spread) Run(ctx context.Context, server Server) {
	var all sync.WaitGroup
	all.Go(func() { s.in.inbox.deliver(ctx, server) })
	all.Go(func() { s.in.gaps.tell(ctx, server.TellMissed) })
	all.Go(func() { s.subscribe(ctx) })
	all.Go(func() { s.answerPages(ctx) })
	s.beat()
	ticks := time.NewTicker(beatEvery)
	defer ticks.Stop()
	for done := false; !done; {
		select {
		case <-ctx.Done():
			done = true
		case <-ticks.C:
			s.beat()
		}
	}
	all.Wait()
}

// beat is what a node does twice a second.
func (s *Spread) beat() {
	s.keepSnapshots()
	s.out.beat(s.now())
	s.in.sweep()
	s.in.awaited.settle(s.in)
}

// subscribe subscribes to what is wanted, until ctx is done.
func (s *Spread) subscribe(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait := s.work()
		if wait == 0 {
			wait = time.Hour
		}
		timer.Reset(wait)
		select {
		case <-s.in.wants.soon:
		case <-timer.C:
		case <-ctx.Done():
			return
		}
	}
}

// work makes the subscriptions that are due, and probes the other nodes for them.
func (s *Spread) work() (wait time.Duration) {
	done := s.in.wants.work(s.now())
	if done.failed != nil {
		s.log.Error("cannot get the messages of other nodes", "error", done.failed, "again", retryAfter)
	}
	for _, pattern := range done.late {
		s.in.gaps.add(pattern)
	}
	if done.batch != 0 {
		s.out.probe(done.batch, done.batch)
		s.in.awaited.settle(s.in) // this node may be alone
	}
	return done.wait
}
