package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"halley/bayeux"
)

// act lets the client do one thing.
func (c *client) act() {
	if c.w.now < c.sleeps && !c.w.quiet {
		return
	}
	if c.readable() && (c.w.quiet || !c.w.chance(4)) {
		c.read()
		return
	}
	if !c.w.quiet && c.trouble() {
		return
	}
	switch {
	case c.anonymous:
		c.listenIn()
	case len(c.id) == 0:
		c.handshake()
	case c.unsynced():
		c.sync()
	default:
		c.proceed()
	}
}

// trouble is what goes wrong in the client's world.
func (c *client) trouble() bool {
	w := c.w
	switch n := w.rng.IntN(400); {
	case n < 8 && len(c.conns) > 0:
		k := c.conns[w.rng.IntN(len(c.conns))]
		c.note(fmt.Sprintf("cuts %v", k.replyTo()), nil)
		c.cut(k)
		c.failed(k)
	case n < 16 && len(c.conns) > 0:
		k := c.conns[w.rng.IntN(len(c.conns))]
		k.stuck = true
	case n < 40 && len(c.conns) > 0 && (w.plan.patience == 0 || w.chance(w.plan.patience)):
		k := c.conns[w.rng.IntN(len(c.conns))]
		k.release(w.rng.IntN(3))
		if w.chance(2) {
			k.stuck = false
			k.release(len(k.unsent))
		}
	case n < 46:
		c.move()
	case n < 48:
		c.impatient()
	case n < 52:
		c.repeat()
	case n < 53:
		c.sleeps = w.now + w.rng.Int64N(2*w.plan.maxInterval)
	case n >= 380 && len(c.conns) > 0:
		c.conns[w.rng.IntN(len(c.conns))].relocate(w.loop())
		return false // the client knows nothing of it
	case n < 60 && w.plan.rewinds && c.replay:
		c.note("begins anew", nil)
		c.forgetPast()
		c.renew()
	case n < 64 && c.replay:
		c.abandonSession()
	default:
		return false
	}
	return true
}

// move goes on with another connection type; what the client has is left open, and
// read on, or not.
func (c *client) move() {
	if c.anonymous || len(c.id) == 0 || len(c.commands) > 0 {
		return
	}
	old := c.main
	c.moved = true
	c.kind = kinds[c.w.rng.IntN(len(kinds))]
	if c.ack && c.kind != bayeux.WebSocket {
		c.kind = bayeux.LongPolling
	}
	c.note("moves to "+c.kind.String(), nil)
	switch {
	case c.replay:
		c.reset()
		return
	case old == nil:
	case c.ack || c.w.chance(2):
		if c.w.chance(2) {
			c.ignore(old)
		} else {
			c.cut(old)
		}
	}
	if c.cmd != nil && (c.cmd.websocket || c.kind == bayeux.WebSocket) && c.cmd != old {
		c.cut(c.cmd)
	}
	c.main, c.connecting, c.streaming = nil, 0, false
	if c.cmd != nil && (c.cmd.websocket || c.kind == bayeux.WebSocket) {
		c.cmd = nil
	}
}

// impatient sends another connect while one has no answer.
func (c *client) impatient() {
	if c.connecting == 0 || c.streaming || c.replay || len(c.id) == 0 || c.main == nil {
		return
	}
	if c.main.websocket && c.ack {
		return // an acknowledgement that is told twice asks for the events once more
	}
	c.advised, c.moved = true, true // by whichever reply comes first; and of two streams one ends
	if !c.main.websocket {
		if c.ack {
			c.ignore(c.main)
		}
		c.main = c.dial(false)
	}
	c.connect("")
}

func (c *client) nextID() int {
	c.ids++
	return c.ids
}

// connections makes sure that the client has both.
func (c *client) connections() {
	if c.kind == bayeux.WebSocket {
		if c.main == nil {
			c.main = c.dial(true)
			c.cmd = c.main
		}
		return
	}
	if c.cmd == nil {
		c.cmd = c.dial(false)
	}
}

