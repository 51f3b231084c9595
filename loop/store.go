package loop

import (
	"context"
	"slices"
	"sync"
	"time"

	"halley/bayeux"
	"halley/bayeux/history"
	"halley/loop/journal"
)

// store is the one place through which sequenced channels go: their events get
// their number, are remembered and are posted to every interested loop under one
// lock, so that all subscribers see one order, and what is remembered meets what
// is live without gap or double.
type store struct {
	server  *Server
	mu      sync.Mutex
	past    *history.Store
	replays history.Replays // of past

	writing sync.Mutex // held from an event's number on until it stands in line for the file; before mu
	file    recorder   // nil without --history-file

	since   time.Time     // when the lock was taken
	longest time.Duration // that it was held
}

// recorder is what the store needs of a journal.File.
type recorder interface {
	Append(entries []history.Entry, stored func(error))
	Note(kind journal.Kind, id int64)
	Bloated(left int) bool
	Compact()
	LookAfter()
	Usage() (counts journal.Counts, failing bool)
	Close() error
}

func newStore(s *Server) *store {
	past := history.New(s.cfg.HistoryBytes)
	return &store{server: s, past: past, replays: history.Replays{
		Store: past, Queue: history.Part{Messages: s.cfg.QueueMessages, Bytes: s.cfg.QueueBytes}, Expired: history.Expired(s.cfg.HistoryExpired),
	}}
}

// open reads the history file, if there is one. Numbers begin with the time of the
// start in microseconds, or after those of the file: so those of a later run are
// greater, and a cursor of a run that is forgotten can be told from one of this.
func (st *store) open() error {
	s := st.server
	first := s.start.UnixMicro()
	if s.cfg.HistoryFile == "" {
		st.past.Begin(first, 0)
		return nil
	}
	file, err := journal.Open(journal.Options{
		Path: s.cfg.HistoryFile, Sync: journal.Sync(s.cfg.HistorySync), Most: s.cfg.MaxMailbox, Disk: s.cfg.disk,
		Log: s.cfg.Log, Trouble: func(why string) { s.health.trouble("history file", why) }, Image: st.image,
	}, st.load)
	if err != nil {
		return err
	}
	st.file = file
	known := st.past.Last() > 0
	st.past.Begin(first, unwritten)
	st.expireAll()
	switch last := st.past.Last(); {
	case file.Damaged:
		s.cfg.Log.Error("the history file is damaged: cursors from before are refused", "file", s.cfg.HistoryFile)
		st.past.Forget(last)
		file.Compact()
	case file.Old:
		s.cfg.Log.Info("the history file gets the form of this version", "file", s.cfg.HistoryFile)
		file.Compact()
	case known:
		file.Note(journal.Last, last)
	default:
		file.Note(journal.All, last)
	}
	return nil
}

// unwritten is more than the events that a crash of the machine can have kept from the
// file, and than the numbers of those that have no history. Subscribers may have seen
// them: their numbers are not given again, or who goes on from one of them would miss
// its namesake.
const unwritten = 1 << 20

// load remembers what a record of the history file tells. What its channel's rules
// do not keep any more is forgotten.
func (st *store) load(r journal.Record) {
	switch {
	case r.Kind == journal.All:
		st.past.Forget(r.ID)
	case r.Kind == journal.Gone:
		st.past.ForgetGone(r.ID)
	case r.Kind == journal.Event && r.Channel == "":
		st.past.ForgetUnlisted(r.ID) // how the first version of the file ended when it was written anew
	case r.Kind == journal.Last:
	case !st.server.rules.Of([]byte(r.Channel)).History:
		st.past.ForgetGone(r.ID)
	case r.Kind == journal.Floor:
		st.past.ForgetOf(r.Channel, r.ID)
	default:
		st.past.Add(r.Entry, st.server.rules.Of([]byte(r.Channel)).Keep)
	}
	if r.Kind != journal.Floor {
		st.past.Skip(r.ID)
	}
}

// sequenced is an event with its number.
type sequenced struct {
	event     bayeux.Event
	id, at    int64
	behaviour bayeux.Behaviour
}

// publish gives e its number and brings it to its subscribers. Where its channel has
// a history and there is a file, that waits until the event is written; stored is
// called when it is as safe as was asked for, or cannot be: then nobody gets it.
func (st *store) publish(e bayeux.Event, b bayeux.Behaviour, stored func(error)) {
	if st.file != nil && b.History {
		st.write([]bayeux.Event{e}, stored)
		return
	}
	st.lock()
	defer st.unlock()
	id := st.past.Next()
	st.past.Skip(id)
	q := st.numbered(e, id, st.server.now(), b)
	st.deliver(&q)
	stored(nil)
}

