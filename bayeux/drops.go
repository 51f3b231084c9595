package bayeux

import (
	"strings"

	"halley/bayeux/reply"
)

// maxDropChannels bounds how many channels one session's losses are told by
// name; more are told together under "*".
const maxDropChannels = 64

// losses are what a session lost of events, by channel. They are told until a reply
// that tells them was written.
type losses struct {
	counts map[string]uint64 // not told yet
	told   map[string]uint64 // by a reply whose fate is not known
	sent   bool              // that reply has its number
	upto   uint32            // this one; with acknowledgement that of the connect reply
}

// drop counts an event of a channel that a session lost because its queue was full.
func (s *Server) drop(slot uint32, channel string) {
	s.stats.QueueDropped++
	l := s.drops[slot]
	if l == nil {
		l = &losses{counts: make(map[string]uint64)}
		s.drops[slot] = l
	}
	if _, known := l.counts[channel]; !known {
		channel = strings.Clone(channel) // the event itself shall not be kept
	}
	l.add(channel, 1)
}

func (l *losses) add(channel string, n uint64) {
	if _, known := l.counts[channel]; !known && len(l.counts) >= maxDropChannels {
		channel = "*"
	}
	l.counts[channel] += n
}

// untold tells whether the session has losses that the next reply can tell of: one
// whose fate is told apart from that of others.
func (s *Server) untold(slot uint32, r *session) bool {
	l := s.drops[slot]
	return l != nil && len(l.counts) > 0 && l.told == nil && !r.blocked()
}

// appendDrops appends the extension dropped, what the session lost by channel
// since it was last told.
func (s *Server) appendDrops(e *reply.Ext, slot uint32) {
	l, r := s.drops[slot], s.sessions.At(slot)
	l.told, l.counts = l.counts, make(map[string]uint64)
	l.sent, l.upto = r.acknowledges, r.ackNumber+1
	e.Dropped(l.told)
}

// tells makes the effect, which has what appendDrops appended, one whose fate is
// reported. It gets a number of its own if it carries no events.
func (s *Server) tells(slot uint32, r *session, effect *Effect) {
	l := s.drops[slot]
	switch {
	case r.acknowledges:
		return // the client's word counts
	case effect.Numbered:
	case r.queue.sent > 0:
		s.settleDrops(slot, false) // others went out meanwhile: better told twice than never
		return
	default:
		r.queue.base++
		effect.Numbered, effect.Session, effect.Upto = true, s.address(slot, r), r.queue.upto()
	}
	l.sent, l.upto = true, effect.Upto
}

// told tells whether the losses under way are told by the reply with the number upto.
func (s *Server) told(slot uint32, upto uint32) bool {
	l := s.drops[slot]
	return l != nil && l.sent && l.upto == upto
}

// settleDrops ends the wait for the fate of what was told: it was read, or is to be
// told again.
func (s *Server) settleDrops(slot uint32, read bool) {
	l := s.drops[slot]
	if l == nil {
		return
	}
	told := l.told
	l.told, l.sent = nil, false
	if !read {
		for channel, n := range told {
			l.add(channel, n)
		}
	}
	if len(l.counts) == 0 {
		delete(s.drops, slot)
	}
}
