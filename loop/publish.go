// Proved by TestRefusedIsNotDelivered, TestHistoryFile, TestBatchThatDoesNotFit, TestCongestion and TestBurstIsOneReply.

package loop

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"halley/bayeux"
	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/loop/bus"
	"halley/loop/interest"
	"halley/loop/journal"
	"halley/loop/sequence"
)

// ChannelError says why a publication was refused.
type ChannelError struct {
	Index  int    // of the publication in its batch
	Reason string // in words
}

// Error says which publication it is, and why, in words.
func (e ChannelError) Error() string { return fmt.Sprintf("publication %d: %s", e.Index, e.Reason) }

// Publication is something to publish from the server's own side: a broadcast
// channel and one valid JSON value.
type Publication struct {
	Channel []byte
	Data    []byte
	Passed  *Passed // of what has come by other servers, else nil
	// Here has it reach the subscribers of this node alone, and no tap: each node of the cluster gets it by itself. A channel
	// with a history has one order for all nodes, so it is refused there.
	Here bool
	Key  string // by which the nodes of a cluster know a repeat, where the channel has a history; empty: none
}

// Passed is what a publication that came by other servers has beside its data.
type Passed struct {
	Binary bool // the data is encoded, as ext.binary says
	Trail  event.Trail
}

// publisher publishes what the server's own side has to say.
type publisher struct {
	*shared
	loops     *loops
	local     *sequence.Local
	published atomic.Uint64 // publications
}

// publish is Server.Publish.
func (pb *publisher) publish(batch []Publication) error {
	limits := pb.cfg.Channel
	for i := range batch {
		batch[i].Channel = channel.Canonical(batch[i].Channel)
		if reason := bayeux.CheckPublish(batch[i].Channel, limits); reason != "" {
			return ChannelError{Index: i, Reason: reason}
		}
		if !pb.fitsWire(len(batch[i].Channel) + len(batch[i].Data)) {
			return ChannelError{Index: i, Reason: "the message is larger than what nodes of the cluster may send each other"}
		}
		if batch[i].Here && pb.rulesOf(batch[i].Channel).History {
			return ChannelError{Index: i, Reason: "the channel has a history, which all nodes have in common"}
		}
	}
	switch {
	case pb.congested.Load() > 0 || pb.swamped():
		return ErrBusy
	case pb.memory.refuses():
		return ErrMemory
	}
	sets, err := pb.fit(batch)
	if err != nil {
		return err
	}
	if err := pb.postDurably(batch, sets); err != nil {
		return err
	}
	pb.published.Add(uint64(len(batch)))
	return nil
}

// eventFrame is about what an event has beside its channel and data.
const eventFrame = 32

// fit returns the loops that each publication of a batch goes to, if the mailboxes of
// all have room for it.
func (pb *publisher) fit(batch []Publication) ([]interest.Loops, error) {
	sets, size := make([]interest.Loops, len(batch)), 0
	var needs [MaxLoops]int
	for i := range batch {
		p := &batch[i]
		size += len(p.Channel) + len(p.Data)
		sets[i] = pb.interest.Of(string(p.Channel))
		sets[i].Each(func(loop uint16) {
			needs[loop] += bus.MessageCost + len(p.Channel) + len(p.Data) + eventFrame
		})
	}
	for loop, bytes := range needs[:pb.cfg.Loops] {
		size += bytes
		switch {
		case bytes > pb.cfg.MaxMailbox:
			return nil, ErrTooLarge
		case bytes > 0 && !pb.loops.reactors[loop].box.Takes(bytes):
			return nil, ErrBusy
		}
	}
	if pb.memory.takes(size, pb.now()); pb.memory.full.Load() {
		return nil, ErrMemory
	}
	return sets, nil
}

