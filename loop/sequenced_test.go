package loop

import (
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/rules"
	"halley/loop/journal"
	"halley/loop/sequence"
)

// remoteLog is a log that is somewhere else: what comes to it is answered with failure, and what it brings is the test's.
type remoteLog struct {
	mu      sync.Mutex
	failure error
	events  []event.Event
	queries chan sequence.Query
}

// remote runs a server whose sequenced channels have their order from elsewhere.
func remote(t *testing.T) (*Server, *remoteLog) {
	s := made(t, func(c *Config) {
		c.Loops, c.Rules, c.HistoryFile = 2, []string{"/h history=100"}, filepath.Join(t.TempDir(), "history")
	})
	log := &remoteLog{queries: make(chan sequence.Query, 1)}
	s.log = log
	s.runUntilEnd(t)
	return s, log
}

// fails sets what the log answers, and forgets what came.
func (l *remoteLog) fails(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failure, l.events = err, nil
}

// came is the channels of what was published.
func (l *remoteLog) came() (channels []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		channels = append(channels, e.Channel())
	}
	return channels
}

// Publish implements sequence.Log.
func (l *remoteLog) Publish(e event.Event, _ rules.Behaviour, stored func(error)) {
	l.PublishTogether([]event.Event{e}, nil, stored)
}

// PublishTogether implements sequence.Log.
func (l *remoteLog) PublishTogether(events []event.Event, _ []string, stored func(error)) {
	l.mu.Lock()
	l.events = append(l.events, events...)
	failure := l.failure
	l.mu.Unlock()
	stored(failure)
}

// Recall implements sequence.Log.
func (l *remoteLog) Recall(q sequence.Query) { l.queries <- q }

// What the log says of a publish is what its publisher hears, in the server's words.
func TestPublishersHearOfTheLog(t *testing.T) {
	t.Parallel()
	s, log := remote(t)
	w := dial(t, s)
	id := w.handshake()
	for _, row := range []struct {
		failure error
		reply   any
		want    error
	}{
		{nil, nil, nil},
		{journal.ErrBusy, "503::server_busy", ErrBusy},
		{journal.ErrClosed, "500::history_not_written", ErrClosed},
		{errTest, "500::history_not_written", errTest},
	} {
		log.fails(row.failure)
		equal(t, w.bayeux(publish(id, "/h", "1"))[0]["error"], row.reply)
		err := s.Publish(append(publication("/h", "2"), publication("/h", "3")...))
		if !errors.Is(err, row.want) || errors.Is(err, ErrHistory) != (row.want != nil) {
			t.Errorf("%v: got %v", row.failure, err)
		}
		equal(t, log.came(), []string{"/h", "/h", "/h"})
	}
}

var errTest = errors.New("no space")

// A log anywhere serves by two calls: its answer makes a subscription, its events follow.
func TestLogFromElsewhere(t *testing.T) {
	t.Parallel()
	s, log := remote(t)
	w := dial(t, s)
	id := w.handshake()
	w.send(post(subscribeFrom(id, "/h", "-2")))
	q := <-log.queries
	equal(t, []any{q.Part, len(q.Wanted), q.Wanted[0].Pattern}, []any{sequence.First, 1, "/h"})
	numbered := func(id int64, data string) event.Event {
		return event.New([]byte("/h"), []byte(data), false).Numbered(id)
	}
	past := history.Remembered{Replays: slices.Clone(q.Wanted), Entries: []history.Entry{{ID: 7, Channel: "/h", Event: string(numbered(7, "1"))}}}
	mailboxes{s.shared}.Answer(q, past)
	mailboxes{s.shared}.Deliver(numbered(8, "2"), true)
	equal(t, w.messages()[0]["successful"], true)
	equal(t, w.collect(id, 2), []string{"1", "2"})
}
