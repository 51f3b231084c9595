package loop

import (
	"errors"
	"fmt"

	"halley/bayeux"
	"halley/bayeux/channel"
)

// ErrBusy means that a loop has more to do than its mailbox may hold: the caller
// should try again later.
var ErrBusy = errors.New("server is busy")

// ChannelError says why a publication was refused.
type ChannelError struct {
	Index  int    // of the publication in its batch
	Reason string // in words
}

func (e ChannelError) Error() string { return fmt.Sprintf("publication %d: %s", e.Index, e.Reason) }

// Publication is something to publish from the server's own side: a broadcast
// channel and one valid JSON value.
type Publication struct {
	Channel []byte
	Data    []byte
}

// Publish delivers a batch to all subscribers, in order. Either all of it is
// accepted or nothing: the error is a ChannelError, ErrBusy or ErrClosed.
// Batches that one caller publishes one after the other stay in order.
func (s *Server) Publish(batch []Publication) error {
	if !s.Ready() {
		return ErrClosed
	}
	limits := s.channelLimits()
	for i := range batch {
		batch[i].Channel = channel.Canonical(batch[i].Channel)
		if reason := bayeux.CheckPublish(batch[i].Channel, limits); reason != "" {
			return ChannelError{Index: i, Reason: reason}
		}
	}
	if s.congested.Load() > 0 {
		return ErrBusy
	}
	s.postEvents(batch)
	s.published.Add(uint64(len(batch)))
	return nil
}

// postEvents posts a batch to each interested loop at once, so that a subscriber
// gets what it can of it in one reply.
func (s *Server) postEvents(batch []Publication) {
	posts := make([][]entry, s.cfg.Loops)
	for _, p := range batch {
		event := bayeux.NewEvent(p.Channel, p.Data, false)
		set := s.interest.of(event.Channel())
		set.each(func(loop uint16) { posts[loop] = append(posts[loop], entry{kind: entryPublish, event: event}) })
	}
	for loop, entries := range posts {
		if len(entries) > 0 && s.reactors[loop].mailbox.postEvents(entries) {
			s.reactors[loop].wake()
		}
	}
}
