package simulation

import (
	"fmt"
	"strings"

	"halley/bayeux"
)

// client is a remote client: what it wants, what it has sent and what it has seen.
// It has one connection for connects or its stream, and one for all else; a
// websocket is both.
type client struct {
	w         *world
	number    int
	kind      bayeux.ConnectionType
	ack       bool
	replay    bool // follows its channels by a cursor
	anonymous bool // speaks no Bayeux
	repeats   bool // what it publishes, until there is a reply, as Faye's clients do
	browser   uint64

	id         []byte // of its session; empty: none
	doomed     bool   // the session was ended by somebody
	offered    int    // the last of its loop's offers that it has got
	lastActive int64  // when the server last heard of it
	ackSeen    int64
	cursor     int64
	synced     bool // the replay that followed the last trouble has come
	syncing    bool // … was asked for
	stale      bool // a replay that was given up may come all the same

	conns      []*conn
	main, cmd  *conn
	connecting int // id of the connect without a reply; 0 none
	connected  int64
	pause      int64 // no connect until then
	away       int64 // how long it may stay away, as the server has said
	poll       *conn // for polls beside its stream, until it sees that open
	advised    bool  // a connect reply of this session has told how to go on, or was lost
	moved      bool  // it has gone from one type to another: old requests may do what they did
	late       int   // streams that it has asked for and given up: each may end a later one
	polling    int   // id of such a poll without a reply; 0 none
	asked      []byte
	streaming  bool // main is an open stream
	heartbeat  int64
	commands   map[int]*command
	ids        int
	sleeps     int64 // until then it does nothing

	subs      []*subscription
	self      publisher
	channels  []audience
	overtaken map[string]bool // patterns whose past was forgotten before it was read
	views     map[*lane]*view

	events  [60]memory
	written int
}

// command is a message that waits for its reply.
type command struct {
	verb string
	subs []*subscription
	data string
	text string // of a publish, as it was sent
	from int64  // the cursor that it named
}

// subscription is what the client wants of a pattern.
type subscription struct {
	pattern   int
	replay    bool
	interval  int64 // asked for; milliseconds
	confirmed bool
	at        int // moment of the confirmation
	pending   bool
	sent      bool // in this session
	late      bool // … and given up: it may come yet
}

// memory is one thing that the client did or saw.
type memory struct {
	step int
	now  int64
	verb string
	text []byte
}

func (c *client) note(verb string, text []byte) {
	c.events[c.written%len(c.events)] = memory{c.w.step, c.w.now, verb, text}
	c.written++
}

// story is what the client did last.
func (c *client) story() string {
	var b strings.Builder
	for i := max(0, c.written-len(c.events)); i < c.written; i++ {
		m := c.events[i%len(c.events)]
		text := m.text
		if len(text) > 600 {
			text = append(append([]byte{}, text[:600]...), "…"...)
		}
		fmt.Fprintf(&b, "  step %d, %d ms: %s %s\n", m.step, m.now, m.verb, text)
	}
	fmt.Fprintf(&b, "  now: id %q ack %v replay %v cursor %d synced %v connecting %d streaming %v commands %d connections %d\n",
		c.id, c.ack, c.replay, c.cursor, c.synced, c.connecting, c.streaming, len(c.commands), len(c.conns))
	if a, ok := bayeux.ParseClientID(c.id); ok {
		for _, s := range c.w.loops[a.Loop].core.Sessions(c.w.now, 1<<20) {
			if s.ID == string(c.id) {
				fmt.Fprintf(&b, "  the server knows: %+v\n", s)
			}
		}
	}
	for _, k := range c.conns {
		for _, f := range append(append([]*frame(nil), k.wire...), k.unsent...) {
			fmt.Fprintf(&b, "  unread on %d/%d: %s left %v %.300s\n", k.loop.id, k.slot, frameNames[f.kind], f.left, f.body)
		}
	}
	for _, s := range c.subs {
		fmt.Fprintf(&b, "  subscription %s %+v\n", c.w.model.patterns[s.pattern].text, *s)
	}
	return b.String()
}

var kinds = []bayeux.ConnectionType{bayeux.LongPolling, bayeux.LongPolling, bayeux.CallbackPolling, bayeux.WebSocket,
	bayeux.WebSocket, bayeux.EventSource, bayeux.XHRStreaming}

func newClient(w *world, number int) *client {
	c := &client{w: w, number: number, commands: make(map[int]*command), overtaken: make(map[string]bool), self: publisher{id: w.model.publisher()}}
	c.kind = kinds[w.rng.IntN(len(kinds))]
	c.browser = uint64(1 + number/3)
	c.replay = w.chance(3)
	c.anonymous = w.chance(8)
	if c.anonymous {
		c.kind = bayeux.EventSource
	}
	c.repeats = !c.replay && !c.anonymous && !w.plan.durable && w.chance(2)
	c.ack = w.chance(2) && (c.kind == bayeux.LongPolling || c.kind == bayeux.WebSocket)
	if c.replay {
		for _, text := range [][]string{{"/h/*"}, {"/h/0", "/h/2"}, {"/h/1"}, {"/h/*", "/hs/**"}, {"/ht/0", "/hs/**"}, {"/hc/**", "/h/0"}, {"/hc/**"}, {"/hr/0", "/hc/**"}}[w.rng.IntN(8)] {
			c.subs = append(c.subs, &subscription{pattern: w.model.index(text), replay: true})
		}
	}
	if !c.replay || !c.anonymous {
		for range 1 + w.rng.IntN(4) {
			c.want()
		}
	}
	c.newSession()
	return c
}

func (m *model) index(text string) int {
	for i := range m.patterns {
		if m.patterns[i].text == text {
			return i
		}
	}
	panic("no pattern " + text)
}

