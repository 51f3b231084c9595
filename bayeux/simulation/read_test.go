package simulation

import (
	"bytes"
	"strconv"
	"strings"

	"halley/bayeux"
	"halley/bayeux/message"
	"halley/bayeux/queue"
)

func (c *client) readable() bool {
	for _, k := range c.conns {
		if len(k.wire) > 0 {
			return true
		}
	}
	return false
}

// read takes what came next. The network may let a reply on the connection for
// commands pass what is on its way on the other one: the server has to see to it
// that this does no harm.
func (c *client) read() {
	oldest := c.oldest(nil)
	if k := oldest.conn; k == c.main && k != c.cmd && c.w.chance(2) {
		if passing := c.oldest(k); passing != nil && passing.conn == c.cmd {
			oldest = passing
		}
	}
	k := oldest.conn
	k.wire = k.wire[1:]
	c.take(k, oldest)
}

// oldest is the frame that left first, of all connections but one.
func (c *client) oldest(but *conn) (first *frame) {
	for _, k := range c.conns {
		if k != but && len(k.wire) > 0 && (first == nil || k.wire[0].stamp < first.stamp) {
			first = k.wire[0]
		}
	}
	return first
}

// take reads one frame.
func (c *client) take(k *conn, f *frame) {
	c.note("reads "+frameNames[f.kind]+" on "+where(f.to), f.body)
	switch f.kind {
	case bayeux.Close:
		c.cut(k)
		c.failed(k)
		return
	case bayeux.EndStream:
		if k == c.main {
			if c.streaming && !c.ends() && !f.rolled && !c.moved && c.kind == bayeux.EventSource && !c.anonymous {
				if c.late--; c.late < 0 {
					c.w.fail(c, "its event-stream ends, and it has not gone elsewhere")
				}
			}
			c.connecting, c.streaming = 0, false
		}
		return
	case bayeux.Refuse:
		c.refused(k)
		return
	case bayeux.Stream:
		if k == c.main {
			c.connecting, c.streaming = 0, true
			if c.anonymous {
				c.connecting = 1
				c.tuned()
			}
		}
	case bayeux.Reply:
		if k == c.main && !k.websocket {
			c.connecting = 0
		}
	}
	if !c.anonymous && c.syncs(f) {
		c.synced = true
	}
	session := string(c.id)
	c.each(f, func(m *message.Message) {
		if session == string(c.id) || session == "" { // what follows the end of its session is of no interest
			c.hear(k, f, m)
		}
	})
}

var frameNames = map[bayeux.EffectKind]string{bayeux.Close: "end", bayeux.EndStream: "end of stream", bayeux.Refuse: "refusal",
	bayeux.Stream: "stream", bayeux.Reply: "reply", bayeux.Deliver: "piece"}

func where(to bayeux.ReplyTo) string {
	return strconv.Itoa(int(to.Loop)) + "/" + strconv.Itoa(int(to.Conn)) + "/" + strconv.Itoa(int(to.Serial))
}

// each visits the messages of a frame.
func (c *client) each(f *frame, visit func(m *message.Message)) {
	if len(f.body) == 0 || f.kind == bayeux.Refuse {
		return
	}
	var batch message.Batch
	scanner := message.Scanner{MaxDepth: 30, MaxMessages: 1 << 20}
	body := append(append([]byte{'['}, f.body...), ']')
	if err := scanner.Scan(body, &batch); err != nil {
		c.w.fail(c, "%s: %v", body, err)
	}
	for i := range batch.Messages {
		visit(&batch.Messages[i])
	}
}

// refused is told that a stream was refused.
func (c *client) refused(k *conn) {
	if k != c.main {
		return
	}
	c.connecting = 0
	if c.anonymous {
		c.forgetPast()
		return
	}
	c.unknown()
}

// tuned is told that an event-stream without Bayeux is open.
func (c *client) tuned() {
	for i := range c.channels {
		c.channels[i].missing, c.channels[i].told = 0, 0
	}
	for _, s := range c.subs {
		s.pending = false
		c.confirm(s, c.cursor)
	}
}

// ends tells whether the session may have ended.
func (c *client) ends() bool {
	return c.doomed || c.w.plan.slow == queue.Disconnect || c.w.now-c.lastActive >= c.away+c.w.plan.maxInterval
}

// unknown is told that the session is gone, which must have a reason.
func (c *client) unknown() {
	w := c.w
	if !c.ends() {
		w.fail(c, "the session is gone %d ms after it was last heard of, and was told to stay away for %d", w.now-c.lastActive, c.away)
	}
	c.renew()
}

// syncs tells whether the frame has the reply to the replay that was asked for.
func (c *client) syncs(f *frame) (yes bool) {
	if !c.syncing {
		return false
	}
	c.each(f, func(m *message.Message) {
		if k := c.commands[idOf(m)]; k != nil && k.verb == "sync" && m.Subscription != nil && successful(m) {
			yes = true
		}
	})
	return yes
}

