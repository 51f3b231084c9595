package simulation

import (
	"fmt"

	"halley/bayeux/message"
)

// view is what a client has seen of a lane.
type view struct {
	next    int // the place after the last one seen
	seen    bool
	from    int          // what has to be seen from here on
	excused map[int]bool // lost on connections that died
	count   int          // for the rate
	first   int64
}

// audience is what a client knows of a channel in this session.
type audience struct {
	ever       bool // it has asked for it
	loose      bool // it asked for less than every event
	contiguous bool // what it sees has no gap, from the first on
	credit     int  // repeated subscribes, each of which may bring the last event again
	missing    int  // events that were dropped
	told       int  // of which the server has told
	excused    bool
	latest     place // the last event that came
}

func (c *client) view(l *lane) *view {
	v := c.views[l]
	if v == nil {
		v = &view{from: noPlace}
		c.views[l] = v
	}
	return v
}

const noPlace = 1 << 60

// confirmed is since which moment the client has known that it subscribes to a
// channel.
func (c *client) confirmed(channel int) (moment int, ok bool) {
	for _, s := range c.subs {
		if s.confirmed && c.w.model.covers(s.pattern, channel) && (!ok || s.at < moment) {
			moment, ok = s.at, true
		}
	}
	return moment, ok
}

func (m *model) covers(p, channel int) bool {
	for _, i := range m.patterns[p].channels {
		if i == channel {
			return true
		}
	}
	return false
}

// receive is told of every event that reaches the client.
func (c *client) receive(f *frame, m *message.Message) {
	e, _ := read(m.Data)
	p, known := c.w.model.events[e]
	if !known || p.lane.topic.name != string(m.Channel) {
		c.w.fail(c, "event %v on %s was never published", e, m.Channel)
	}
	t := p.lane.topic
	a := &c.channels[t.index]
	if !a.ever {
		c.w.fail(c, "event %v on %s, which it has not subscribed to", e, t.name)
	}
	id, _ := message.Integer(message.Get(m.Raw, "replayId"))
	if t.rule.History && id != p.lane.ids[p.pos] && p.lane.ids[p.pos] != 0 {
		c.w.fail(c, "event %v on %s has number %d, want %d", e, t.name, id, p.lane.ids[p.pos])
	}
	v := c.view(p.lane)
	late := t.rule.Interval > 0 && p.pos >= v.next // it may have waited for its turn
	if c.replaying(t.index) && c.skips(id, late, t.rule.Interval > 0) {
		return
	}
	if p.pos < v.next {
		if p.pos == v.next-1 && a.credit > 0 && t.rule.Snapshot {
			a.credit--
			return
		}
		c.w.fail(c, "event %v on %s (place %d) comes after place %d", e, t.name, p.pos, v.next-1)
	}
	if t.strict() && !a.loose {
		for gap := c.lower(v, p.lane, a); gap < p.pos; gap++ {
			c.miss(a, v, p.lane, gap)
		}
	}
	c.inOrder(p)
	c.w.received++
	v.next, v.seen = p.pos+1, true
	a.latest = p
	c.pace(f, v, t)
}

// lower is the first place of l that the client has to see next.
func (c *client) lower(v *view, l *lane, a *audience) int {
	moment, ok := c.confirmed(l.topic.index)
	if v.seen && a.contiguous {
		if !ok || l.topic.rule.Sequenced() {
			return v.next
		}
		// An event that was in a mailbox when the subscription took effect may have come,
		// and a later one not, in which no loop was interested yet.
		return max(v.next, l.after(moment))
	}
	low := min(v.from, len(l.moment))
	if ok {
		low = min(low, l.after(moment))
	}
	return max(v.next, low)
}

// miss notes that an event did not come.
func (c *client) miss(a *audience, v *view, l *lane, pos int) {
	switch {
	case v.excused[pos]:
	case c.w.plan.tight():
		a.missing++
		c.note(fmt.Sprintf("misses place %d of %s, number %d", pos, l.topic.name, l.ids[pos]), nil)
	default:
		c.w.fail(c, "place %d of %s, lane %d, was lost; it was accepted at %d", pos, l.topic.name, l.key, l.moment[pos])
	}
}

// pace checks the rate.
func (c *client) pace(f *frame, v *view, t *topic) {
	if t.rule.Interval == 0 || t.rule.Remembered() {
		return
	}
	if v.count++; v.count == 1 {
		v.first = f.at
	}
	if allowed := int((f.at-v.first)/t.rule.Interval) + 2; v.count > allowed {
		c.w.fail(c, "%d events on %s in %d ms", v.count, t.name, f.at-v.first)
	}
}

