// Proved by TestFanoutAgainstModel and TestPastEndsWhatWaits.

package fanout

import (
	"halley/bayeux/rules"
	"halley/bayeux/slab"
	"halley/bayeux/wheel"
)

// pauses keep the least time between two events of a key for a session: the first goes at
// once, and of those that come before the time is over the latest waits.
type pauses struct {
	slab.List[pause]
	byKey     map[pauseKey]uint32  // numbers of pauses
	ofSession map[uint32]pauseList // by slot
	wheel     *wheel.Wheel
}

// pause is the time in which a session gets no event of a key. It ends with its session.
type pause struct {
	slot  uint32
	key   uint32
	seen  uint64 // events of the key that went before, or that the session has
	links [2]link
}

// pauseKey finds the pause of a session for a conflation key.
type pauseKey struct{ slot, key uint32 }

// pauseBytes is about what a pause takes, with its places in the map and the wheel.
const pauseBytes = 96

const (
	wheelTick  = 100 // milliseconds
	wheelSlots = 2048
)

func newPauses(now int64) pauses {
	return pauses{byKey: make(map[pauseKey]uint32), ofSession: make(map[uint32]pauseList),
		wheel: wheel.New(wheelTick, wheelSlots, now)}
}

// Pauses is the number of pauses: while there are some, Due wants to be called.
func (f *Fanout) Pauses() int { return len(f.pauses.byKey) }

// paused tells whether a session pauses for a key.
func (f *Fanout) paused(slot, key uint32) bool {
	_, paused := f.pauses.byKey[pauseKey{slot, key}]
	return paused
}

// pauseUnits is what a pause that begins counts for beside its event: it takes its places in three tables, which are large where
// there are many pauses.
const pauseUnits = 5

// begin starts a pause.
func (f *Fanout) begin(deadline int64, p pause) {
	f.work.Spend(pauseUnits)
	i := f.pauses.Take(p)
	f.pauses.byKey[pauseKey{p.slot, p.key}] = i
	list := f.pauses.ofSession[p.slot]
	f.pauses.push(&list, bySession, i)
	f.pauses.ofSession[p.slot] = list
	f.marks.set(p.slot, hasPause, true)
	f.pauses.push(&f.latest.At(p.key).waiting, byKey, i)
	f.sessions.Reserve(p.slot, pauseBytes)
	f.pauses.wheel.Set(i, deadline)
}

// end ends a pause of a session that is still there.
func (f *Fanout) end(i uint32) {
	p := *f.pauses.At(i)
	delete(f.pauses.byKey, pauseKey{p.slot, p.key})
	list := f.pauses.ofSession[p.slot]
	if f.pauses.cut(&list, bySession, i); list.first == 0 {
		delete(f.pauses.ofSession, p.slot)
		f.marks.set(p.slot, hasPause, false)
	} else {
		f.pauses.ofSession[p.slot] = list
	}
	f.sessions.Reserve(p.slot, -pauseBytes)
	f.pauses.wheel.Cancel(i)
	f.pauses.cut(&f.latest.At(p.key).waiting, byKey, i)
	f.findBearer(p.key)
	f.latest.Drop(p.key)
	f.pauses.Release(i)
}

// endAll ends all pauses of a session.
func (f *Fanout) endAll(slot uint32) {
	for list := f.pauses.ofSession[slot]; list.first != 0; list = f.pauses.ofSession[slot] {
		f.work.Spend(1)
		f.end(list.first - 1)
	}
}

// see notes that the session of a pause has the latest event of its key.
func (f *Fanout) see(i uint32) {
	p := f.pauses.At(i)
	l := f.latest.At(p.key)
	p.seen = l.count
	f.pauses.cut(&l.waiting, byKey, i)
	f.pauses.push(&l.waiting, byKey, i)
}

// skip drops what a session would get after its pause for a key, but not the pause.
func (f *Fanout) skip(slot uint32, key []byte) {
	id := f.latest.Find(key)
	if i, paused := f.pauses.byKey[pauseKey{slot, id}]; paused && id != 0 {
		f.see(i)
		f.findBearer(id)
	}
}

// Due gives what has come meanwhile to the sessions whose pauses are over. It tells
// whether it may have left some of them for the next call.
func (f *Fanout) Due(now int64) (more bool) {
	for n := 0; n == 0 || !f.work.Tired(); n++ {
		i, due := f.pauses.wheel.Next(now)
		if !due {
			return false
		}
		f.together(now, i)
	}
	return true
}

// together ends a pause that is over, and with it those of the same session that have begun after it and are over too: what
// they have kept from the session goes out in one write.
func (f *Fanout) together(now int64, i uint32) {
	for {
		next := f.pauses.At(i).links[bySession].next
		f.work.Spend(1)
		f.over(now, i)
		if next == 0 || !f.pauses.wheel.Passed(next-1, now) {
			return
		}
		i = next - 1
		f.pauses.wheel.Cancel(i)
	}
}

// over gives a session what its pause has kept from it, and ends the pause unless the next one begins with that.
func (f *Fanout) over(now int64, i uint32) {
	defer f.contain(f.pauses.At(i).slot)
	if !f.serve(now, i) {
		f.end(i)
	}
}

// serve gives a session the news of its pause, and tells whether the next pause begins.
// Without news the session gets the next event as it comes.
func (f *Fanout) serve(now int64, i uint32) (paused bool) {
	p := f.pauses.At(i)
	slot, l := p.slot, f.latest.At(p.key)
	name := f.text(f.latest.Name(p.key)[:l.channel])
	if !f.covers(slot, name) {
		return false
	}
	b := f.rules.Of(name)
	interval := f.interval(slot, name, b)
	if f.giveNews(i, b, interval > 0) {
		if interval > 0 {
			f.pauses.wheel.Set(i, now+interval)
		}
		return interval > 0
	}
	if interval > 0 {
		l.ready = append(l.ready, member{slot, interval})
	}
	return false
}

// giveNews gives a session the latest event that has come since its pause began, and tells
// whether there is one. An event that its replay brings is not given to it twice.
func (f *Fanout) giveNews(i uint32, b *rules.Behaviour, limited bool) bool {
	p := f.pauses.At(i)
	slot, l := p.slot, f.latest.At(p.key)
	news, e := l.count-p.seen, l.event
	if news == 0 || f.sessions.Replays(slot, e) {
		return false
	}
	f.conflated += news - 1
	d := Delivery{Event: e}
	f.see(i)
	f.findBearer(p.key)
	if b.Conflate || limited {
		d.Key = f.key(e, b.Key)
	}
	f.deliver(slot, d)
	return true
}
