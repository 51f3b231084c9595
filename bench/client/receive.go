package client

import (
	"bytes"
	"fmt"

	"halley/bench/reconcile"
	"halley/bench/wire"
)

// opened sends the request for which the connection was dialled.
func (f *Fleet) opened(fd int) { f.send(fd) }

// received takes the complete responses off the front of in.
func (f *Fleet) received(fd int, in []byte, now int64) (consumed int) {
	generation := f.loop.conns[fd].generation
	for consumed < len(in) {
		r, n, err := wire.Parse(in[consumed:])
		if err != nil {
			f.fault(&f.tally.Faults.Protocol, err.Error())
			f.lose(fd)
			return len(in)
		}
		if n == 0 {
			return consumed
		}
		consumed += n
		if r.Status >= 200 {
			f.respond(fd, r, now)
		}
		if !f.loop.alive(fd, generation) {
			return len(in)
		}
	}
	return consumed
}

// respond matches a response with the request that the connection was busy with.
func (f *Fleet) respond(fd int, r wire.Response, now int64) {
	c := &f.loop.conns[fd]
	i, what := int(c.owner), c.busy
	c.busy, c.sentAt = none, now
	s := &f.sessions[i]
	if what == none {
		f.fault(&f.tally.Faults.Protocol, "a response without a request")
		return
	}
	if r.Cookie != nil && string(r.Cookie) != s.cookie {
		s.cookie = string(r.Cookie)
	}
	if r.Close {
		f.detach(fd)
	}
	if r.Status != 200 {
		f.fault(&f.tally.Faults.Status, fmt.Sprintf("HTTP status %d: %.80q", r.Status, r.Body))
		f.resume(i, what, f.out.inflight(f.publisherOf(i), what))
		return
	}
	f.advance(i, what, f.read(i, what, r.Body, now), now)
}

// read enters a body's deliveries into the book and returns what it answers.
func (f *Fleet) read(i int, what request, body []byte, now int64) outcome {
	o := outcome{advice: wire.Advice{Interval: -1}}
	if what == publish && f.config.PublishURL != "" {
		o.successful = true
		return o
	}
	if f.config.Style == wire.CallbackPolling && what != publish {
		var ok bool
		if body, ok = wire.Unwrap(body, wire.Callback); !ok {
			o.problem = fmt.Sprintf("not a call of %s: %.40q", wire.Callback, body)
			return o
		}
	}
	batch := wire.NewBatch(body)
	var m wire.Message
	for batch.Next(&m) {
		if m.IsDelivery() {
			f.account(i, &m, now)
		} else if answers(what, &m) {
			o.add(what, &m)
		}
	}
	if err := batch.Err(); err != nil {
		o.successful, o.problem = false, fmt.Sprintf("%v in %.80q", err, body)
	} else if !o.answered {
		o.problem = fmt.Sprintf("no answer in %.80q", body)
	}
	return o
}

// answers reports whether m is the kind of reply that a request waits for.
func answers(what request, m *wire.Message) bool {
	if what == publish {
		return !m.IsMeta()
	}
	name, found := bytes.CutPrefix(m.Channel, []byte("/meta"))
	return found && (string(name) == what.suffix() || what == subscribe && string(name) == "/subscribe")
}

func (o *outcome) add(what request, m *wire.Message) {
	o.successful = m.Successful && (o.successful || !o.answered)
	o.answered = true
	if m.ClientID != nil {
		o.clientID = string(m.ClientID)
	}
	if m.Advice != nil {
		o.advice = wire.ParseAdvice(m.Advice)
	}
	if m.Successful {
		return
	}
	o.problem = fmt.Sprintf("%s failed: %s", m.Channel, m.Error)
	if what == publish {
		o.refused++
	}
	if bytes.HasPrefix(m.Error, []byte("402")) && o.advice.Reconnect == wire.Unset {
		o.advice.Reconnect = wire.Handshake // CometD sends this advice on connect replies only
	}
}

// account enters one delivery.
func (f *Fleet) account(i int, m *wire.Message, now int64) {
	if f.role(i) != subscriber {
		return
	}
	p, ok := wire.ParsePayload(m.Data)
	k, known := f.symbolOf[string(m.Channel)]
	slot := -1
	if known {
		slot = f.config.Symbols.Slot(f.config.First+i, k)
	}
	if !ok || p.Run != f.config.Run || slot < 0 {
		f.book.Stray()
		return
	}
	switch f.book.Deliver(i, slot, p.Sequence) {
	case reconcile.InOrder, reconcile.Late:
		f.latency.Record(now - p.Planned)
		f.series.at(now).Delivered++
	}
}

// broken is called by the loop before it closes a socket that failed.
func (f *Fleet) broken(fd int, err error) {
	c := &f.loop.conns[fd]
	switch {
	case c.phase == dialing:
		f.fault(&f.tally.Faults.Dial, err.Error())
	case c.busy != none:
		f.fault(&f.tally.Faults.Closed, err.Error())
	}
	f.lose(fd)
}

// lose closes a connection and lets its session carry on without it. What a publisher
// had sent over it may or may not have arrived.
func (f *Fleet) lose(fd int) {
	c := &f.loop.conns[fd]
	i, what, sent := int(c.owner), c.busy, c.phase == open
	f.detach(fd)
	if what == publish && sent {
		f.tally.Unknown += f.out.inflight(f.publisherOf(i), what)
	}
	if what != none {
		f.resume(i, what, 0)
	}
}

// detach closes a connection and takes it out of its session.
func (f *Fleet) detach(fd int) {
	s := &f.sessions[f.loop.conns[fd].owner]
	if s.poll == fd {
		s.poll = -1
	}
	if s.other == fd {
		s.other = -1
	}
	f.tally.Open--
	f.loop.close(fd)
}

// hangUp closes all of a session's connections.
func (f *Fleet) hangUp(i int) {
	s := &f.sessions[i]
	if s.poll >= 0 {
		f.detach(s.poll)
	}
	if s.other >= 0 {
		f.detach(s.other)
	}
}

// resume takes up a session after a request of it came to nothing.
func (f *Fleet) resume(i int, what request, refused int64) {
	s := &f.sessions[i]
	switch {
	case what == publish:
		f.published(i, refused)
		f.out.pause(f.publisherOf(i), f.clock.Now())
		return
	case f.role(i) == churner:
		s.phase = leaving
	default:
		f.unhold(i)
	}
	f.retryLater(i)
}