// post sends a batch on the connection for commands.
func (c *client) post(body string) {
	c.connections()
	c.note("sends", []byte(body))
	c.cmd.send(request{kind: c.carrier(), session: c.id, body: []byte(body)})
}

// carrier is the type of the client's requests.
func (c *client) carrier() bayeux.ConnectionType {
	if c.kind == bayeux.WebSocket || c.kind == bayeux.CallbackPolling {
		return c.kind
	}
	return bayeux.LongPolling
}

func (c *client) handshake() {
	if len(c.commands) > 0 || c.w.leaving {
		return
	}
	id := c.nextID()
	c.commands[id] = &command{verb: "handshake"}
	types := ""
	if c.repeats {
		types = `,"supportedConnectionTypes":["in-process","websocket","long-polling"]`
	}
	c.post(fmt.Sprintf(`[{"channel":"/meta/handshake","id":"%d","ext":{"ack":%v,"replay":true}%s}]`, id, c.ack, types))
}

// sync asks for what was missed, on connections of its own.
func (c *client) sync() {
	if c.syncing || len(c.commands) > 0 {
		return
	}
	c.syncing, c.away = true, 0
	id := c.nextID()
	kind := bayeux.LongPolling
	if c.kind == bayeux.WebSocket || c.kind == bayeux.CallbackPolling {
		kind = c.kind
	}
	k := &command{verb: "sync", from: c.cursor}
	text := ""
	for _, s := range c.subs {
		if s.replay {
			k.subs = append(k.subs, s)
			text += fmt.Sprintf(`,%q`, c.w.model.patterns[s.pattern].text)
			c.asks(s)
		}
	}
	c.commands[id] = k
	c.post(fmt.Sprintf(`[{"channel":"/meta/connect","connectionType":"%s","clientId":"%s","id":"c","advice":{"timeout":0}%s},`+
		`{"channel":"/meta/subscribe","clientId":"%s","subscription":[%s],"id":"%d","ext":{"replay":%d}}]`,
		kind, c.id, c.acknowledgement(), c.id, text[1:], id, c.after()))
}

// after is the cursor to go on from.
func (c *client) after() int64 {
	if c.cursor == 0 {
		return -2
	}
	return c.cursor
}

func (c *client) acknowledgement() string {
	if !c.ack {
		return ""
	}
	return fmt.Sprintf(`,"ext":{"ack":%d}`, c.ackSeen)
}

// asks notes that a subscription is on its way to the server.
func (c *client) asks(s *subscription) {
	s.pending = true
	for _, i := range c.w.model.patterns[s.pattern].channels {
		a := &c.channels[i]
		if a.ever {
			a.credit++
		} else {
			a.contiguous = true
			for _, l := range c.w.model.channels[i].ordered {
				v := c.view(l)
				if v.seen = false; v.next > 0 {
					a.credit = 1 // the last event is known from an earlier subscription
				}
			}
		}
		a.ever = true
		a.loose = a.loose || s.interval > 0
	}
	s.sent = true
}

// proceed keeps a connect at the server or a stream open, and sends commands.
func (c *client) proceed() {
	w := c.w
	if w.leaving {
		c.leave()
		return
	}
	if c.connecting != 0 && w.now-c.connected > w.plan.hold+w.plan.patient() && c.main != nil {
		c.note("gives up its connect", nil)
		k := c.main
		c.cut(k)
		c.failed(k)
		return
	}
	if c.pollsBeside() {
		return
	}
	if c.connecting == 0 && !c.streaming && w.now >= c.pause && (w.quiet || !w.chance(3)) {
		c.connect(c.advice())
		return
	}
	if c.kind == bayeux.EventSource && c.streaming && w.now-c.heartbeat > c.away && len(c.commands) == 0 {
		c.heartbeat, c.away = w.now, 0
		id := c.nextID()
		c.commands[id] = &command{verb: "heartbeat"}
		c.post(fmt.Sprintf(`[{"channel":"/meta/connect","connectionType":"eventsource","clientId":"%s","id":"%d"}]`, c.id, id))
		return
	}
	if len(c.commands) == 0 || c.kind == bayeux.WebSocket && !w.plan.policy && !w.plan.durable && c.publishing() {
		c.command()
	}
}