// want adds a subscription, if its pattern does not get in the way of a cursor.
func (c *client) want() {
	p := c.w.rng.IntN(len(c.w.model.patterns))
	if c.w.model.patterns[p].text == "/**" && !c.w.chance(4) {
		return
	}
	for _, s := range c.subs {
		if s.pattern == p {
			return
		}
	}
	if c.replay {
		for _, i := range c.w.model.patterns[p].channels {
			if c.w.model.channels[i].rule.History {
				return
			}
		}
	}
	s := &subscription{pattern: p}
	if c.w.chance(6) && !c.anonymous {
		s.interval = 100 + c.w.rng.Int64N(500)
	}
	c.subs = append(c.subs, s)
}

// newSession starts anew without a session.
func (c *client) newSession() {
	c.id, c.doomed, c.ackSeen, c.stale = nil, false, 0, false
	c.synced, c.syncing, c.offered = false, false, 0
	c.connecting, c.streaming, c.connected, c.polling, c.away = 0, false, 0, 0, 0
	c.moved, c.advised, c.late = false, false, 0
	c.forgetCommands()
	before := c.views
	c.channels = make([]audience, len(c.w.model.channels))
	c.views = make(map[*lane]*view)
	for l, v := range before {
		if c.replaying(l.topic.index) {
			c.views[l] = v
			v.from = noPlace
			if c.w.plan.tight() { // what was dropped before the cursor is told nowhere now
				v.next = max(v.next, l.beyond(c.cursor))
			}
		}
	}
	for _, s := range c.subs {
		s.confirmed, s.pending, s.sent, s.late = false, false, false, false
	}
	for i := range c.channels {
		if c.replaying(i) {
			c.channels[i].contiguous = true
		}
	}
}

// unsynced tells whether the client waits for the replay that brings it up to date.
func (c *client) unsynced() bool { return c.replay && !c.anonymous && !c.synced }

// forgetCommands gives up what has no reply. Whether it was done nobody knows: the
// client publishes under another name, so that its events keep their order.
func (c *client) forgetCommands() {
	for _, k := range c.commands {
		for _, s := range k.subs {
			s.pending, s.late = false, true
			c.stale = c.stale || s.replay
		}
	}
	if len(c.commands) > 0 {
		c.self = publisher{id: c.w.model.publisher()}
	}
	clear(c.commands)
}

// failed is what the client makes of a connection that has died.
func (c *client) failed(k *conn) {
	lost := k == c.main || k == c.cmd
	if k == c.main {
		c.main, c.connecting, c.streaming = nil, 0, false
	}
	if k == c.poll {
		c.poll, c.polling = nil, 0
	}
	if k == c.cmd {
		c.cmd = nil
		if !c.repeatPublishes() {
			c.giveUp()
		}
	}
	if lost && c.replay && !c.anonymous {
		c.reset()
	}
}

// reset drops all connections; the next thing is a replay.
func (c *client) reset() {
	c.giveUp()
	for len(c.conns) > 0 {
		c.cut(c.conns[0])
	}
	c.main, c.cmd, c.poll, c.connecting, c.polling, c.streaming = nil, nil, nil, 0, 0, false
	c.synced, c.syncing = false, false
	for _, s := range c.subs {
		if s.replay {
			s.confirmed = false
		}
	}
	for l, v := range c.views {
		if c.replaying(l.topic.index) {
			v.from = noPlace // the next replay says from where on
		}
	}
}

// giveUp forgets commands. After an unsubscribe that may come to pass at any time
// the session is of no use.
func (c *client) giveUp() {
	for _, k := range c.commands {
		if k.verb == "unsubscribe" || k.verb == "disconnect" || k.verb == "handshake" {
			c.abandonSession()
			return
		}
	}
	c.forgetCommands()
}

// abandonSession leaves the session to expire.
func (c *client) abandonSession() {
	c.note("leaves its session", nil)
	c.renew()
}

// renew drops all connections and the session.
func (c *client) renew() {
	for len(c.conns) > 0 {
		c.cut(c.conns[0])
	}
	c.main, c.cmd, c.poll = nil, nil, nil
	c.newSession()
}

// serverDied is the end of the process that the client is connected to.
func (c *client) serverDied() {
	c.note("server dies", nil)
	for len(c.conns) > 0 {
		c.cut(c.conns[0])
	}
	c.main, c.cmd, c.poll, c.connecting, c.polling, c.streaming = nil, nil, nil, 0, 0, false
	c.doomed = true
	if c.anonymous || len(c.id) == 0 {
		c.newSession()
		return
	}
	c.forgetCommands()
	c.synced, c.syncing = false, false
	for _, s := range c.subs {
		s.confirmed = false
	}
	c.restartViews()
}

// restartViews begins to look anew at what has no history.
func (c *client) restartViews() {
	for i := range c.channels {
		if !c.replaying(i) {
			c.channels[i] = audience{ever: c.channels[i].ever, loose: c.channels[i].loose}
		}
	}
	for l := range c.views {
		if !c.replaying(l.topic.index) {
			delete(c.views, l)
		}
	}
}

// forgetPast drops the cursor: the numbers begin anew.
func (c *client) forgetPast() {
	c.cursor = 0
	for l := range c.views {
		if c.replaying(l.topic.index) {
			delete(c.views, l)
		}
	}
	for i := range c.channels {
		c.channels[i].contiguous = false
	}
}

// active notes that a request of the session is handled.
func (c *client) active(session []byte, core *bayeux.Server) {
	if _, lives := core.Find(session); lives && string(session) == string(c.id) {
		c.lastActive = c.w.now
	}
}
