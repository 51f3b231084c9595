package simulation

import (
	"halley/bayeux"
	"halley/bayeux/event"
	"halley/bayeux/queue"
)

// offers are the events of a loop in the order in which its sessions were offered them.
type offers struct {
	list []place
	at   map[place]int
}

// offer notes that the sessions of a loop are offered e.
func (m *model) offer(l *loop, e event.Event) {
	_, data := dataOf(e)
	id, _ := read(data)
	p, known := m.events[id]
	if o := &l.offers; known {
		if o.at == nil {
			o.at = make(map[place]int)
		}
		o.at[p] = len(o.list)
		o.list = append(o.list, p)
	}
}

// lookBack bounds how many events before its first one are looked at of a session.
const lookBack = 2000

// inOrder checks that no event comes that is newer than one which was lost, whatever their channels: where a full
// queue ends the session, the first loss is the last that its client would have to hear of.
func (c *client) inOrder(p place) {
	a, ok := bayeux.ParseClientID(c.id)
	if c.w.plan.slow != queue.Disconnect || !ok || c.replay || len(c.overtaken) > 0 {
		return
	}
	o := &c.w.loops[a.Loop].offers
	now, known := o.at[p]
	if !known || now < c.offered || !plain(p.lane.topic) || c.channels[p.lane.topic.index].loose {
		return
	}
	for _, before := range o.list[max(c.offered, now-lookBack):now] {
		heard, topic := &c.channels[before.lane.topic.index], before.lane.topic
		v := c.view(before.lane)
		if plain(topic) && !heard.loose && before.pos >= c.lower(v, before.lane, heard) && !v.excused[before.pos] {
			c.w.fail(c, "place %d of %s comes after the loss of place %d of %s, which ends the session", p.pos, p.lane.topic.name, before.pos, topic.name)
		}
	}
	c.offered = now
}

// plain tells whether the events of a channel come in the order of the offers: those of the past come beside them.
func plain(t *topic) bool { return t.strict() && !t.rule.Sequenced() }