// publishing tells whether all that has no reply is a few events: what a client
// subscribes to while another subscription waits for the past may pass it.
func (c *client) publishing() bool {
	for _, k := range c.commands {
		if k.verb != "publish" {
			return false
		}
	}
	return len(c.commands) < 6
}

// advice is what a connect asks for at times.
func (c *client) advice() string {
	switch n := c.w.rng.IntN(20); {
	case c.w.quiet:
		return ""
	case n == 0:
		return `,"advice":{"timeout":0}`
	case n == 1:
		return `,"advice":{"timeout":300,"interval":100}`
	}
	return ""
}

// connect sends a connect, or opens the event-stream.
func (c *client) connect(advice string) {
	if c.main == nil {
		if c.kind == bayeux.WebSocket {
			c.connections()
		} else {
			c.main = c.dial(false)
		}
	}
	c.connecting, c.connected, c.away = c.nextID(), c.w.now, 0
	if c.kind == bayeux.EventSource {
		c.note("opens its stream", nil)
		c.heartbeat = c.w.now
		c.main.send(request{kind: bayeux.EventSource, session: c.id, open: true})
		return
	}
	body := fmt.Sprintf(`[{"channel":"/meta/connect","connectionType":"%s","clientId":"%s","id":"%d"%s%s}]`,
		c.kind, c.id, c.connecting, advice, c.acknowledgement())
	if c.kind != bayeux.WebSocket && c.w.chance(10) { // in a batch it is not held
		body = fmt.Sprintf(`%s,{"channel":"/service/x","clientId":"%s","data":1}]`, body[:len(body)-1], c.id)
	}
	c.asked = []byte(body)
	c.note(fmt.Sprintf("sends on %v", c.main.replyTo()), c.asked)
	c.main.send(request{kind: c.carrier(), session: c.id, body: c.asked})
}

// repeat sends the connect that has no answer once more, as browsers do by themselves
// when its connection dies.
func (c *client) repeat() {
	if c.connecting == 0 || c.replay || c.main == nil || len(c.asked) == 0 || c.carrier() != c.kind || c.main.websocket {
		return
	}
	c.note("repeats", c.asked)
	c.cut(c.main)
	c.main = c.dial(false)
	c.main.send(request{kind: c.kind, session: c.id, body: c.asked})
}

// pollsBeside has the client of an event-stream poll until it sees its stream open, as
// Faye's do. Its next connect then says that it hears.
func (c *client) pollsBeside() bool {
	w := c.w
	if c.kind != bayeux.EventSource || c.replay || c.connecting == 0 || c.main == nil || c.streaming || c.polling != 0 || !w.chance(3) {
		return false
	}
	if c.poll == nil {
		c.poll = c.dial(false)
	}
	kind := []bayeux.ConnectionType{bayeux.LongPolling, bayeux.CallbackPolling, bayeux.CrossOriginLongPolling}[w.rng.IntN(3)]
	c.polling, c.away, c.heartbeat = c.nextID(), 0, w.now-w.plan.hold
	advice := ""
	if w.chance(4) {
		advice = `,"advice":{"timeout":0}`
	}
	body := fmt.Sprintf(`[{"channel":"/meta/connect","connectionType":"%s","clientId":"%s","id":"%d"%s}]`, kind, c.id, c.polling, advice)
	c.note(fmt.Sprintf("polls beside on %v", c.poll.replyTo()), []byte(body))
	c.poll.send(request{kind: kind, session: c.id, body: []byte(body)})
	return true
}

// listenIn keeps the stream of a client without Bayeux open.
func (c *client) listenIn() {
	if c.connecting != 0 || c.w.leaving {
		return
	}
	c.newSession()
	if c.main == nil {
		c.main = c.dial(false)
	}
	patterns := "["
	for i, s := range c.subs {
		if i > 0 {
			patterns += ","
		}
		patterns += strconv.Quote(c.w.model.patterns[s.pattern].text)
		c.asks(s)
	}
	q := request{kind: bayeux.EventSource, events: []byte(patterns + "]")}
	if c.replay {
		q.after = strconv.AppendInt(nil, c.after(), 10)
	}
	c.note("listens after "+string(q.after), q.events)
	c.connecting, c.connected = c.nextID(), c.w.now
	c.main.send(q)
}

