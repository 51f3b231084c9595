package client

import (
	"fmt"
	"time"

	"halley/bench/wire"
)

// session is one Bayeux client: a subscriber, a publisher or a churning one, by its index.
type session struct {
	clientID string
	cookie   string
	lastID   string // of the last event of a stream without a session
	poll     int    // descriptor that carries connects, -1 when there is none
	other    int    // descriptor that carries the rest, if the client uses two
	began    int64
	beatAt   int64  // when the next heartbeat beside an event-stream is due, 0 when none is
	ack      int64  // number of the last connect reply, with the acknowledge extension
	id       uint32 // of the last message sent
	serial   uint32 // grows with every timer, so that older ones are void
	interval int32  // milliseconds to wait before a connect, by the server's advice
	phase    phase
	failures uint8
}

type phase uint8

// The life of a session. A subscriber stays in holding; a churning client goes on to leaving.
const (
	absent phase = iota
	handshaking
	subscribing
	connecting // the first connect, which is answered at once
	holding
	leaving
	dead
)

// request is what a connection has asked for.
type request uint8

const (
	none request = iota
	handshake
	subscribe
	firstConnect
	connect
	publish
	disconnect
	stream    // a response that does not end, held as connects are
	heartbeat // the connect of a session whose events come by an event-stream
)

func (r request) suffix() string {
	switch r {
	case handshake:
		return "/handshake"
	case firstConnect, connect, stream, heartbeat:
		return "/connect"
	case disconnect:
		return "/disconnect"
	}
	return "/"
}

// begin starts a session's life with a handshake, if it is going to be one.
func (f *Fleet) begin(i int, now int64) {
	s := &f.sessions[i]
	s.phase, s.began = handshaking, now
	if f.style(i) == wire.Events {
		s.phase = connecting
		f.ask(i, stream)
		return
	}
	f.ask(i, handshake)
}

// ask sends a request for session i over the connection that carries its kind, dialling if need be.
func (f *Fleet) ask(i int, what request) {
	fd := f.line(i, what)
	if *fd < 0 {
		to := f.targetOf(i, what).address
		if f.role(i) == stalled {
			to.buffer = smallBuffer
		}
		new, err := f.loop.dial(to, int32(i), what)
		if err != nil {
			f.fault(&f.tally.Faults.Dial, err.Error())
			f.resume(i, what)
			return
		}
		*fd = new
		f.tally.Open++
		return
	}
	f.loop.conns[*fd].busy = what
	f.send(*fd)
}

// line is where a session keeps the descriptor for a kind of request.
func (f *Fleet) line(i int, what request) *int {
	held := what == connect || what == firstConnect || what == stream
	if what == publish || !held && f.style(i).Connections(f.config.Connections) == 2 {
		return &f.sessions[i].other
	}
	return &f.sessions[i].poll
}

func (f *Fleet) targetOf(i int, what request) *target {
	if what == publish && f.config.PublishURL != "" {
		return &f.internal
	}
	return &f.bayeux
}

// send writes the request that the connection is busy with.
func (f *Fleet) send(fd int) {
	c := &f.loop.conns[fd]
	c.sentAt = f.clock.Now()
	f.scratch = f.appendRequest(f.scratch[:0], c)
	f.loop.write(fd, f.scratch)
	f.stall(fd)
}

// appendRequest puts what the connection is busy with into the form of its style.
func (f *Fleet) appendRequest(dst []byte, c *conn) []byte {
	i, what := int(c.owner), c.busy
	s, style, endpoint := &f.sessions[i], f.style(i), &f.targetOf(i, what).endpoint
	switch {
	case what == stream && style == wire.Events:
		return endpoint.AppendEvents(dst, f.channels(i), s.lastID)
	case what == stream && style == wire.EventSource:
		return endpoint.AppendEventSource(dst, s.clientID, s.cookie)
	case style == wire.WebSocket && c.stream == nil:
		return endpoint.AppendUpgrade(dst, s.cookie)
	}
	f.body = f.appendBody(f.body[:0], i, what)
	suffix := ""
	if f.config.Suffixes && (what != publish || f.config.PublishURL == "") {
		suffix = what.suffix()
	}
	switch {
	case style == wire.WebSocket:
		return wire.AppendFrame(dst, wire.OpText, f.mask(i), f.body)
	case what == stream && style == wire.Iframe:
		return endpoint.AppendForm(dst, suffix, s.cookie, f.body)
	case what == publish:
		style = wire.LongPolling
	}
	return endpoint.AppendRequest(dst, style, suffix, s.cookie, f.body)
}