func idOf(m *message.Message) int {
	n, err := strconv.Atoi(strings.Trim(string(m.ID), `"`))
	if err != nil {
		return 0
	}
	return n
}

func successful(m *message.Message) bool { return string(message.Get(m.Raw, "successful")) == "true" }

// hear reads one message.
func (c *client) hear(k *conn, f *frame, m *message.Message) {
	if m.Data != nil {
		if f.kind == bayeux.Reply && !k.websocket && !bytes.Contains(f.body, []byte(`"/meta/connect"`)) {
			c.w.fail(c, "an event comes with a reply that is no connect's")
		}
		c.receive(f, m)
		return
	}
	if n := message.Get(m.Ext, "dropped"); n != nil {
		c.told(n)
	}
	failure := strings.Trim(string(message.Get(m.Raw, "error")), `"`)
	if strings.HasPrefix(failure, "402") {
		c.unknown()
		return
	}
	if string(m.Channel) == "/meta/connect" {
		c.connectReply(k, m)
		return
	}
	id := idOf(m)
	command := c.commands[id]
	if command == nil {
		return
	}
	delete(c.commands, id)
	c.answered(command, f, m, failure)
}

func (c *client) connectReply(k *conn, m *message.Message) {
	if n, ok := message.Integer(message.Get(m.Ext, "ack")); ok {
		c.ackSeen = n
	}
	if message.Get(m.Advice, "multiple-clients") != nil {
		c.pause = c.w.now + 500
	}
	if c.advised = c.advised || m.Advice != nil; !c.advised && !c.moved && idOf(m) > 0 {
		c.w.fail(c, "the first connect reply does not tell how to go on")
	}
	id := idOf(m)
	delete(c.commands, id)
	if k == c.main && id == c.connecting {
		c.connecting = 0
	}
	if n, ok := message.Integer(message.Get(m.Advice, "interval")); ok && (k == c.main || k == c.cmd || k == c.poll) {
		c.away = n
	}
	if k == c.poll && id == c.polling {
		c.polling = 0
	}
	if k != c.main && k != c.cmd && k != c.poll {
		c.cut(k) // a connection that it has left
	}
	switch string(message.Get(m.Advice, "reconnect")) {
	case `"none"`, `"handshake"`:
		if !c.doomed && c.w.plan.slow != queue.Disconnect {
			c.w.fail(c, "the session is ended without a reason")
		}
		c.renew()
	}
}

// answered is told the reply to a command.
func (c *client) answered(k *command, f *frame, m *message.Message, failure string) {
	w := c.w
	for _, s := range k.subs {
		s.pending = false
	}
	if failure != "" {
		c.denied(k, failure)
		return
	}
	switch k.verb {
	case "handshake":
		c.id = []byte(strings.Trim(string(message.Get(m.Raw, "clientId")), `"`))
		a, ok := bayeux.ParseClientID(c.id)
		if !ok {
			w.fail(c, "clientId %q", c.id)
		}
		w.model.sessions[a] = c
		c.lastActive = f.at
		c.synced = !c.replay
	case "disconnect":
		c.renew()
	case "publish":
		if e, _ := read([]byte(k.data)); w.model.events[e].lane == nil {
			w.fail(c, "event %v was accepted, but not published", e)
		}
	case "subscribe", "sync":
		c.syncing = false
		for _, s := range k.subs {
			c.confirm(s, k.from)
		}
	}
}

// denied is told that a command failed.
func (c *client) denied(k *command, failure string) {
	switch {
	case k.verb == "sync" && strings.HasPrefix(failure, "400"):
		c.forgetPast()
		c.syncing = false
	case k.verb == "sync":
		c.syncing = false
	case k.verb == "unsubscribe":
		c.abandonSession()
	case !strings.HasPrefix(failure, "403") && !strings.HasPrefix(failure, "503"):
		c.w.fail(c, "%s: %s", k.verb, failure)
	}
}

// confirm notes that the client knows that it subscribes, and what it has to get since a
// cursor; since none, what is remembered.
func (c *client) confirm(s *subscription, cursor int64) {
	m := c.w.model
	if !s.confirmed {
		s.confirmed, s.at = true, m.moment
	}
	for _, i := range m.patterns[s.pattern].channels {
		t := m.channels[i]
		for _, l := range t.ordered {
			v, last := c.view(l), len(l.moment)-1
			if s.replay && t.rule.Interval > 0 && t.rule.Snapshot && last >= l.kept {
				v.from = min(v.from, max(last, v.next))
			}
			switch {
			case s.replay && cursor > 0:
				v.from = min(v.from, l.beyond(cursor))
			case (t.rule.Snapshot || s.replay && t.rule.Keep.Age == 0) && last >= l.kept:
				v.from = min(v.from, max(last, v.next))
			}
		}
	}
}
