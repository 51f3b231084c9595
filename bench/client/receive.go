package client

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"halley/bench/reconcile"
	"halley/bench/wire"
)

// opened sends the request for which the connection was dialled.
func (f *Fleet) opened(fd int) { f.send(fd) }

// received takes the complete responses off the front of in.
func (f *Fleet) received(fd int, in []byte, now int64) (consumed int) {
	generation := f.loop.conns[fd].generation
	for consumed < len(in) {
		n, err := f.receive(fd, in[consumed:], now)
		alive := f.loop.alive(fd, generation)
		if err != nil && alive {
			f.fault(&f.tally.Faults.Protocol, err.Error())
			f.lose(fd)
		}
		if err != nil || !alive {
			f.tally.Received += int64(len(in))
			return len(in)
		}
		if n == 0 {
			break
		}
		consumed += n
	}
	f.tally.Received += int64(consumed)
	return consumed
}

// receive takes what is complete at the front of in: a response, or a part of a stream.
func (f *Fleet) receive(fd int, in []byte, now int64) (n int, err error) {
	c := &f.loop.conns[fd]
	if c.stream != nil {
		return f.receiveStream(fd, in, now)
	}
	if style := f.style(int(c.owner)); c.busy == stream || style == wire.WebSocket {
		st, cookie, n, err := wire.Open(style, in)
		if err != nil {
			return 0, err
		}
		if st != nil {
			f.keepCookie(int(c.owner), cookie)
			f.streamOpened(fd, st, now)
			return n, nil
		}
	}
	r, n, err := wire.Parse(in)
	if err == nil && n > 0 && r.Status >= 200 {
		f.respond(fd, r, now)
	}
	return n, err
}

func (f *Fleet) keepCookie(i int, cookie []byte) {
	if s := &f.sessions[i]; cookie != nil && string(cookie) != s.cookie {
		s.cookie = string(cookie)
	}
}

// respond matches a response with the request that the connection was busy with.
func (f *Fleet) respond(fd int, r wire.Response, now int64) {
	c := &f.loop.conns[fd]
	i, what := int(c.owner), c.busy
	c.busy, c.sentAt = none, now
	if what == none {
		f.fault(&f.tally.Faults.Protocol, "a response without a request")
		return
	}
	f.keepCookie(i, r.Cookie)
	if r.Close {
		f.detach(fd)
	}
	if r.Status != 200 {
		text := fmt.Sprintf("HTTP status %d: %.80q", r.Status, r.Body)
		if r.Status == 404 && what == stream && f.style(i) == wire.EventSource { // it does not know the clientId in the path
			f.setback(i, what, outcome{problem: text, advice: wire.Advice{Reconnect: wire.Handshake}})
			return
		}
		f.fault(&f.tally.Faults.Status, text)
		f.refuseAll(i, what)
		f.resume(i, what)
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
	if err := f.scan(i, what, body, now, &o); err != nil {
		o.successful, o.problem = false, err.Error()
	} else if !o.answered {
		o.problem = fmt.Sprintf("no answer in %.80q", body)
	}
	return o
}

// scan goes over a batch: deliveries are booked, replies to the request added to o.
func (f *Fleet) scan(i int, what request, body []byte, now int64, o *outcome) error {
	batch, gap, events, replies := wire.NewBatch(body), false, false, 0
	var m wire.Message
	for batch.Next(&m) {
		var ext wire.Ext
		if m.Ext != nil {
			ext = wire.ParseExt(m.Ext)
		}
		switch {
		case m.IsDelivery():
			f.account(i, &m, now)
			events = true
		case f.answers(i, what, &m):
			o.add(what, &m, f.place(i, what, &m, replies))
			replies++
			o.ext = ext
		}
		gap = gap || ext.Gap
		f.told(i, ext.Dropped)
	}
	if gap {
		f.tally.Gaps++
	}
	if events && !o.answered && f.habits(i).Wishes.Acknowledge {
		f.book.Misnumbered() // nothing acknowledges what came without a connect reply
	}
	if err := batch.Err(); err != nil {
		return fmt.Errorf("%w in %.80q", err, body)
	}
	return nil
}

// told enters that the server said it had dropped n messages for the session.
func (f *Fleet) told(i int, n int64) {
	if n > 0 && f.role(i) == subscriber {
		f.book.Tell(i, n)
	}
}

// answers reports whether m is the reply that a request waits for. Over a websocket only
// its id tells it from what a server says by itself; in a response its kind will do.
func (f *Fleet) answers(i int, what request, m *wire.Message) bool {
	if what == publish {
		return !m.IsMeta()
	}
	var id [10]byte
	if f.style(i) == wire.WebSocket && !bytes.Equal(m.ID, strconv.AppendUint(id[:0], uint64(f.sessions[i].id), 10)) {
		return false
	}
	name, found := bytes.CutPrefix(m.Channel, []byte("/meta"))
	return found && (string(name) == what.suffix() || what == subscribe && string(name) == "/subscribe")
}

// place is that of the message in its batch which m, the n-th reply, answers: by its id,
// and by the order where a server sends none.
func (f *Fleet) place(i int, what request, m *wire.Message, n int) int {
	if what != publish {
		return n
	}
	id, err := strconv.ParseUint(string(m.ID), 10, 32)
	if err != nil {
		return n
	}
	return int(uint32(id) - f.out.lines[f.publisherOf(i)].firstID)
}

func (o *outcome) add(what request, m *wire.Message, place int) {
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
		o.refused = append(o.refused, place)
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
	if f.habits(i).Wishes.Replay {
		f.book.Number(i, slot, m.ReplayID)
	}
	due := f.book.Due(i, slot)
	switch f.book.Deliver(i, slot, p.Sequence) {
	case reconcile.InOrder, reconcile.Late:
		f.series.at(now).Delivered++
		if f.book.Claim(i) == reconcile.Newest {
			f.stale.Record(now - f.out.plannedAt(k, due, p.Planned))
		} else {
			f.latency.Record(now - p.Planned)
		}
	}
}

// broken is called by the loop before it closes a socket that failed.
func (f *Fleet) broken(fd int, err error) {
	c := &f.loop.conns[fd]
	switch {
	case c.phase == dialing:
		f.fault(&f.tally.Faults.Dial, err.Error())
	case err == errClosed && c.stream != nil && c.stream.EndsByClose():
		f.streamEnded(fd)
		return
	case c.mute:
		f.tally.Shut++
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
		f.resume(i, what)
	}
}

// detach closes a connection and takes it out of its session.
func (f *Fleet) detach(fd int) {
	c := &f.loop.conns[fd]
	s := &f.sessions[c.owner]
	if c.stream != nil && c.stream.LastID != "" {
		s.lastID = c.stream.LastID
	}
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
func (f *Fleet) resume(i int, what request) {
	s := &f.sessions[i]
	switch {
	case what == publish:
		f.published(i)
		f.out.pause(f.publisherOf(i), f.clock.Now())
		return
	case what == heartbeat:
		f.beatLater(i, time.Second)
		return
	case what == stream && s.phase == leaving:
		return // its reply to the disconnect comes over the other connection
	case f.role(i) == churner:
		s.phase = leaving
	default:
		f.unhold(i)
	}
	f.retryLater(i)
}