// replaying tells whether the client follows a channel by its cursor.
func (c *client) replaying(channel int) bool {
	if !c.replay {
		return false
	}
	for _, s := range c.subs {
		if s.replay && c.w.model.covers(s.pattern, channel) {
			return true
		}
	}
	return false
}

// skips moves the cursor, and tells whether an event with that number is none of
// the client's business. With a rate one may come late, or again.
func (c *client) skips(id int64, late, again bool) bool {
	switch {
	case c.unsynced():
		return true // it comes again with the replay
	case id <= c.cursor && late:
		return false
	case id <= c.cursor && (c.stale || again):
		return true // by an old request of the client's own, or in case it waited
	case id <= c.cursor:
		c.w.fail(c, "number %d comes after %d", id, c.cursor)
	}
	c.cursor = id
	return false
}

// lost notes that a frame will not arrive: the client's connection has died, or it
// no longer looks at it. With acknowledgement it must come again all the same.
func (c *client) lost(f *frame) { c.loses(f, false) }

// loses is lost; late says that the client had gone before, on whose old connect
// the frame was sent: then not even a replay brings it.
func (c *client) loses(f *frame, late bool) {
	if len(f.body) == 0 {
		return
	}
	c.note("lost", f.body)
	c.each(f, func(m *message.Message) {
		if n := message.Get(m.Ext, "dropped"); n != nil {
			c.told(n)
		}
		if m.Data == nil || c.ack {
			return
		}
		e, _ := read(m.Data)
		p, known := c.w.model.events[e]
		if !known || c.replaying(p.lane.topic.index) && !(late && (c.synced || c.syncing)) {
			return
		}
		v := c.view(p.lane)
		if v.excused == nil {
			v.excused = make(map[int]bool)
		}
		v.excused[p.pos] = true
		c.channels[p.lane.topic.index].excused = true
	})
}

// told notes what the server says about events that it has dropped.
func (c *client) told(dropped []byte) {
	if !c.w.plan.tight() {
		c.w.fail(c, "dropped %s", dropped)
	}
	message.Each(dropped, func(name, value []byte) bool {
		n, _ := message.Integer(value)
		for i := range c.channels {
			switch t := c.w.model.channels[i]; {
			case c.overtaken[string(name)] && matches(string(name), t.name):
				c.channels[i].told += 1 << 20 // nobody knows how many were forgotten before they were read
			case t.name == string(name):
				c.channels[i].told += int(n)
			}
		}
		return true
	})
}

// settled checks that the client has seen all that it had to, and starts anew from
// there.
func (c *client) settled() {
	for i := range c.channels {
		a := &c.channels[i]
		t := c.w.model.channels[i]
		moment, subscribed := c.confirmed(i)
		if !subscribed {
			a.ever, a.contiguous, a.credit = false, false, 0
			continue
		}
		for _, l := range t.ordered {
			v := c.view(l)
			if t.strict() && !a.loose {
				for gap := c.lower(v, l, a); gap < len(l.moment); gap++ {
					c.miss(a, v, l, gap)
				}
			} else {
				c.converged(a, v, l, moment)
			}
			v.next, v.excused, v.from = len(l.moment), nil, noPlace
		}
		if a.missing > a.told {
			c.w.fail(c, "%d events on %s are missing, %d were told", a.missing, t.name, a.told)
		}
		a.credit, a.excused, a.missing, a.told = 0, false, 0, 0
	}
	if c.replay && c.w.plan.tight() {
		c.cursor = c.w.store.past.Last() // it knows what was dropped, and does not ask for it again
	}
}

// converged checks that the newest event of a lane has arrived.
func (c *client) converged(a *audience, v *view, l *lane, moment int) {
	last := len(l.moment) - 1
	switch {
	case last < 0 || v.next > last || v.excused[last]:
	case l.moment[last] <= moment && last < v.from:
	case a.told > 0 || a.excused && !l.topic.rule.Sequenced():
	case !l.topic.rule.Sequenced() && a.latest.lane != nil && a.latest.pos == len(a.latest.lane.moment)-1:
		// Several publishers share the channel: the newest of them is there.
	default:
		c.w.fail(c, "%s, lane %d: the newest event, place %d accepted at %d, has not come; the last that did is %d; number %d, seen %v",
			l.topic.name, l.key, last, l.moment[last], v.next-1, l.ids[last], v.seen)
	}
}
