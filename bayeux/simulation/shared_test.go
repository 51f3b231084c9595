package simulation

import (
	"strings"

	"halley/bayeux"
	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/rules"
)

// interest is which loops have subscribers of a pattern, as one would write it
// without a thought of cost.
type interest map[string]map[uint16]bool

func (x interest) add(pattern string, loop uint16) {
	if x[pattern] == nil {
		x[pattern] = make(map[uint16]bool)
	}
	x[pattern][loop] = true
}

func (x interest) remove(pattern string, loop uint16) {
	delete(x[pattern], loop)
	if len(x[pattern]) == 0 {
		delete(x, pattern)
	}
}

func (x interest) of(name string) map[uint16]bool {
	set := make(map[uint16]bool)
	add := func(pattern string) {
		for l := range x[pattern] {
			set[l] = true
		}
	}
	add(name)
	for end := len(name); ; {
		end = strings.LastIndexByte(name[:end], '/')
		if end < 0 {
			return set
		}
		if !strings.Contains(name[end+1:], "/") {
			add(name[:end] + "/*")
		}
		add(name[:end] + "/**")
	}
}

// browsers counts held polls.
type browsers map[uint64]int

func (b browsers) Hold(browser uint64) int {
	b[browser]++
	return b[browser]
}

// Named implements bayeux.Browsers; no client here names its browser.
func (b browsers) Named([]byte) uint64 { return 0 }

func (b browsers) Release(browser uint64) {
	if b[browser]--; b[browser] == 0 {
		delete(b, browser)
	}
}

// store is the sequence of events of channels that have one order, over the real
// history. What it does happens at once, as if under a lock.
type store struct {
	w       *world
	past    *history.Store
	replays history.Replays // of past
	journal []record        // what the history file has
	writes  []func()        // what follows the writes that are under way
}

// record is an entry with what its channel keeps.
type record struct {
	entry history.Entry
	keep  history.Keep
}

const historyBytes = 1 << 20

func newStore(w *world) *store {
	past := history.New(historyBytes)
	queue := history.Part{Messages: w.plan.queueMessages, Bytes: w.plan.queueBytes}
	return &store{w: w, past: past, replays: history.Replays{Store: past, Queue: queue, Expired: history.Refused}}
}

// reborn is the store after a restart: with what the file had, or empty.
func (s *store) reborn(kept bool) *store {
	next := newStore(s.w)
	if !kept {
		return next
	}
	for _, r := range s.journal {
		next.past.Add(r.entry, r.keep)
	}
	next.journal = s.journal
	next.past.Expire(s.w.now, historyBytes)
	return next
}

// publish gives e its number and commits it. Where it has to be written first that
// happens later, in the order of the numbers of those that are written: what needs no
// file passes them.
func (s *store) publish(e event.Event, stored func()) {
	b, number := s.w.rules.Of([]byte(e.Channel())), s.past.Next()
	s.past.Skip(number)
	commit := func() {
		s.commit(e, number, b)
		stored()
	}
	if b.History && s.w.plan.durable {
		s.writes = append(s.writes, commit)
	} else {
		commit()
	}
}

// written lets the first n writes that are under way end.
func (s *store) written(n int) {
	for ; n > 0 && len(s.writes) > 0; n-- {
		commit := s.writes[0]
		s.writes = s.writes[1:]
		commit()
	}
}

// commit remembers e and posts it to every interested loop.
func (s *store) commit(e event.Event, number int64, b rules.Behaviour) {
	w, id := s.w, number
	if w.strikes(bugIDs, 40) && b.Remembered() {
		id -= 2
	}
	w.model.sequence(e, number)
	if b.History {
		e = e.Numbered(id)
	}
	if b.Remembered() {
		r := record{history.Entry{ID: number, At: w.now, Channel: e.Channel(), Event: string(e)}, b.Keep}
		s.past.Add(r.entry, r.keep)
		if b.History && w.plan.keeps {
			s.journal = append(s.journal, r)
		}
	}
	set := w.interest.of(e.Channel())
	for _, l := range w.loops {
		if set[l.id] {
			l.post(entryPublish, func(l *loop) { l.deliver(e) })
		}
	}
}

// join posts what is remembered of wanted, behind all that was published before.
func (s *store) join(l *loop, ticket bayeux.Ticket, wanted []history.Wanted) {
	s.past.Expire(s.w.now, historyBytes)
	past := s.replays.First(wanted)
	if s.w.strikes(bugSnapshotTwice, 3) && len(past.Entries) > 0 {
		past.Entries = append(past.Entries, past.Entries[len(past.Entries)-1])
	}
	joined := func(l *loop) { l.answer(bayeux.Report{Kind: bayeux.Joined, Ticket: ticket, Past: &past}) }
	if len(l.mailbox) > 0 && s.w.strikes(bugEarlyJoin, 2) {
		l.mailbox = append([]entry{{kind: entryCall, run: joined}}, l.mailbox...)
		return
	}
	l.post(entryCall, joined)
}

// read posts the next part of a session's replay.
func (s *store) read(l *loop, session bayeux.Address, ticket bayeux.Ticket, wanted []history.Wanted) {
	s.past.Expire(s.w.now, historyBytes)
	past := s.replays.Next(nil, wanted)
	for _, pattern := range past.Missed {
		s.w.model.sessions[session].overtaken[pattern] = true
	}
	if n := len(past.Entries); n > 1 && s.w.strikes(bugSkipPast, 4) {
		past.Entries = past.Entries[n/2:]
	}
	recalled := func(l *loop) {
		l.answer(bayeux.Report{Kind: bayeux.Recalled, Session: session, Ticket: ticket, Past: &past})
	}
	if len(l.mailbox) > 0 && s.w.strikes(bugEarlyRead, 1) {
		l.mailbox = append([]entry{{kind: entryCall, run: recalled}}, l.mailbox...)
		return
	}
	l.post(entryCall, recalled)
}

func matches(pattern, name string) bool { return channel.Matches([]byte(pattern), []byte(name)) }
