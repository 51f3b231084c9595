package order

import (
	"sync"
	"sync/atomic"
	"time"

	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/loop/cluster/wire"
	"halley/loop/sequence"
)

// The feed is what this node hears of the stream. The stream gives each event the next number, so one that does not follow the last
// one heard shows that something is missing: it is held, and what is missing is read from the stream. Nothing is delivered before it.
// What the stream has deleted is not there to be read; that is seen by the next number that is.

// feed is how far this node has come with the stream.
type feed struct {
	options *Options
	wire    wire.Wire
	local   *sequence.Local
	line    *line

	wanted atomic.Bool // a channel has a history

	mu      sync.Mutex
	phase   phase
	last    int64                  // all up to this number is fed
	goal    int64                  // the greatest number that the stream is known to have given
	from    int64                  // the first number that was read since the stream's state was known; 0: none was
	created time.Time              // the stream was made then
	told    int64                  // the last number of the stream, as its leader has said
	backs   int                    // so often its state had less than was heard
	missed  bool                   // what is live was lost
	held    map[int64]sequence.Fed // what has come behind something that is missing
	size    int                    // bytes of it
	read    *reading               // of what is missing; nil: nothing is read
	asked   uint64                 // numbers given to reads
	queries []query                // for the past
	counts  feedCounts
}

// phase is how far a node is.
type phase uint8

const (
	waiting  phase = iota // for the stream
	catching              // up with what it has
	live                  // what comes is delivered
)

// feedCounts are what a feed counts.
type feedCounts struct{ heard, copies, read, healed, lost, foreign, renewed uint64 }

// mostHeld is how many bytes are held of what came behind something that is missing. What is beyond that is read, too.
const mostHeld = 8 << 20

// init has the feed begin with nothing.
func (f *feed) init(o *Options, w wire.Wire, local *sequence.Local, line *line) {
	f.options, f.wire, f.local, f.line, f.held = o, w, local, line, make(map[int64]sequence.Fed)
	f.wanted.Store(historied(*local.Rules()))
}

// ready tells whether this node has caught up.
func (f *feed) ready() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.phase == live
}

// heard takes an event that the stream has passed on.
func (f *feed) heard(m *wire.Message) {
	number, e, ok := f.parse(m)
	if number == 0 {
		return
	}
	f.do(func() {
		switch {
		case number <= f.last:
			f.counts.copies++
		case f.phase == live && f.read == nil && number == f.last+1:
			f.counts.heard++
			f.feed(number, e, ok)
		default:
			f.hold(number, e, ok)
		}
	})
}

// do changes the feed, and tells others what came of it.
func (f *feed) do(change func()) {
	f.mu.Lock()
	change()
	f.take()
	last, answers, missed := f.last, f.due(), f.missed
	f.missed = false
	f.mu.Unlock()
	f.line.heard(last)
	if missed {
		f.tellMissed()
	}
	for _, answer := range answers {
		answer()
	}
}

// parse reads an event with its number. It is not ok if it is none of ours: then its number alone counts. Without a number it is
// no event of the stream at all.
func (f *feed) parse(m *wire.Message) (number int64, fed sequence.Fed, ok bool) {
	if field(m, "Nats-Stream") != f.options.Stream {
		return 0, fed, false
	}
	number = numberOf(field(m, "Nats-Sequence"))
	at, err := time.Parse(time.RFC3339Nano, field(m, "Nats-Time-Stamp"))
	e := event.Event(m.Data)
	if err != nil || !e.Valid() || f.options.Prefix+".h."+f.options.Tokens(e.Channel()) != field(m, "Nats-Subject") {
		return number, fed, false
	}
	entry := history.Entry{ID: number, At: at.UnixMilli(), Channel: e.Channel(), Event: string(e)}
	return number, sequence.Fed{Entry: entry, Here: field(m, nodeField) == f.options.Node}, true
}

// feed remembers an event, and has it delivered if it is live.
func (f *feed) feed(number int64, e sequence.Fed, ok bool) {
	if f.last = number; ok {
		f.local.Feed([]sequence.Fed{e}, f.phase == live)
	} else {
		f.counts.foreign++
	}
	f.goal = max(f.goal, number)
}

// hold keeps an event until what is missing before it is there.
func (f *feed) hold(number int64, e sequence.Fed, ok bool) {
	f.goal = max(f.goal, number)
	if _, known := f.held[number]; known {
		f.counts.copies++
		return
	}
	size := len(e.Event) + len(e.Channel) + messageCost
	if f.size+size > mostHeld {
		return
	}
	if !ok {
		e.ID = -number // none of ours
	}
	f.held[number] = e
	f.size += size
}

