// Proved by TestFanoutAgainstModel and TestReplaysGoFirst.

package fanout

import (
	"halley/bayeux/channel"
	"halley/bayeux/rules"
)

// audience is what is known of the subscribers of a channel, some of which are limited.
type audience struct {
	stamp   channel.Stamp        // of the subscribers that it was made of
	number  uint64               // no other audience has it
	limited bool                 // there are some with a limit
	direct  []channel.Subscriber // the others
}

// audiences are those of channels that events were offered of.
type audiences struct {
	of     map[string]*audience // by channel
	number uint64               // of the newest
}

// maxAudiences bounds the memory of audiences; those beyond it are made anew.
const maxAudiences = 8192

func newAudiences() audiences { return audiences{of: make(map[string]*audience)} }

// audienceOf returns the audience of a channel, or nil if all subscribers get every event.
func (f *Fanout) audienceOf(name []byte, b *rules.Behaviour) *audience {
	if b.Interval == 0 && len(f.intervals.of) == 0 {
		return nil
	}
	a, stamp := f.audiences.of[string(name)], f.table.Stamp(name)
	if a == nil || a.stamp != stamp {
		a = f.newAudience(name, b, stamp)
	}
	if !a.limited {
		return nil
	}
	return a
}

func (f *Fanout) newAudience(name []byte, b *rules.Behaviour, stamp channel.Stamp) *audience {
	f.audiences.number++
	a := &audience{stamp: stamp, number: f.audiences.number}
	if len(f.audiences.of) >= maxAudiences {
		clear(f.audiences.of)
	}
	f.audiences.of[string(name)] = a
	subs := f.table.Match(name)
	f.work.Spend(len(subs))
	for _, sub := range subs {
		if slot := uint32(sub); f.interval(slot, name, b) > 0 {
			a.limited = true
		} else {
			a.direct = append(a.direct, sub)
		}
	}
	if !a.limited {
		a.direct = nil
	}
	return a
}

// offerReady makes the event the latest of its key, and gives it to the limited
// subscribers that do not pause. Their pauses begin with it.
func (f *Fanout) offerReady(now int64, id uint32, d Delivery) {
	l := f.latest.At(id)
	l.event, l.channel = d.Event, len(d.Event.Channel())
	l.count++
	f.findBearer(id)
	rest := l.ready[:0]
	for _, m := range l.ready {
		if f.offerMember(now, id, m, d) {
			rest = append(rest, m)
		}
	}
	if l.ready = rest; len(rest) == 0 {
		l.ready = nil
	}
}

// offerMember gives the event to a limited subscriber, and tells whether the next one may follow without a pause.
func (f *Fanout) offerMember(now int64, id uint32, m member, d Delivery) (ready bool) {
	defer f.contain(m.slot)
	if f.sessions.Replays(m.slot, d.Event) {
		return true
	}
	if ready = !f.sessions.Fits(m.slot, pauseBytes); !ready { // otherwise it gets every event meanwhile
		f.latest.Keep(id)
		f.begin(now+m.interval, pause{slot: m.slot, key: id, seen: f.latest.At(id).count})
	}
	f.deliver(m.slot, d)
	return ready
}

// findReady finds the subscribers that do not pause for a key, unless they are known.
func (f *Fanout) findReady(a *audience, id uint32, name []byte, b *rules.Behaviour) {
	if f.latest.At(id).audience == a.number {
		return
	}
	var ready []member
	subs := f.table.Match(name)
	f.work.Spend(len(subs))
	for _, sub := range subs {
		slot := uint32(sub)
		if interval := f.interval(slot, name, b); interval > 0 && !f.paused(slot, id) {
			ready = append(ready, member{slot, interval})
		}
	}
	l := f.latest.At(id)
	l.audience, l.ready = a.number, ready
}

// RulesChanged forgets who gets what of which channel at once, since other rules say so now. Pauses end as they have
// begun, and what waits for their end is still given.
func (f *Fanout) RulesChanged() { f.audiences.of = make(map[string]*audience) }