// numbered is e with a number, which its subscribers see if its channel has a history.
func (st *store) numbered(e bayeux.Event, id, now int64, b bayeux.Behaviour) sequenced {
	switch {
	case !b.History:
	case st.server.cfg.Profile == salesforce:
		e = e.ForSalesforce(id, now)
	default:
		e = e.Numbered(id)
	}
	return sequenced{e, id, now, b}
}

// entry is q as it is remembered.
func (q *sequenced) entry() history.Entry {
	return history.Entry{ID: q.id, At: q.at, Channel: q.event.Channel(), Event: string(q.event)}
}

// deliver remembers q and posts it to every interested loop.
func (st *store) deliver(q *sequenced) {
	if q.behaviour.Remembered() {
		st.past.Add(q.entry(), q.behaviour.Keep)
	}
	set := st.server.interest.Of(q.event.Channel())
	set.Each(func(loop uint16) { st.server.post(loop, entry{kind: entryPublish, event: q.event}, nil) })
}

// write has events of channels with a history written, together or not at all, and
// delivered then. What could not be written is neither remembered nor delivered.
// Writers wait for each other, since the file has the order of the numbers; the store's
// lock is only held to take these.
func (st *store) write(events []bayeux.Event, stored func(error)) {
	st.writing.Lock()
	defer st.writing.Unlock()
	st.lock()
	first, now := st.past.Next(), st.server.now()
	st.past.Skip(first + int64(len(events)) - 1)
	st.unlock()
	list, entries := make([]sequenced, 0, len(events)), make([]history.Entry, 0, len(events))
	for i, e := range events {
		q := st.numbered(e, first+int64(i), now, st.server.rules.Of([]byte(e.Channel())))
		list, entries = append(list, q), append(entries, q.entry())
	}
	st.file.Append(entries, func(err error) {
		if err == nil {
			st.commit(list)
		}
		stored(err)
	})
}

// commit delivers what is written.
func (st *store) commit(list []sequenced) {
	for part := range slices.Chunk(list, hold) {
		st.lock()
		for i := range part {
			st.deliver(&part[i])
		}
		st.unlock()
	}
}

// hold is how many entries are worked on at most before the lock is given to others.
const hold = 1000

// lock takes the lock, and unlock gives it back: neither is far from the other.
func (st *store) lock() {
	st.mu.Lock()
	st.since = time.Now()
}

func (st *store) unlock() {
	st.longest = max(st.longest, time.Since(st.since))
	st.mu.Unlock()
}

// image hands what is remembered to put, part by part: of events those up to a number.
func (st *store) image(upto int64, put func(history.Image)) {
	st.lock()
	imaging := st.past.Image(upto)
	st.unlock()
	for more := true; more; {
		var part history.Image
		st.lock()
		if part, more = imaging.Next(hold); !more {
			part = imaging.End()
		}
		st.unlock()
		put(part)
	}
}

// expireEvery is how often the store looks for what has become too old.
const expireEvery = time.Second

// expire forgets what has become too old, until ctx is done, and keeps the history
// file small and safe.
func (st *store) expire(ctx context.Context) {
	ticker := time.NewTicker(expireEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		kept := st.expireAll()
		if st.file != nil {
			if st.file.Bloated(kept) {
				st.file.Compact()
			}
			st.file.LookAfter()
		}
	}
}

// expireAll forgets what has become too old, and tells how much with a history is
// left.
func (st *store) expireAll() (kept int) {
	for more := true; more; {
		st.lock()
		more = st.past.Expire(st.server.now(), hold)
		kept = st.past.Kept()
		st.unlock()
	}
	return kept
}

// forgetHalf forgets the older half of what is remembered, a part at a time. Cursors
// into it are refused, as with --history-bytes.
func (st *store) forgetHalf() {
	st.lock()
	half := st.past.Bytes() / 2
	st.unlock()
	for more := true; more; {
		st.lock()
		more = st.past.Shrink(half)
		st.unlock()
	}
}

// usage tells of the store in stats.
func (st *store) usage(stats *Stats) {
	st.lock()
	stats.HistoryEvents, stats.HistoryBytes = st.past.Len(), st.past.Bytes()
	stats.HistoryPages, stats.HistoryRead = st.replays.Pages, st.replays.Events
	stats.HistoryLongestHold = st.longest
	st.unlock()
	if st.file == nil {
		return
	}
	counts, failing := st.file.Usage()
	stats.HistoryRefused, stats.HistoryRewrites, stats.HistoryRewriteErrors = counts.Refused, counts.Rewrites, counts.RewriteErrors
	if failing {
		stats.HistoryFailing = 1
	}
}

// close flushes the history file.
func (st *store) close() error {
	if st.file == nil {
		return nil
	}
	return st.file.Close()
}
