package spread

import (
	"halley/bayeux/event"
	"halley/bayeux/rules"
	"halley/loop/sequence"
)

// sequenced is the order of sequenced channels of a node whose events others get in this order, too. Each node has an order of its
// own: what two nodes publish on one channel may be in another order elsewhere. Only a stream that all share gives one order to all.
type sequenced struct {
	*sequence.Local
	out *out
}

// Log returns the order that local keeps, whose events go to other nodes, too. It must have no history file.
func (s *Spread) Log(local *sequence.Local) sequence.Log {
	s.in.local.Store(local)
	return sequenced{local, s.out}
}

// Publish implements sequence.Log.
func (l sequenced) Publish(e event.Event, behaviour rules.Behaviour, stored func(error)) {
	l.PublishAlso(e, behaviour, l.out.offer)
	stored(nil)
}

// PublishTogether implements sequence.Log.
func (l sequenced) PublishTogether(events []event.Event, _ []string, stored func(error)) {
	for _, e := range events {
		l.PublishAlso(e, l.Behaviour(e.Channel()), l.out.offer)
	}
	stored(nil)
}
