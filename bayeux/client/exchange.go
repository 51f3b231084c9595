// Proved by TestMachineQueues, TestMachineWaitsForHandlers and TestMachineHearsTheLastMessages.

package client

import (
	"strconv"

	"github.com/goccy/go-json"
)

// ask sends what a user wants sent, for the present session.
func (m *machine) ask(c *call) {
	if m.session == nil {
		c.err = ErrNoSession
		m.act(answerUser{c})
		return
	}
	m.dispatch(c, m.link, c.build(m.session))
}

// send sends requests of the operation in progress.
func (m *machine) send(l *link, requests ...request) *call {
	c := &call{carriage: carriage{ctx: m.work.ctx}}
	m.dispatch(c, l, requests)
	return c
}

// dispatch gives requests their ids and sends them as one batch.
func (m *machine) dispatch(c *call, l *link, requests []request) {
	c.link, c.sent, c.patience = l, m.now, m.options.NetworkDelay
	c.replies, c.missing = make([]Reply, len(requests)), len(requests)
	if l == nil || !l.carries() {
		c.err = ErrConnectionEnded
	}
	if l != nil {
		l.calls++
	}
	if c.err != nil || len(requests) == 0 {
		m.later = append(m.later, answered{c})
		return
	}
	c.answered = make(chan struct{})
	c.body = append(c.body, '[')
	for i := range requests {
		if i > 0 {
			c.body = append(c.body, ',')
		}
		m.lastID++
		id := strconv.FormatUint(m.lastID, 10)
		c.ids = append(c.ids, id)
		m.pending[id] = place{c, i}
		c.body = requests[i].append(c.body, id)
		if requests[i].Channel == "/meta/connect" {
			c.connects = true
		}
	}
	c.body = append(c.body, ']')
	m.act(sendBatch{c})
}

// noteAnswered forgets what a call still waited for: a reply that comes too late means
// nothing.
func (m *machine) noteAnswered(c *call) {
	for _, id := range c.ids {
		delete(m.pending, id)
	}
	if c.err == nil && c.missing > 0 {
		c.err = ErrUnanswered
	}
	if c.link != nil {
		c.link.calls--
		m.release(c.link)
	}
	if c.done != nil {
		c.recovers = m.work != nil && m.work.recovers
		m.act(answerUser{c})
	}
}

// cancel gives up a call, if there is one; it is answered with an error then.
func (m *machine) cancel(c *call) {
	if c != nil {
		m.act(cancelCall{c})
	}
}

// hear takes replies by their ids, and any advice.
func (m *machine) hear(replies []Reply) {
	for i := range replies {
		r := &replies[i]
		m.heed(r)
		// A delivery may carry its publisher's id, but never successful.
		if p, ok := m.pending[string(r.ID)]; ok && r.Successful != nil {
			m.acknowledge(r)
			p.fulfil(*r)
		}
	}
}

// heed takes the advice of a message, if it has one. That a session is over stays
// true until the next handshake, whatever crosses it on the way.
func (m *machine) heed(r *Reply) {
	greeting := r.Channel == "/meta/handshake"
	switch {
	case m.advice.Reconnect == None && !greeting:
	case r.advises():
		m.advice = parseAdvice(r.Advice)
	case greeting:
		m.advice = defaultAdvice()
	}
}

// acknowledge reads the number of a connect reply: what came with it is here.
func (m *machine) acknowledge(r *Reply) {
	var ext struct {
		Ack number `json:"ack"`
	}
	if m.session != nil && m.session.acknowledges && r.Channel == "/meta/connect" &&
		json.Unmarshal(r.Ext, &ext) == nil && ext.Ack > 0 {
		m.session.acknowledged = int64(ext.Ack)
	}
}

// sendConnect sends a connect by a link. The first one on it and the first after a
// failure are not to be held, to learn soon that the connection works.
func (m *machine) sendConnect(l *link) *call {
	c := m.send(l, m.session.connect(l.kind, !l.proven))
	c.patience += m.advice.Timeout
	return c
}
