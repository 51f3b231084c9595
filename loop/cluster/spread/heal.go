// Proved by TestHeal and TestHealAgain.

package spread

import (
	"slices"

	"halley/bayeux/event"
)

// A channel that gives new subscribers its last event gives an old one, if the last was lost and none follows: those who are there
// are told that one is missing, but not those who come. So the node asks for it.

// heal is a channel whose last event is missing here.
type heal struct {
	from  Origin
	asked int64 // milliseconds
	tries int
}

// The most of heals: channels that are waited for at once, and in one message; tries, and milliseconds between these.
const (
	mostHeals   = 4096
	healsAtOnce = 200
	healTries   = 5
	healAgain   = 1000
)

// missed has the last event of a channel brought, if that is kept.
func (i *in) missed(from Origin, name string) {
	i.gaps.add(name)
	local := i.local.Load()
	if local == nil || len(i.heals) >= mostHeals {
		return
	}
	if b := local.Behaviour(name); b.Snapshot && !b.History {
		i.heals[name] = &heal{from: from}
	}
}

// askHeals asks for what is missing, and again for what has not come.
func (i *in) askHeals() {
	now := i.now().UnixMilli()
	names := make(map[Origin][]string)
	for name, h := range i.heals {
		switch {
		case h.asked > 0 && now-h.asked < healAgain:
		case h.tries == healTries:
			delete(i.heals, name)
		default:
			h.asked = now
			h.tries++
			names[h.from] = append(names[h.from], name)
		}
	}
	for from, list := range names {
		for part := range slices.Chunk(list, healsAtOnce) {
			i.out.askLast(from.Node, part)
		}
	}
}

// healed takes last events that were asked for, where nothing has come since.
func (i *in) healed(p *page) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, e := range p.entries {
		if i.heals[e.Channel] != nil && i.inbox.takes(len(e.Event)) {
			delete(i.heals, e.Channel)
			i.inbox.add(event.Event(e.Event))
		}
	}
}

// askLast has a node send the last events of some channels.
func (o *out) askLast(to uint16, names []string) {
	data := uints(uint64(len(names)))
	for _, name := range names {
		data = appendText(data, name)
	}
	o.toOne(to, kindLast, data)
}

// parseNames reads what askLast has written.
func parseNames(data []byte) (names []string, err error) {
	r := reader{data, nil}
	n := r.uint()
	if n > healsAtOnce {
		return nil, errMalformed
	}
	names = []string{} // which is of none, not of all
	for range n {
		names = append(names, string(r.text()))
	}
	return names, r.err
}