// postEvents posts a batch to each interested loop at once, so that a subscriber
// gets what it can of it in one reply. What goes to sequenced channels takes its
// way through their log.
func (pb *publisher) postEvents(batch []Publication, sets []interest.Loops) {
	posts := pb.posts(sets)
	for i := range batch {
		p := &batch[i]
		e := pb.event(p)
		if p.Here {
			pb.arrive(e, sets[i], posts)
			continue
		}
		if p.Passed != nil {
			pb.pass(e, func(error) {})
			continue
		}
		if b := pb.rulesOf(p.Channel); b.Sequenced() {
			pb.log.Publish(e, b, func(error) {})
			continue
		}
		sets[i].Each(func(loop uint16) { posts[loop] = append(posts[loop], e) })
		pb.relay(e)
		pb.spread(e)
		pb.tapped(e)
	}
	for loop, events := range posts {
		if len(events) > 0 {
			pb.loops.reactors[loop].box.PostEvents(events)
		}
	}
}

// posts are lists for the loops with room for what goes to each: growing them would take
// several times as much.
func (pb *publisher) posts(sets []interest.Loops) [][]event.Event {
	counts, posts := make([]int, pb.cfg.Loops), make([][]event.Event, pb.cfg.Loops)
	for _, set := range sets {
		set.Each(func(loop uint16) { counts[loop]++ })
	}
	for loop, n := range counts {
		posts[loop] = make([]event.Event, 0, n)
	}
	return posts
}

func (pb *publisher) event(p *Publication) event.Event {
	e := event.New(p.Channel, p.Data, p.Passed != nil && p.Passed.Binary)
	switch {
	case p.Passed != nil:
		e = e.Trailed(p.Passed.Trail)
	case !p.Here:
		e = e.Trailed(pb.cfg.Hops.Mark(p.Channel))
	}
	if pb.cfg.Timestamp {
		e = e.Stamped(pb.now())
	}
	return e
}

// postDurably posts what has a history when it is stored, by the history file or the cluster, and
// then the rest: if it cannot be stored, nothing is published.
func (pb *publisher) postDurably(batch []Publication, sets []interest.Loops) error {
	if pb.cfg.HistoryFile == "" && pb.cfg.Cluster == nil || !slices.ContainsFunc(batch, pb.hasHistory) {
		pb.postEvents(batch, sets)
		return nil
	}
	var durable []event.Event
	var keys []string
	rest := make([]Publication, 0, len(batch))
	for _, p := range batch {
		history := pb.hasHistory(p)
		if history && p.Passed != nil {
			if err := pb.passDurably(pb.event(&p)); err != nil {
				return err
			}
		} else if history {
			durable, keys = append(durable, pb.event(&p)), append(keys, p.Key)
		} else {
			rest = append(rest, p)
		}
	}
	if len(durable) > 0 {
		result := make(chan error, 1)
		pb.log.PublishTogether(durable, keys, func(err error) { result <- err })
		if err := <-result; err != nil {
			return fmt.Errorf("%w: %w", ErrHistory, notStored(err))
		}
	}
	for i := range rest { // who subscribed while it was written is to get it
		sets[i] = pb.interest.Of(string(rest[i].Channel))
	}
	pb.postEvents(rest, sets)
	return nil
}

// hasHistory tells whether the channel of a publication has one.
func (pb *publisher) hasHistory(p Publication) bool { return pb.rulesOf(p.Channel).History }

// passDurably publishes what came by another server when it is written to the history file.
func (pb *publisher) passDurably(e event.Event) error {
	result := make(chan error, 1)
	pb.pass(e, func(err error) { result <- err })
	if err := <-result; err != nil {
		return fmt.Errorf("%w: %w", ErrHistory, notStored(err))
	}
	return nil
}

// MailboxMessages is how many messages a mailbox of that many bytes may hold at most.
func MailboxMessages(bytes int) int { return bytes / bus.MessageCost }

// notStored is why the history file did not take something, for the caller of Publish.
func notStored(err error) error {
	switch {
	case errors.Is(err, journal.ErrBusy):
		return ErrBusy
	case errors.Is(err, journal.ErrClosed):
		return ErrClosed
	}
	return err
}
