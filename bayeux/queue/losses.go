package queue

import "strings"

// maxLossChannels bounds how many channels one session's losses are told by name; more are
// told together under "*".
const maxLossChannels = 64

// losses are what a session lost of events, by channel. They are told until a reply that
// tells them was written.
type losses struct {
	counts  map[string]uint64 // not told yet
	told    map[string]uint64 // by a reply whose fate is not known
	tracked bool              // the number of that reply is known
	upto    uint32            // its number, as Upto has it; of a client that acknowledges, that of the connect reply
}

// lossTable has the losses of all sessions that have some.
type lossTable struct {
	losses  map[uint32]*losses // by owner
	dropped uint64             // events that were lost so far
}

// Lose counts an event of a channel that a session lost.
func (t *lossTable) Lose(q *Queue, channel string) {
	t.dropped++
	l := t.losses[q.owner]
	if l == nil {
		l = &losses{counts: make(map[string]uint64)}
		t.losses[q.owner] = l
	}
	if _, known := l.counts[channel]; !known {
		channel = strings.Clone(channel) // the event itself shall not be kept
	}
	l.add(channel, 1)
}

func (l *losses) add(channel string, n uint64) {
	if _, known := l.counts[channel]; !known && len(l.counts) >= maxLossChannels {
		channel = "*"
	}
	l.counts[channel] += n
}

// Lost is the number of events that a session lost and that no reply has told of.
func (t *lossTable) Lost(q *Queue) (n uint64) {
	if l := t.losses[q.owner]; l != nil {
		for _, lost := range l.counts {
			n += lost
		}
	}
	return n
}

// LossBytes is about how long the news of a session's losses is.
func (t *lossTable) LossBytes(q *Queue) (n int) {
	if l := t.losses[q.owner]; l != nil {
		for channel := range l.counts {
			n += len(channel) + 24
		}
	}
	return n
}

// HasLosses tells whether there are losses that the next reply can tell of: one whose fate
// is told apart from that of others.
func (t *lossTable) HasLosses(q *Queue) bool {
	l := t.losses[q.owner]
	return l != nil && len(l.counts) > 0 && l.told == nil && !q.Blocked()
}

// TellLosses returns the losses of a session, by channel, for the reply that is being
// made. HasLosses is true. The map must not be changed.
func (t *lossTable) TellLosses(q *Queue) map[string]uint64 {
	l := t.losses[q.owner]
	l.told, l.counts = l.counts, make(map[string]uint64)
	l.tracked, l.upto = q.acknowledges, q.reply+1
	return l.told
}

// TrackLosses tells by which number the fate of the reply that has the losses is reported,
// and returns whether it has one: Upto. A reply with events has that of the events, and
// one without gets a number of its own. A client that acknowledges tells itself of the
// losses that it has got.
func (t *lossTable) TrackLosses(q *Queue, withEvents bool) (numbered bool) {
	switch {
	case q.acknowledges:
		return withEvents
	case withEvents:
	case q.sent > 0:
		t.SettleLosses(q, false) // others went out meanwhile: better told twice than never
		return false
	default:
		q.base++
	}
	l := t.losses[q.owner]
	l.tracked, l.upto = true, q.Upto()
	return true
}

// settleReply settles what the reply of a number told of losses.
func (t *lossTable) settleReply(q *Queue, upto uint32, read bool) {
	if l := t.losses[q.owner]; l != nil && !q.acknowledges && l.tracked && l.upto == upto {
		t.SettleLosses(q, read)
	}
}

// SettleLosses ends the wait for the fate of what was told: it was read, or is to be told
// again.
func (t *lossTable) SettleLosses(q *Queue, read bool) {
	l := t.losses[q.owner]
	if l == nil {
		return
	}
	told := l.told
	l.told, l.tracked = nil, false
	if !read {
		for channel, n := range told {
			l.add(channel, n)
		}
	}
	if len(l.counts) == 0 {
		delete(t.losses, q.owner)
	}
}
