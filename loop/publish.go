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

// ErrHistory means that an event reached its subscribers, but could not be
// written to the history file.
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
	if err := s.postDurably(batch); err != nil {
		return err
	}
	s.published.Add(uint64(len(batch)))
	return nil
}

// postEvents posts a batch to each interested loop at once, so that a subscriber
// gets what it can of it in one reply. What goes to sequenced channels takes its
// way through the store; stored is called for each such event.
func (s *Server) postEvents(batch []Publication, stored func(error)) {
	posts := make([][]entry, s.cfg.Loops)
	for _, p := range batch {
		event := s.event(p)
		if b := s.rules.Of(p.Channel); b.Sequenced() {
			s.store.publish(event, b, stored)
			continue
		}
		stored(nil)
		set := s.interest.of(event.Channel())
		set.each(func(loop uint16) { posts[loop] = append(posts[loop], entry{kind: entryPublish, event: event}) })
	}
	for loop, entries := range posts {
		if len(entries) > 0 && s.reactors[loop].mailbox.postEvents(entries) {
			s.reactors[loop].wake()
		}
	}
}

func (s *Server) event(p Publication) bayeux.Event {
	event := bayeux.NewEvent(p.Channel, p.Data, false)
	if s.cfg.Timestamp {
		event = event.Stamped(s.now())
	}
	return event
}

// postDurably is postEvents and waits until what has a history is stored.
func (s *Server) postDurably(batch []Publication) error {
	if s.cfg.HistoryFile == "" {
		s.postEvents(batch, func(error) {})
		return nil
	}
	results := make(chan error, len(batch))
	s.postEvents(batch, func(err error) { results <- err })
	var failure error
	for range batch {
		if err := <-results; err != nil {
			failure = fmt.Errorf("%w: %w", ErrHistory, err)
		}
	}
	return failure
}