// take feeds what was held and follows now, and reads what is missing.
func (f *feed) take() {
	if f.phase == waiting {
		return
	}
	var list []sequence.Fed
	for e, held := f.held[f.last+1]; held; e, held = f.held[f.last+1] {
		f.last++
		f.release(f.last)
		if f.counts.heard++; e.ID < 0 {
			f.counts.foreign++
			continue
		}
		list = append(list, e)
	}
	if len(list) > 0 {
		f.local.Feed(list, f.phase == live)
	}
	if f.last >= f.goal {
		f.read = nil
	} else if f.read == nil {
		f.begin()
	}
}

// release drops what is held under a number.
func (f *feed) release(number int64) {
	e := f.held[number]
	f.size -= len(e.Event) + len(e.Channel) + messageCost
	delete(f.held, number)
}

// skip goes on behind numbers that the stream has deleted.
func (f *feed) skip(last int64) {
	if last <= f.last {
		return
	}
	if f.phase == live {
		f.counts.lost += uint64(last - f.last)
		f.missed = true
	}
	f.last = last
	for number := range f.held {
		if number <= last {
			f.release(number)
		}
	}
}

// state is what the stream has, as its leader says.
type state struct {
	first, last int64 // of an empty one first is last + 1
	created     time.Time
	asked       time.Time // when the question went
	fed         int64     // up to that number this node had heard then
}

// learn takes the state of the stream.
func (f *feed) learn(s state) {
	f.do(func() {
		switch {
		case f.phase == waiting:
			f.local.Renew(s.first)
			f.start(s)
		case s.created.Before(f.created): // of a leader that is none any more
			return
		case s.created.After(f.created):
			f.renew(s)
		case s.last < s.fed:
			if f.backs++; f.backs < mostBacks {
				return
			}
			f.goBack(s)
		}
		f.backs = 0
		f.check(s)
	})
}

// mostBacks is how often the stream says that it has less than this node has heard, before that is so: a leader that is none any more
// may say it for a while.
const mostBacks = 5

// check goes on by the state of a stream that is the one that is known.
func (f *feed) check(s state) {
	if f.from == 0 && f.last < s.last {
		f.from = f.last + 1
	}
	if unread := s.first - 1; f.from != 0 && unread >= f.from { // too old, or too much, before it was read
		f.local.Forget(unread)
		f.skip(unread)
	}
	f.told, f.goal = s.last, max(f.goal, s.last)
	if f.last < f.goal {
		return
	}
	f.phase, f.from = live, 0
	for i := range f.queries {
		if h := &f.queries[i]; h.after > s.last && h.came.Before(s.asked) {
			h.after = 0 // it is of no stream, and its refusal waits for nothing
		}
	}
}

// start begins with what the stream has.
func (f *feed) start(s state) {
	clear(f.held)
	f.phase, f.created, f.size, f.read, f.backs = catching, s.created, 0, nil, 0
	f.last, f.goal, f.from = s.first-1, s.last, s.first
}

// renew begins with another stream. What it has is new to the subscribers here, if its numbers are.
func (f *feed) renew(s state) {
	if s.first <= f.last {
		f.goBack(s)
		return
	}
	f.options.Log.Warn("the stream of the cluster's history was made anew: what was remembered of the one before is forgotten", "stream", f.options.Stream)
	f.counts.renewed++
	f.local.Renew(s.first)
	f.skip(s.first - 1)
	f.created, f.read = s.created, nil
}

// goBack begins with a stream whose numbers are less than some that were given. Nobody may go on from one of these.
func (f *feed) goBack(s state) {
	f.options.Log.Error("the numbers of the cluster's history have gone back: its stream has lost events, or was restored", "stream", f.options.Stream,
		"from", f.last, "to", s.last)
	f.counts.renewed++
	f.local.Renew(max(f.last, f.goal) + 1)
	f.start(s)
	f.missed = true
}

// tellMissed has subscribers of channels with a history be told that events of theirs may be missing.
func (f *feed) tellMissed() {
	rules := *f.local.Rules()
	for i := range rules {
		if rules[i : i+1].Of([]byte(rules[i].Pattern)).History {
			f.options.Missed(rules[i].Pattern)
		}
	}
}

// tick goes on with what takes too long. It tells whether something is awaited.
func (f *feed) tick(now time.Time) (working bool) {
	f.mu.Lock()
	if r := f.read; r != nil && now.After(r.until) {
		if r.number != 0 { // nothing came of it
			f.idle()
		}
		f.begin()
	}
	working = f.read != nil || f.phase != live && f.wanted.Load() || len(f.queries) > 0
	late := f.late(now)
	f.mu.Unlock()
	for _, answer := range late {
		answer()
	}
	return working
}

// lag is how many events this node is behind.
func (f *feed) lag() int64 { return max(0, f.goal-f.last) }

// reached is the number up to which this node has all.
func (f *feed) reached() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// progress is how far this node has come.
func (f *feed) progress() (last, goal int64, ready bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last, f.goal, f.phase == live
}
