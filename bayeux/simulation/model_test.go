package simulation

import (
	"fmt"
	"sort"
	"strings"

	"halley/bayeux"
	"halley/bayeux/event"
	"halley/bayeux/message"
	"halley/bayeux/rules"
)

// model is the naive truth: every event that was accepted, in the order in which
// subscribers have to see it.
type model struct {
	w        *world
	channels []*topic
	patterns []pattern
	byName   map[string]*topic
	events   map[serial]place
	moment   int // counts accepted events: the model's clock
	internal publisher
	next     int // number of the next publisher
	sessions map[bayeux.Address]*client
}

// serial names a published event by its publisher and its number among those of that one.
type serial struct{ publisher, number int }

// place is where an event stands.
type place struct {
	lane *lane
	pos  int
}

// publisher is one that publishes one event after the other.
type publisher struct{ id, last int }

// topic is one channel.
type topic struct {
	index   int
	name    string
	rule    rules.Behaviour
	lanes   map[int]*lane
	ordered []*lane
	numbers map[int]int // the last event of each publisher
}

// lane is a sequence of events of a channel that subscribers see in order: all of a
// channel with one order, those of one key, or those of one publisher.
type lane struct {
	topic  *topic
	key    int
	moment []int   // when each was accepted
	ids    []int64 // its number in the store, 0 none
	kept   int     // the first that the store may remember
}

// pattern is something to subscribe to.
type pattern struct {
	text     string
	channels []int
	replay   bool // all its channels can be replayed without gap
	past     bool // some of its channels are remembered
}

func newModel(w *world) *model {
	m := &model{w: w, byName: make(map[string]*topic), events: make(map[serial]place), sessions: make(map[bayeux.Address]*client)}
	for i, name := range names {
		t := &topic{index: i, name: name, rule: w.rules.Of([]byte(name)), lanes: make(map[int]*lane), numbers: make(map[int]int)}
		m.channels = append(m.channels, t)
		m.byName[name] = t
	}
	for _, text := range append(append([]string(nil), names...), wildcards...) {
		p := pattern{text: text, replay: true}
		for i, name := range names {
			if matches(text, name) {
				b := m.channels[i].rule
				p.channels = append(p.channels, i)
				p.replay = p.replay && b.History && m.channels[i].strict()
				p.past = p.past || b.Remembered()
			}
		}
		m.patterns = append(m.patterns, p)
	}
	m.internal.id = m.publisher()
	return m
}

func (m *model) publisher() int {
	m.next++
	return m.next
}

// strict tells whether every event has to arrive.
func (t *topic) strict() bool { return !t.rule.Conflate && t.rule.Interval == 0 }

func (t *topic) lane(key int) *lane {
	l := t.lanes[key]
	if l == nil {
		l = &lane{topic: t, key: key}
		t.lanes[key] = l
		t.ordered = append(t.ordered, l)
	}
	return l
}

// data is what the events of this simulation carry.
func (m *model) data(p *publisher) (data string, channel int) {
	p.last++
	channel = m.w.rng.IntN(len(m.channels))
	pad := strings.Repeat("x", m.w.rng.IntN(40))
	if m.w.chance(50) {
		pad = strings.Repeat("y", m.w.rng.IntN(1000))
	}
	return fmt.Sprintf(`{"k":%d,"p":%d,"n":%d,"x":"%s"}`, m.w.rng.IntN(3), p.id, p.last, pad), channel
}

// compose makes an event for the server's own side.
func (m *model) compose(p *publisher) (event.Event, int) {
	data, channel := m.data(p)
	return event.New([]byte(m.channels[channel].name), []byte(data), false), channel
}

// read finds out which event data tells of.
func read(data []byte) (e serial, key int) {
	message.Each(data, func(name, value []byte) bool {
		n, _ := message.Integer(value)
		switch string(name) {
		case "k":
			key = int(n)
		case "p":
			e.publisher = int(n)
		case "n":
			e.number = int(n)
		}
		return true
	})
	return e, key
}

func dataOf(e event.Event) (name string, data []byte) {
	return e.Channel(), message.Get([]byte(e), "data")
}

// accept notes an event of a channel without one order.
func (m *model) accept(e event.Event) { m.note(e, 0) }

// sequence notes one of a channel with one order, under its number.
func (m *model) sequence(e event.Event, id int64) { m.note(e, id) }

func (m *model) note(ev event.Event, id int64) {
	name, data := dataOf(ev)
	e, key := read(data)
	t := m.byName[name]
	if last := t.numbers[e.publisher]; last >= e.number {
		m.w.fail(nil, "%s: event %d of publisher %d is accepted after %d", name, e.number, e.publisher, last)
	}
	t.numbers[e.publisher] = e.number
	switch {
	case t.rule.Key == "" && t.rule.Sequenced():
		key = 0
	case t.rule.Key == "":
		key = e.publisher
	}
	l := t.lane(key)
	m.moment++
	m.events[e] = place{l, len(l.moment)}
	l.moment = append(l.moment, m.moment)
	l.ids = append(l.ids, id)
}

// after is the first place in l of an event accepted after a moment.
func (l *lane) after(moment int) int {
	return sort.Search(len(l.moment), func(i int) bool { return l.moment[i] > moment })
}

// beyond is the first place in l of an event with a greater number.
func (l *lane) beyond(id int64) int {
	return sort.Search(len(l.ids), func(i int) bool { return l.ids[i] > id })
}

// touched notes that the server has heard of a session, or written to it.
func (m *model) touched(a bayeux.Address) {
	if c := m.current(a); c != nil {
		c.active(c.id, m.w.loops[a.Loop].core)
	}
}

// current is the client whose session that is, nil if it has another one now.
func (m *model) current(a bayeux.Address) *client {
	c := m.sessions[a]
	if c == nil {
		return nil
	}
	if known, ok := bayeux.ParseClientID(c.id); !ok || known != a {
		return nil
	}
	return c
}

// left notes that a reply with events has left: its client can come back from now on.
func (m *model) left(a bayeux.Address) {
	if c := m.current(a); c != nil {
		c.lastActive = m.w.now
	}
}

// restarted notes that of channels without a history nothing is remembered.
func (m *model) restarted() {
	for _, t := range m.channels {
		if t.rule.History {
			continue
		}
		for _, l := range t.ordered {
			l.kept = len(l.moment)
		}
	}
}

// forget empties the store: what was published is history nowhere.
func (m *model) forget() {
	for _, t := range m.channels {
		for _, l := range t.ordered {
			l.kept = len(l.moment)
			clear(l.ids)
		}
	}
}
