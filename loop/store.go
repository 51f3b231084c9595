package loop

import (
	"context"
	"strconv"
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
}

func newStore(s *Server) *store {
	return &store{server: s, past: history.New(s.cfg.HistoryBytes)}
}

// open reads the history file, if there is one. Numbers begin with the time of the
// start in microseconds, or after those of the file: so those of a later run are
// greater, and a cursor of a run that is forgotten can be told from one of this.
func (st *store) open() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	s := st.server
	first := s.start.UnixMicro()
	if s.cfg.HistoryFile == "" {
		st.past.Begin(first, 0)
		return nil
	}
	file, err := openJournal(s.cfg.HistoryFile, journalSync(s.cfg.HistorySync), st.load)
	if err != nil {
		return err
	}
	st.file = file
	known := st.past.Last() > 0
	st.past.Begin(first, unwritten)
	st.past.Expire(s.now())
	switch last := st.past.Last(); {
	case file.damaged:
		s.cfg.Log.Error("the history file is damaged: cursors from before are refused", "file", s.cfg.HistoryFile)
		st.past.Forget(last)
		file.compact(st.past.Image())
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
	st.mu.Lock()
	defer st.mu.Unlock()
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

// join takes what is remembered of the wanted patterns and posts it to the loop
// that asked, behind all that was published before.
func (st *store) join(loop uint16, ticket bayeux.Ticket, wanted []bayeux.Wanted) {
	st.mu.Lock()
	defer st.mu.Unlock()
	past := st.recall(wanted)
	st.server.post(loop, entry{kind: entryCall, call: func(r *reactor) {
		r.core.Joined(r.now(), ticket, past, &r.fx)
		r.perform()
	}}, nil)
}

// read takes the next part of a session's replay, as join does.
func (st *store) read(loop uint16, session bayeux.Address, ticket bayeux.Ticket, wanted []bayeux.Wanted) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.past.Expire(st.server.now())
	var past bayeux.Remembered
	for _, w := range wanted {
		entries, ok := st.past.Replay(past.Entries, []byte(w.Pattern), w.After)
		if past.Entries = entries; !ok {
			past.Missed = append(past.Missed, w.Pattern)
		}
	}
	past.Entries, past.Upto = st.page(past.Entries)
	st.server.post(loop, entry{kind: entryCall, call: func(r *reactor) { r.core.Recalled(session, ticket, past) }}, nil)
}

func (st *store) recall(wanted []bayeux.Wanted) (past bayeux.Remembered) {
	st.past.Expire(st.server.now())
	var replayed []history.Entry
	for _, w := range wanted {
		if !w.Replay {
			past.Entries = st.past.Snapshot(past.Entries, []byte(w.Pattern), func(name string) bool {
				return st.server.rules.Of([]byte(name)).Snapshot
			})
			continue
		}
		entries, ok := st.past.Replay(replayed, []byte(w.Pattern), w.After)
		if !ok {
			if w.Lenient {
				past.Missed = append(past.Missed, w.Pattern)
			}
			if entries, w.After, ok = st.instead(replayed, entries, w); !ok {
				return bayeux.Remembered{Failure: "400::The replayId {" + strconv.FormatInt(w.After, 10) + "} you provided was invalid"}
			}
		}
		past.Entries = st.late(past.Entries, w)
		replayed, past.Replays = entries, append(past.Replays, w)
	}
	replayed, past.Upto = st.page(replayed)
	past.Entries = history.Merge(append(past.Entries, replayed...))
	return past
}

// late appends the last events of channels with a rate and a snapshot that a cursor is
// past: they may have waited for their turn while others moved the cursor on.
func (st *store) late(entries []history.Entry, w bayeux.Wanted) []history.Entry {
	last := st.past.Snapshot(nil, []byte(w.Pattern), func(name string) bool {
		b := st.server.rules.Of([]byte(name))
		return b.Snapshot && b.Interval > 0
	})
	for _, e := range last {
		if e.ID <= w.After {
			entries = append(entries, e)
		}
	}
	return entries
}

// page is as much of what is replayed as may wait for a client at once.
func (st *store) page(entries []history.Entry) (page []history.Entry, upto int64) {
	return bayeux.Page(history.Merge(entries), st.server.cfg.QueueMessages, st.server.cfg.QueueBytes)
}

// instead is what a client gets whose cursor stands for nothing that is still
// remembered: by --history-expired an error, all that is, or nothing.
func (st *store) instead(before, found []history.Entry, w bayeux.Wanted) (_ []history.Entry, after int64, ok bool) {
	switch policy := st.server.cfg.HistoryExpired; {
	case policy == "earliest", policy == "error" && w.Lenient:
		all, _ := st.past.Replay(before, []byte(w.Pattern), history.Earliest)
		return all, history.Earliest, true
	case policy == "tip":
		return before, history.Tip, true
	}
	return found, w.After, false
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
		st.mu.Lock()
		st.past.Expire(st.server.now())
		if st.file != nil && st.file.bloated(st.past.Kept()) {
			st.file.compact(st.past.Image())
		}
		st.mu.Unlock()
		if st.file != nil {
			st.file.beat()
		}
	}
}

// usage tells how many events are remembered and about how many bytes they take.
func (st *store) usage() (events, bytes int) {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.past.Len(), st.past.Bytes()
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
