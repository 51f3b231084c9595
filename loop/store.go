package loop

import (
	"context"
	"sync"
	"time"

	"halley/bayeux"
	"halley/bayeux/history"
)

// store is the one place through which sequenced channels go: their events get
// their number, are remembered and are posted to every interested loop under one
// lock, so that all subscribers see one order, and what is remembered meets what
// is live without gap or double.
type store struct {
	server *Server
	mu     sync.Mutex
	past   *history.Store
	file   *journal // nil without --history-file

	since           time.Time     // when the lock was taken
	longest         time.Duration // that it was held
	pages, recalled uint64        // parts of the past, and events in them
}

func newStore(s *Server) *store {
	return &store{server: s, past: history.New(s.cfg.HistoryBytes)}
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
	file, err := openJournal(s.cfg.HistoryFile, journalSync(s.cfg.HistorySync), st.load, st.image)
	if err != nil {
		return err
	}
	st.file = file
	known := st.past.Last() > 0
	st.past.Begin(first, unwritten)
	st.expireAll()
	switch last := st.past.Last(); {
	case file.damaged:
		s.cfg.Log.Error("the history file is damaged: cursors from before are refused", "file", s.cfg.HistoryFile)
		st.past.Forget(last)
		file.compact()
	case known:
		file.note(recordLast, last)
	default:
		file.note(recordAll, last)
	}
	return nil
}

// unwritten is more than the events that a crash can have kept from the file.
// Subscribers may have seen them, for they wait for no write: their numbers are not
// given again, or who goes on from one of them would miss its namesake.
const unwritten = 1 << 20

// load remembers what a record of the history file tells. What its channel's rules
// do not keep any more is forgotten.
func (st *store) load(r record) {
	switch {
	case r.kind == recordAll:
		st.past.Forget(r.ID)
	case r.kind == recordGone:
		st.past.ForgetGone(r.ID)
	case r.kind == recordEvent && r.Channel == "":
		st.past.ForgetUnlisted(r.ID) // how the first version of the file ended when it was written anew
	case r.kind == recordLast:
	case !st.server.rules.Of([]byte(r.Channel)).History:
		st.past.ForgetGone(r.ID)
	case r.kind == recordFloor:
		st.past.ForgetOf(r.Channel, r.ID)
	default:
		st.past.Add(r.Entry, st.server.rules.Of([]byte(r.Channel)).Keep)
	}
	if r.kind != recordFloor {
		st.past.Skip(r.ID)
	}
}

// publish gives e its number and brings it to its subscribers. stored is called
// when a channel's history is as safe as was asked for, at once if there is no
// file.
func (st *store) publish(e bayeux.Event, b bayeux.Behaviour, stored func(error)) {
	st.lock()
	defer st.unlock()
	id := st.past.Next()
	if b.Remembered() {
		e = st.remember(e, id, b, stored)
	} else {
		st.past.Skip(id)
		stored(nil)
	}
	set := st.server.interest.of(e.Channel())
	set.each(func(loop uint16) { st.server.post(loop, entry{kind: entryPublish, event: e}, nil) })
}

func (st *store) remember(e bayeux.Event, id int64, b bayeux.Behaviour, stored func(error)) bayeux.Event {
	now := st.server.now()
	if b.History {
		e = st.server.numbered(e, id, now)
	}
	past := history.Entry{ID: id, At: now, Channel: e.Channel(), Event: string(e)}
	st.past.Add(past, b.Keep)
	if st.file == nil || !b.History {
		stored(nil)
		return e
	}
	st.file.append(past, stored)
	return e
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

// image hands what is remembered to put, part by part.
func (st *store) image(put func(history.Image)) {
	st.lock()
	imaging := st.past.Image()
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
			if st.file.bloated(kept) {
				st.file.compact()
			}
			st.file.beat()
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

// usage tells of the store in stats.
func (st *store) usage(stats *Stats) {
	st.lock()
	defer st.unlock()
	stats.HistoryEvents, stats.HistoryBytes = st.past.Len(), st.past.Bytes()
	stats.HistoryPages, stats.HistoryRead = st.pages, st.recalled
	stats.HistoryLongestHold = st.longest
}

// close flushes the history file.
func (st *store) close() error {
	if st.file == nil {
		return nil
	}
	return st.file.close()
}

// numbered writes an event's number into it, for its subscribers to go on from.
func (s *Server) numbered(e bayeux.Event, id, now int64) bayeux.Event {
	if s.cfg.Profile == salesforce {
		return e.ForSalesforce(id, now)
	}
	return e.Numbered(id)
}
