package sequence

import (
	"halley/bayeux/history"
	"halley/bayeux/rules"
)

// SetRules has other rules hold. What channels may not keep any more is dropped, a part at a time, and the file is written
// anew without it: else a later start, by which a channel has its history back, would find a past with a gap.
func (l *Local) SetRules(list rules.Rules) {
	l.rules.Store(&list)
	l.again.Store(true)
	l.review()
}

// Rules are the rules that hold now. They are not changed: others take their place.
func (l *Local) Rules() *rules.Rules { return l.rules.Load() }

// Behaviour is how a channel behaves.
func (l *Local) Behaviour(name string) rules.Behaviour { return l.rulesOf(name) }

// SetQueue has the queues of sessions hold another amount: parts of replays that are asked for from now on are for those.
func (l *Local) SetQueue(holds history.Part) {
	l.lock()
	defer l.unlock()
	l.replays.Queue = holds
	l.part.Store(int32(l.replays.Part().Messages))
}

// rulesOf is how a channel behaves.
func (l *Local) rulesOf(name string) rules.Behaviour { return l.rules.Load().Of([]byte(name)) }

// review drops what the rules do not keep. An event may have got its number before they came and be remembered after the
// review has passed its place: the next look after the file reviews again.
func (l *Local) review() {
	dropped := 0
	for part := (history.Reviewed{More: true}); part.More; {
		l.lock()
		part = l.past.Review(part.Upto, mostAtOnce, l.options.Now(), l.keep)
		l.dropped += uint64(part.Dropped)
		l.unlock()
		dropped += part.Dropped
	}
	if dropped > 0 && l.file != nil {
		l.file.Compact()
	}
}

// keep is what the rules keep of a channel.
func (l *Local) keep(channel string) (history.Keep, bool) {
	b := l.rulesOf(channel)
	return l.keepOf(b), b.Remembered()
}
