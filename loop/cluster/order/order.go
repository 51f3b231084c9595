// Proved by TestPublish and TestModel.

// Package order is the order of a cluster's channels with a history. A stream of NATS' JetStream gives each of their events its
// number, and stores it on a majority of the nodes that keep it before the publisher is told. Each node hears all events as the stream
// passes them on (its republished messages), and keeps what is remembered itself: joins, replays and snapshots are served from memory,
// without a leader too.
//
// What is published goes by the line (line.go): one batch at a time is on its way, and is repeated as a whole until it is known what
// became of it. What is heard goes by the feed (feed.go): numbers follow each other, so whatever is missing is seen by the next one, and
// is read from the stream before anything behind it is delivered. The keeper (keeper.go) has the stream be there, as the rules want it,
// and asks every second how far it is.
package order

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/rules"
	"halley/loop/cluster/wire"
	"halley/loop/sequence"
)

// Options say which stream it is and whom the order serves.
type Options struct {
	Prefix   string        // of the cluster's subjects, without a dot at its end
	Node     string        // tells this run of this node from all others: letters and digits
	Stream   string        // the stream's name: letters, digits, - and _
	Replicas func() int    // nodes that are to keep the stream, as far as is known now; 0: three where there are as many, else one
	Memory   bool          // they keep it in memory, and not in files
	Window   time.Duration // in which a repeat is known by its key
	Bytes    int64         // of events that the stream keeps, at least as many as each node
	Waiting  int           // bytes of events that may wait to be stored

	Eldest  func() bool                 // whether this node is the eldest of those that work together
	Now     func() time.Time            // never goes back
	Tokens  func(channel string) string // a channel's part of a subject
	Trouble func(why string)            // why this node's history is of no use yet or any more; empty: it is
	Missed  func(pattern string)        // subscribers of that may have missed events, which the stream has forgotten already
	Log     *slog.Logger                // for what an operator may have to do
}

// Errors of publishes. Beside these there are journal.ErrBusy, for what is not stored, and journal.ErrClosed.
var (
	// ErrUnknown means that nobody knows whether it is stored: the stream has not said so in time.
	ErrUnknown = errors.New("the cluster has not said whether it is stored")
	// ErrTogether means that more events were to be stored together than NATS takes.
	ErrTogether = fmt.Errorf("%w: more messages with a history than one publish may have in a cluster, at most %d: send them in parts", sequence.ErrTooLarge, mostTogether)
	// ErrLarge means that NATS takes no message of that size, or to a channel with a name of that length.
	ErrLarge = fmt.Errorf("%w: the message, or its channel's name, is longer than NATS takes", sequence.ErrTooLarge)
)

// Log is the order of a cluster's sequenced channels, as one node has it.
type Log struct {
	options Options
	local   *sequence.Local
	rest    sequence.Log
	wire    wire.Wire
	line    line
	feed    feed
	keeper  keeper
}

var _ sequence.Log = (*Log)(nil)

// New returns the order of which local, which is fed, remembers what is this node's. Rest is the order of what has no history. It does
// nothing before Run.
func New(local *sequence.Local, rest sequence.Log, w wire.Wire, o Options) *Log {
	l := &Log{options: o, local: local, rest: rest, wire: w}
	l.line.options, l.line.wire = &l.options, w
	l.feed.init(&l.options, w, local, &l.line)
	l.keeper = keeper{options: &l.options, wire: w, rules: local.Rules, line: &l.line, feed: &l.feed, trouble: "nothing is known yet"}
	return l
}

// Publish implements sequence.Log.
func (l *Log) Publish(e event.Event, behaviour rules.Behaviour, stored func(error)) {
	if !behaviour.History {
		l.rest.Publish(e, behaviour, stored)
		return
	}
	l.line.add([]event.Event{e}, nil, stored)
}

// PublishTogether implements sequence.Log.
func (l *Log) PublishTogether(events []event.Event, keys []string, stored func(error)) {
	l.line.add(events, keys, stored)
}

// Recall implements sequence.Log. A cursor that another node has given is waited for.
func (l *Log) Recall(q sequence.Query) {
	if l.feed.delay(q) {
		l.keeper.hurry()
		return
	}
	l.local.Recall(q)
}

// Ready tells whether this node has caught up with the stream.
func (l *Log) Ready() bool { return l.feed.ready() }

// Leader is the name of the NATS server that leads the stream, as far as this node knows; empty: none does.
func (l *Log) Leader() string {
	l.keeper.mu.Lock()
	defer l.keeper.mu.Unlock()
	if !l.keeper.silent.IsZero() {
		return ""
	}
	return l.keeper.leader
}

// How often Run looks at what waits: seldom, or often while something is awaited.
const (
	calm = 250 * time.Millisecond
	busy = 50 * time.Millisecond
)

// Run keeps the order until ctx is done. Whoever waits then is told that nothing is stored any more.
func (l *Log) Run(ctx context.Context) error {
	if err := l.begin(); err != nil {
		return err
	}
	defer l.line.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
			timer.Reset(l.tick())
		}
	}
}

// begin subscribes to all that it is told.
func (l *Log) begin() error {
	for _, s := range []struct {
		subject string
		handle  func(*wire.Message)
	}{
		{l.options.inbox() + ">", l.answered},
		{l.options.Prefix + ".r.>", l.feed.heard},
		{"$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED." + l.options.Stream, func(*wire.Message) { l.elected() }},
	} {
		if _, err := l.wire.Subscribe(s.subject, s.handle); err != nil {
			return err
		}
	}
	l.wire.Watch(func(up bool) {
		if !up {
			l.line.lost()
			return
		}
		l.elected()
	})
	return nil
}

// tick does what is due, and tells when to look again.
func (l *Log) tick() time.Duration {
	now := l.options.Now()
	if l.feed.unsure() {
		l.keeper.hurry()
	}
	working := l.keeper.tick(now)
	if l.keeper.leaderless(now) {
		l.line.unled()
	}
	working = l.line.tick(now) || working
	if l.feed.tick(now) || working {
		return busy
	}
	return calm
}

// elected has everything be asked at once that waits for a leader.
func (l *Log) elected() {
	l.line.repeat()
	l.keeper.again()
}

// The last tokens but one of subjects of answers.
const (
	ofPublish = "p"
	ofRead    = "r"
	ofStream  = "s"
)

// inbox is the start of the subjects of answers to this node.
func (o *Options) inbox() string { return o.Prefix + ".a." + o.Node + "." }

// answerTo is the subject of the answer to a question.
func (o *Options) answerTo(kind string, number uint64) string {
	return o.inbox() + kind + "." + strconv.FormatUint(number, 10)
}

// answered takes an answer to whoever has asked.
func (l *Log) answered(m *wire.Message) {
	kind, text, _ := strings.Cut(strings.TrimPrefix(m.Subject, l.options.inbox()), ".")
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return
	}
	switch kind {
	case ofPublish:
		l.line.answered(number, m)
	case ofRead:
		l.feed.answered(number, m)
	case ofStream:
		l.keeper.answered(number, m)
	}
}

// field is a field of a message's header, empty without one.
func field(m *wire.Message, name string) string {
	if list := m.Header[name]; len(list) > 0 {
		return list[0]
	}
	return ""
}

// cursors tells whether a query is for the past, and the greatest number that it goes on from.
func cursors(q *sequence.Query) (most int64, replays bool) {
	for _, w := range q.Wanted {
		if w.Replay && w.After != history.Tip {
			most, replays = max(most, w.After), true
		}
	}
	return most, replays
}
