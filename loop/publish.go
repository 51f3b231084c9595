// Proved by TestRefusedIsNotDelivered and TestHistoryFile.

package loop

import (
	"errors"
	"fmt"

	"halley/bayeux"
	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/loop/bus"
	"halley/loop/interest"
)

// ErrBusy means that a loop has more to do than its mailbox may hold: the caller
// should try again later.
var ErrBusy = errors.New("server is busy")

// ErrTooLarge means that a batch is more than a loop's mailbox may hold.
var ErrTooLarge = errors.New("batch is larger than --max-mailbox: send it in parts")

// ErrHistory means that nothing of a batch was published, since what of it has a
// history could not be written to the history file.
var ErrHistory = errors.New("history file")

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
}

// Publish delivers a batch to all subscribers, in order. Either all of it is
// accepted or nothing: the error is a ChannelError, ErrBusy, ErrTooLarge or ErrClosed.
// Batches that one caller publishes one after the other stay in order.
func (s *Server) Publish(batch []Publication) error {
	if !s.Ready() {
		return ErrClosed
	}
	limits := s.cfg.Channel
	for i := range batch {
		batch[i].Channel = channel.Canonical(batch[i].Channel)
		if reason := bayeux.CheckPublish(batch[i].Channel, limits); reason != "" {
			return ChannelError{Index: i, Reason: reason}
		}
	}
	switch {
	case s.congested.Load() > 0:
		return ErrBusy
	case s.memory.refuses():
		return ErrMemory
	}
	sets, err := s.fit(batch)
	if err != nil {
		return err
	}
	if err := s.postDurably(batch, sets); err != nil {
		return err
	}
	s.published.Add(uint64(len(batch)))
	return nil
}

// eventFrame is about what an event has beside its channel and data.
const eventFrame = 32

// fit returns the loops that each publication of a batch goes to, if the mailboxes of
// all have room for it.
func (s *Server) fit(batch []Publication) ([]interest.Loops, error) {
	sets, size := make([]interest.Loops, len(batch)), 0
	var needs [MaxLoops]int
	for i, p := range batch {
		size += len(p.Channel) + len(p.Data)
		sets[i] = s.interest.Of(string(p.Channel))
		sets[i].Each(func(loop uint16) {
			needs[loop] += bus.MessageCost + len(p.Channel) + len(p.Data) + eventFrame
		})
	}
	for loop, bytes := range needs[:s.cfg.Loops] {
		size += bytes
		switch {
		case bytes > s.cfg.MaxMailbox:
			return nil, ErrTooLarge
		case bytes > 0 && !s.reactors[loop].box.Takes(bytes):
			return nil, ErrBusy
		}
	}
	if s.memory.takes(size, s.now()); s.memory.full.Load() {
		return nil, ErrMemory
	}
	return sets, nil
}

// postEvents posts a batch to each interested loop at once, so that a subscriber
// gets what it can of it in one reply. What goes to sequenced channels takes its
// way through their log.
func (s *Server) postEvents(batch []Publication, sets []interest.Loops) {
	posts := s.posts(sets)
	for i, p := range batch {
		e := s.event(p)
		if b := s.rules.Of(p.Channel); b.Sequenced() {
			s.log.Publish(e, b, func(error) {})
			continue
		}
		sets[i].Each(func(loop uint16) { posts[loop] = append(posts[loop], e) })
	}
	for loop, events := range posts {
		if len(events) > 0 {
			s.reactors[loop].box.PostEvents(events)
		}
	}
}

// posts are lists for the loops with room for what goes to each: growing them would take
// several times as much.
func (s *Server) posts(sets []interest.Loops) [][]event.Event {
	counts, posts := make([]int, s.cfg.Loops), make([][]event.Event, s.cfg.Loops)
	for _, set := range sets {
		set.Each(func(loop uint16) { counts[loop]++ })
	}
	for loop, n := range counts {
		posts[loop] = make([]event.Event, 0, n)
	}
	return posts
}

func (s *Server) event(p Publication) event.Event {
	e := event.New(p.Channel, p.Data, false)
	if s.cfg.Timestamp {
		e = e.Stamped(s.now())
	}
	return e
}

// postDurably posts what has a history when it is written to the history file, and
// then the rest: if it cannot be written, nothing is published.
func (s *Server) postDurably(batch []Publication, sets []interest.Loops) error {
	if s.cfg.HistoryFile == "" {
		s.postEvents(batch, sets)
		return nil
	}
	var durable []event.Event
	rest := make([]Publication, 0, len(batch))
	for _, p := range batch {
		if s.rules.Of(p.Channel).History {
			durable = append(durable, s.event(p))
		} else {
			rest = append(rest, p)
		}
	}
	if len(durable) > 0 {
		result := make(chan error, 1)
		s.log.PublishTogether(durable, func(err error) { result <- err })
		if err := <-result; err != nil {
			return fmt.Errorf("%w: %w", ErrHistory, notStored(err))
		}
	}
	for i := range rest { // who subscribed while it was written is to get it
		sets[i] = s.interest.Of(string(rest[i].Channel))
	}
	s.postEvents(rest, sets)
	return nil
}

// MailboxMessages is how many messages a mailbox of that many bytes may hold at most.
func MailboxMessages(bytes int) int { return bytes / bus.MessageCost }