// command sends one of the things that a client may say.
func (c *client) command() {
	w := c.w
	for _, s := range c.subs {
		if !s.confirmed && !s.pending && (w.quiet || !w.chance(3)) {
			c.subscribe(s)
			return
		}
	}
	if w.quiet {
		return
	}
	switch n := w.rng.IntN(100); {
	case n < 60:
		c.publish()
	case n < 64 && len(c.subs) < 8:
		c.want()
	case n < 68 && len(c.subs) > 0:
		if s := c.subs[w.rng.IntN(len(c.subs))]; !s.replay && s.confirmed && !s.late {
			c.unsubscribe(s)
		}
	case n < 72 && len(c.subs) > 0:
		if s := c.subs[w.rng.IntN(len(c.subs))]; !s.replay && !s.pending {
			c.subscribe(s) // once more
		}
	case n == 99 && w.chance(4):
		c.leave()
	}
}

func (c *client) subscribe(s *subscription) {
	id := c.nextID()
	c.commands[id] = &command{verb: "subscribe", subs: []*subscription{s}}
	c.asks(s)
	ext := ""
	if s.interval > 0 {
		ext = fmt.Sprintf(`,"ext":{"conflate":{"interval":%d}}`, s.interval)
	}
	c.post(fmt.Sprintf(`[{"channel":"/meta/subscribe","clientId":"%s","subscription":%q,"id":"%d"%s}]`,
		c.id, c.w.model.patterns[s.pattern].text, id, ext))
}

func (c *client) unsubscribe(s *subscription) {
	id := c.nextID()
	c.commands[id] = &command{verb: "unsubscribe"}
	for _, i := range c.w.model.patterns[s.pattern].channels {
		c.channels[i].contiguous = false
		for _, l := range c.w.model.channels[i].ordered {
			c.view(l).from = noPlace
		}
	}
	for i, other := range c.subs {
		if other == s {
			c.subs = append(c.subs[:i], c.subs[i+1:]...)
			break
		}
	}
	c.post(fmt.Sprintf(`[{"channel":"/meta/unsubscribe","clientId":"%s","subscription":%q,"id":"%d"}]`,
		c.id, c.w.model.patterns[s.pattern].text, id))
}

// publish sends one to three events in a batch.
func (c *client) publish() {
	body := "["
	for i := range 1 + c.w.rng.IntN(3) {
		if i > 0 {
			body += ","
		}
		data, channel := c.w.model.data(&c.self)
		id := c.nextID()
		text := fmt.Sprintf(`{"channel":%q,"clientId":"%s","data":%s,"id":"%d"}`, c.w.model.channels[channel].name, c.id, data, id)
		c.commands[id] = &command{verb: "publish", data: data, text: text}
		body += text
	}
	c.post(body + "]")
}

// repeatPublishes sends what it has published without a reply once more, on a new connection, if it is a client that does so. What
// it had sent before may still arrive, before or after.
func (c *client) repeatPublishes() bool {
	if !c.repeats || len(c.id) == 0 || len(c.commands) == 0 {
		return false
	}
	texts := []string(nil)
	for _, id := range slices.Sorted(maps.Keys(c.commands)) {
		if c.commands[id].verb != "publish" {
			return false
		}
		texts = append(texts, c.commands[id].text)
	}
	c.post("[" + strings.Join(texts, ",") + "]")
	return true
}

// leave ends the session.
func (c *client) leave() {
	if len(c.commands) > 0 || c.w.leaving && c.number%2 == 0 {
		return
	}
	id := c.nextID()
	c.commands[id] = &command{verb: "disconnect"}
	c.doomed = true
	c.post(fmt.Sprintf(`[{"channel":"/meta/disconnect","clientId":"%s","id":"%d"}]`, c.id, id))
}