// mask is another one for each message, as long as nobody wants to guess it.
func (f *Fleet) mask(i int) uint32 { return (f.sessions[i].id + uint32(i)<<8 + 1) * 0x9e3779b1 }

func (f *Fleet) appendBody(dst []byte, i int, what request) []byte {
	s, wishes := &f.sessions[i], &f.habits(i).Wishes
	s.id++
	switch what {
	case handshake:
		return wire.AppendHandshake(dst, f.style(i), wishes.Handshake(), s.id)
	case subscribe:
		return wire.AppendSubscribe(dst, s.clientID, f.channels(i), wishes.Subscribe(), s.id)
	case firstConnect, connect, stream, heartbeat:
		return wire.AppendConnect(dst, f.style(i), s.clientID, what == firstConnect, wishes.Connect(s.ack), s.id)
	case publish:
		return f.take(dst, i)
	}
	return wire.AppendDisconnect(dst, s.clientID, s.id)
}

// channels is what session i subscribes to; churning clients share the first channel, a
// stalled reader has those of a subscriber after the last.
func (f *Fleet) channels(i int) []string {
	if f.role(i) == churner {
		return f.config.Names[:1]
	}
	names := make([]string, f.config.Symbols.PerSubscriber())
	for j := range names {
		names[j] = f.config.Names[f.config.Symbols.Follows(f.config.First+i, j)]
	}
	return names
}

// outcome is what a response said to the request it answers.
type outcome struct {
	answered   bool
	successful bool
	problem    string
	advice     wire.Advice
	ext        wire.Ext
	clientID   string
	refused    []int // publishes of the batch that failed, by their place
}

// advance moves session i on after an answer that arrived in good order.
func (f *Fleet) advance(i int, what request, o outcome, now int64) {
	s := &f.sessions[i]
	if o.advice.Interval >= 0 {
		s.interval = int32(min(o.advice.Interval, int64(time.Hour/time.Millisecond)))
	}
	if what == publish {
		for _, n := range o.refused {
			f.refuse(i, n)
		}
		f.published(i)
	}
	if what == handshake {
		o.confirm(f.habits(i).Wishes)
	}
	if !o.successful && what != disconnect {
		f.setback(i, what, o)
		return
	}
	s.failures = 0
	switch what {
	case handshake:
		s.clientID, s.ack = o.clientID, 0
		f.afterHandshake(i)
	case subscribe:
		s.phase = connecting
		f.afterSubscribe(i)
	case firstConnect, connect:
		f.tally.Cycles++
		if f.habits(i).Wishes.Acknowledge {
			f.acknowledge(i, o.ext.Ack)
		}
		f.connectAgain(i, now)
	case heartbeat:
		f.tally.Cycles++
		f.beatLater(i, time.Duration(s.interval)*time.Millisecond)
	case stream:
		f.unstreamed(i)
	case publish:
		f.flushPublisher(i, now)
	case disconnect:
		f.churnDone(i, now)
	}
}

func (f *Fleet) afterHandshake(i int) {
	s := &f.sessions[i]
	if f.role(i) == publisher {
		s.phase = connecting
		f.ask(i, firstConnect)
		return
	}
	s.phase = subscribing
	f.ask(i, subscribe)
}

// afterSubscribe connects, or opens the stream and says beside it that the client lives.
func (f *Fleet) afterSubscribe(i int) {
	if !f.style(i).Streams() {
		f.ask(i, firstConnect)
		return
	}
	if f.style(i) == wire.EventSource && f.role(i) == subscriber {
		f.ask(i, heartbeat)
	}
	f.ask(i, stream)
}

// connectAgain sends the next connect, now or after the advised interval or a slow
// subscriber's pause.
func (f *Fleet) connectAgain(i int, now int64) {
	s := &f.sessions[i]
	if f.role(i) == churner {
		s.phase = leaving
		f.ask(i, disconnect)
		return
	}
	if pause := max(time.Duration(s.interval)*time.Millisecond, f.habits(i).Pause); pause > 0 {
		f.unhold(i)
		s.phase = connecting
		f.later(i, pause)
		return
	}
	f.hold(i, now)
}

// hold sends a connect that the server will hold.
func (f *Fleet) hold(i int, now int64) {
	f.held(i, now)
	f.ask(i, connect)
}

// held notes that the session is ready: a subscriber to receive, a publisher to publish.
func (f *Fleet) held(i int, now int64) {
	s := &f.sessions[i]
	if s.phase != holding {
		s.phase = holding
		if f.role(i) == subscriber {
			f.tally.Held++
			f.rampedUp(s, now)
		} else {
			f.flushPublisher(i, now)
		}
	}
}

func (f *Fleet) unhold(i int) {
	s := &f.sessions[i]
	if s.phase == holding && f.role(i) == subscriber {
		f.tally.Held--
	}
	if s.phase == holding {
		s.phase = connecting
	}
}

// setback obeys the server's advice after a failed message: handshake anew, give up, or try again.
func (f *Fleet) setback(i int, what request, o outcome) {
	s := &f.sessions[i]
	f.fault(&f.tally.Faults.Protocol, o.problem)
	if f.role(i) == churner { // its cycle has failed, whatever the server advises
		s.phase = leaving
		f.retryLater(i)
		return
	}
	if what == publish && o.advice.Reconnect != wire.Handshake {
		f.flushPublisher(i, f.clock.Now())
		return
	}
	if what == heartbeat && o.advice.Reconnect != wire.Handshake {
		f.beatLater(i, time.Second)
		return
	}
	f.unhold(i)
	switch o.advice.Reconnect {
	case wire.Handshake:
		f.abandon(i)
		f.tally.Renewed++
		s.phase, s.clientID = handshaking, ""
	case wire.None:
		f.abandon(i)
		s.phase = dead
		if f.role(i) == subscriber && s.began != 0 {
			s.began = 0
			f.ramp.underWay--
		}
		return
	}
	f.retryLater(i)
}

// abandon closes a session's connections together with a publish that may be under way.
func (f *Fleet) abandon(i int) {
	f.hangUp(i)
	f.sessions[i].beatAt = 0
	if f.role(i) == publisher {
		f.tally.Unknown += int64(len(f.out.lines[f.publisherOf(i)].batch))
		f.published(i)
	}
}

// retryLater takes the session's next step after a growing pause.
func (f *Fleet) retryLater(i int) {
	s := &f.sessions[i]
	s.failures = min(s.failures+1, 7)
	f.later(i, 25*time.Millisecond<<s.failures)
}

func (f *Fleet) later(i int, pause time.Duration) {
	s := &f.sessions[i]
	s.serial++
	f.timers.add(timer{due: f.clock.Now() + int64(pause), session: int32(i), serial: s.serial})
}

// wakeUp takes the step that the session's phase calls for.
func (f *Fleet) wakeUp(i int) {
	s := &f.sessions[i]
	now := f.clock.Now()
	switch s.phase {
	case handshaking:
		f.ask(i, handshake)
	case subscribing:
		f.ask(i, subscribe)
	case connecting, holding:
		switch {
		case f.style(i).Streams():
			f.ask(i, stream)
		case s.failures > 0:
			f.ask(i, firstConnect)
		default:
			f.hold(i, now)
		}
	case leaving:
		f.churnDone(i, now)
	}
}

// scanForSilence closes connections whose request has waited too long for its answer.
func (f *Fleet) scanForSilence(now int64) {
	for fd := range f.loop.conns {
		c := &f.loop.conns[fd]
		limit := int64(f.config.ReplyTimeout)
		if c.busy == connect || c.busy == stream {
			limit += int64(time.Minute)
		}
		if c.phase == open && c.busy != none && now-c.sentAt > limit {
			f.fault(&f.tally.Faults.Timeout, fmt.Sprintf("no answer after %v", time.Duration(now-c.sentAt).Round(time.Second)))
			f.lose(fd)
		}
	}
}
