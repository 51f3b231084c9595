package simulation

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"halley/bayeux"
	"halley/bayeux/event"
	"halley/bayeux/message"
)

// entryKind says what a mailbox entry is about.
type entryKind uint8

const (
	entryPublish entryKind = iota
	entryForward
	entryConn // something to do with a connection
	entryBounced
	entryWritten
	entryGone
	entryCall
)

// entry is one message from loop to loop.
type entry struct {
	kind entryKind
	run  func(l *loop)
	from *loop // nil where it is of nobody's connection or session
}

// loop drives one core as an event loop of the server does, over connections that
// are only thought of.
type loop struct {
	w       *world
	id      uint16
	core    *bayeux.Server
	fx      bayeux.Effects
	batch   message.Batch
	scanner message.Scanner
	mailbox []entry
	conns   []*conn // by slot; nil is free
	gens    []uint32
	free    []uint32
	inputs  []*conn // with requests to read
	closing []*conn // closed by the client, which the loop has not noticed
	slow    []*conn // with frames whose fate was not told
	offers  offers
	there   *attendance
	ticked  int64
	stale   event.Event
}

func newLoop(w *world, id uint16) *loop {
	p := &w.plan
	noise := rand.New(rand.NewPCG(w.rng.Uint64(), 3))
	cfg := bayeux.Config{
		Place:       bayeux.Place{Node: w.node(id), Loop: id},
		Timing:      bayeux.Timing{Hold: milliseconds(p.hold), MaxInterval: milliseconds(p.maxInterval), PollsPerBrowser: p.polls},
		QueueLimits: bayeux.QueueLimits{QueueMessages: p.queueMessages, QueueBytes: p.queueBytes, ReplyBytes: p.replyBytes, Slow: p.slow},
		Limits: bayeux.Limits{
			MaxSessions: 1 << 20, MaxSubscriptions: 64, Channel: limits, Scanner: message.Scanner{MaxDepth: 20, MaxMessages: 100},
		},
		MultiInterval: milliseconds(500), TurnWork: p.turnWork, MaxAsks: 1 << 20, MaxAhead: 1 << 20,
		Durable: p.durable, Rules: w.rules, Browsers: w.browsers,
		Random: func(b []byte) {
			for i := range b {
				b[i] = byte(noise.Uint32())
			}
		},
	}
	if p.policy {
		cfg.Authority = authority{w}
	}
	there := &attendance{w, make(map[bayeux.Address]map[string]bool)}
	cfg.Attendance = there
	return &loop{w: w, id: id, there: there, core: bayeux.NewServer(cfg, w.now), scanner: cfg.Scanner, ticked: w.now}
}

// milliseconds is n of them.
func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// authority lets some questions wait.
type authority struct{ w *world }

func (authority) Fields() []string { return nil }

func (a authority) Decide(q bayeux.Question) bayeux.Verdict {
	switch n := a.w.rng.IntN(40); {
	case n == 0 && !a.w.quiet:
		return bayeux.Verdict{Ruling: bayeux.Deny}
	case n < 6:
		return bayeux.Verdict{Ruling: bayeux.Wait}
	case n == 6 && !a.w.quiet && q.Operation != bayeux.OpHandshake && a.doom(q.Session):
		return bayeux.Verdict{Claims: "doomed", Expiry: a.w.now + int64(a.w.rng.IntN(5000))}
	}
	return bayeux.Verdict{}
}

// doom notes that a session is about to end; false if its client does not know it yet.
func (a authority) doom(session bayeux.Address) bool {
	c := a.w.model.sessions[session]
	if c == nil {
		return false
	}
	own, ok := bayeux.ParseClientID(c.id)
	if ok = ok && own == session; ok {
		c.doomed = true
		c.note("doomed", nil)
	}
	return ok
}

// Ask is not called: the loop puts the question among what waits.
func (authority) Ask(bayeux.Question, func(bayeux.Verdict)) {}

// post puts an entry into the mailbox of l.
func (l *loop) post(kind entryKind, run func(l *loop)) {
	l.postFrom(nil, kind, run)
	if n := len(l.mailbox); n > 1 && kind == entryPublish && l.w.strikes(bugReorder, 20) {
		l.mailbox[n-1], l.mailbox[n-2] = l.mailbox[n-2], l.mailbox[n-1]
	}
}

// postFrom does so for another loop.
func (l *loop) postFrom(from *loop, kind entryKind, run func(l *loop)) {
	l.mailbox = append(l.mailbox, entry{kind, run, from})
}

// turn works off at most n entries of the mailbox, and flushes when that is empty, or
// before others have come to it.
func (l *loop) turn(n int) {
	l.core.BeginTurn()
	for ; n > 0 && len(l.mailbox) > 0; n-- {
		e := l.mailbox[0]
		l.mailbox = l.mailbox[1:]
		if e.kind == entryBounced && l.w.strikes(bugDropBounced, 1) {
			continue
		}
		e.run(l)
	}
	if len(l.mailbox) == 0 {
		l.mailbox = nil
	}
	if len(l.mailbox) == 0 || l.w.chance(2) {
		l.flush()
	}
}

func (l *loop) flush() {
	for n := 0; l.core.Dirty(); n++ {
		if n > 10_000 {
			l.w.fail(nil, "the flush of loop %d does not end", l.id)
		}
		l.core.Flush(l.w.now, 64, &l.fx)
		l.perform()
	}
}

func (l *loop) tick() {
	l.ticked = l.w.now
	if l.w.bug == bugLoseLazyTurn {
		l.w.bitten++
		return
	}
	for more := true; more; {
		more = l.core.Tick(l.w.now, &l.fx)
		l.perform()
	}
}

func (l *loop) deliver(e event.Event) {
	l.w.model.offer(l, e)
	l.core.Deliver(l.w.now, e)
	if l.w.strikes(bugDoubleDeliver, 60) {
		l.core.Deliver(l.w.now, e)
	}
	if l.w.strikes(bugStaleEvent, 60) && l.stale != "" {
		l.core.Deliver(l.w.now, l.stale)
	}
	if (l.w.bug == bugStaleEvent || l.w.bug == bugEventsBeside) && l.w.chance(20) {
		l.stale = e
	}
}

// read handles at most n requests that have come in.
func (l *loop) read(n int) {
	for ; n > 0 && len(l.inputs) > 0; n-- {
		i := l.w.rng.IntN(len(l.inputs))
		c := l.inputs[i]
		l.inputs[i] = l.inputs[len(l.inputs)-1]
		l.inputs = l.inputs[:len(l.inputs)-1]
		c.listed = false
		if c.open && !c.over && (c.websocket || !c.answering) && len(c.up) > 0 {
			q := c.up[0]
			c.up = c.up[1:]
			c.answering = !c.websocket
			l.route(c, q)
		}
		c.listen()
	}
}

// route hands a request to the loop of its session.
func (l *loop) route(c *conn, q request) {
	req := bayeux.Request{To: c.replyTo(), Type: q.kind, Browser: c.client.browser}
	if req.Type == bayeux.WebSocket {
		req.Browser = 0
	}
	owner := l
	if a, ok := bayeux.ParseClientID(q.session); ok {
		owner = l.w.loops[a.Loop]
	}
	if owner == l {
		l.handle(c.client, req, q)
		return
	}
	c.abroad = append(c.abroad, owner)
	owner.postFrom(l, entryForward, func(l *loop) { l.handle(c.client, req, q) })
}

func (l *loop) handle(c *client, req bayeux.Request, q request) {
	now := l.w.now
	c.active(q.session, l.core)
	switch {
	case q.events != nil:
		l.core.OpenEvents(now, req, q.events, bayeux.Cursor{After: q.after}, &l.fx)
	case q.open:
		l.core.Open(now, req, q.session, &l.fx)
	default:
		l.breakStream(c, req)
		if l.w.strikes(bugForgetAck, 5) {
			q.body = bytes.Replace(q.body, []byte(`"ext":{"ack"`), []byte(`"ext":{"nack"`), 1)
		}
		if l.w.bug == bugOldAck {
			q.body = l.acknowledgeLess(q.body)
		}
		if err := l.scanner.Scan(q.body, &l.batch); err != nil {
			panic(err)
		}
		l.core.Handle(now, req, &l.batch, &l.fx)
	}
	l.perform()
	if a, ok := bayeux.ParseClientID(q.session); ok {
		l.verify(a)
	}
}

// acknowledgeLess is a fault: what a client acknowledged comes again.
func (l *loop) acknowledgeLess(body []byte) []byte {
	before, after, found := bytes.Cut(body, []byte(`"ext":{"ack":`))
	end := bytes.IndexByte(after, '}')
	if !found || end < 0 {
		return body
	}
	number, err := strconv.Atoi(string(after[:end]))
	if err != nil || number < 1 || !l.w.strikes(bugOldAck, 20) {
		return body
	}
	return fmt.Appendf(nil, `%s"ext":{"ack":%d%s`, before, number-1, after[end:])
}

// breakStream is a fault: a poll ends the event-stream of its client.
func (l *loop) breakStream(c *client, req bayeux.Request) {
	k := c.main
	if req.Type == bayeux.LongPolling && c.poll != nil && c.poll.slot == req.To.Conn && k != nil && k.streaming && k.loop == l &&
		l.w.strikes(bugEndStream, 1) {
		session, to := k.held, k.replyTo()
		k.endStream(false)
		l.gone(session, to)
	}
}

// perform executes the effects in order.
func (l *loop) perform() {
	for i := 0; i < len(l.fx.List); i++ {
		l.effect(&l.fx.List[i])
	}
	for i := range l.fx.List {
		l.verify(l.fx.List[i].Session)
	}
	l.fx.Reset()
}

func (l *loop) effect(e *bayeux.Effect) {
	w := l.w
	switch e.Kind {
	case bayeux.Publish, bayeux.Sequence:
		l.publish(e)
	case bayeux.Join:
		w.store.join(l, e.Ticket, e.Wanted)
	case bayeux.Recall:
		w.store.read(l, e.Session, e.Ticket, e.Wanted)
	case bayeux.AddInterest:
		w.interest.add(string(l.fx.Pattern(e)), l.id)
	case bayeux.RemoveInterest:
		if !w.strikes(bugKeepInterest, 3) {
			w.interest.remove(string(l.fx.Pattern(e)), l.id)
		}
	case bayeux.Yield:
		ticket := e.Ticket
		l.post(entryCall, func(l *loop) { l.answer(bayeux.Report{Kind: bayeux.GoOn, Ticket: ticket}) })
	case bayeux.CaughtUp: // the simulation's websockets are read from at all times
	case bayeux.Decide:
		ticket, verdict := e.Ticket, bayeux.Verdict{}
		if w.chance(20) && !w.quiet {
			verdict.Ruling = bayeux.Deny
		}
		w.asks = append(w.asks, ask{l, func(l *loop) {
			l.answer(bayeux.Report{Kind: bayeux.Decided, Ticket: ticket, Verdict: &verdict})
		}})
	default:
		l.toConn(e)
	}
}

// publish brings an event to the other loops, or to the store.
func (l *loop) publish(e *bayeux.Effect) {
	w, published, ticket := l.w, e.Event, e.Ticket
	if e.Kind == bayeux.Sequence {
		w.store.publish(published, func() {
			if ticket != 0 {
				w.asks = append(w.asks, ask{l, func(l *loop) { l.answer(bayeux.Report{Kind: bayeux.Stored, Ticket: ticket}) }})
			}
		})
		return
	}
	w.model.accept(published)
	w.model.offer(l, published)
	set := w.interest.of(published.Channel())
	for _, other := range w.loops {
		if other == l || !set[other.id] {
			continue
		}
		if w.strikes(bugSkipLoop, 40) {
			continue
		}
		other.post(entryPublish, func(l *loop) { l.deliver(published) })
		if w.strikes(bugDoublePublish, 40) {
			other.post(entryPublish, func(l *loop) { l.deliver(published) })
		}
	}
}

// toConn carries out an effect on a connection, here or on its loop.
func (l *loop) toConn(e *bayeux.Effect) {
	out := *e
	if e.Kind == bayeux.Reply && e.Numbered {
		l.w.model.touched(e.Session)
	}
	data, now := bytes.Clone(l.fx.Messages(e)), l.w.now
	data = l.w.garble(data)
	owner := l.w.loops[e.To.Loop]
	if owner == l {
		l.carryOut(&out, data, now)
		return
	}
	owner.postFrom(l, entryConn, func(l *loop) { l.carryOut(&out, data, now) })
}

// garble plants faults into what clients are told.
func (w *world) garble(data []byte) []byte {
	heartbeat := fmt.Appendf(nil, `"interval":%d,"timeout":0`, w.plan.hold)
	if bytes.Contains(data, heartbeat) && w.strikes(bugShortTime, 1) {
		return bytes.Replace(data, heartbeat, fmt.Appendf(nil, `"interval":%d,"timeout":0`, 4*w.plan.hold), 1)
	}
	advice := []byte(`,"advice":{"reconnect":"retry"`)
	if begin := bytes.Index(data, advice); begin >= 0 && bytes.Contains(data[:begin], []byte(`"/meta/connect"`)) && w.strikes(bugNoAdvice, 4) {
		end := begin + bytes.IndexByte(data[begin:], '}') + 1
		return append(data[:begin], data[end:]...)
	}
	return data
}

func (l *loop) carryOut(e *bayeux.Effect, data []byte, now int64) {
	c := l.find(e.To)
	data = l.eventsBeside(c, data)
	f := &frame{kind: e.Kind, to: e.To, conn: c, body: data, numbered: e.Numbered, session: e.Session, upto: e.Upto, gap: e.Gap, at: now}
	switch e.Kind {
	case bayeux.Reply, bayeux.Deliver:
		if c == nil || e.Kind == bayeux.Deliver && !c.websocket && !c.streaming {
			l.bounced(f)
			return
		}
		c.write(f)
		if e.Kind == bayeux.Reply {
			c.finish()
		} else if c.streaming && l.w.chance(l.w.plan.rollOver) {
			c.rollOver()
		}
	case bayeux.Hold:
		if c == nil {
			l.gone(e.Session, e.To)
		} else if !c.websocket {
			c.held, c.holding = e.Session, true
		}
	case bayeux.Stream:
		l.stream(c, f, e)
	case bayeux.Close:
		if c != nil {
			c.shut()
		}
	case bayeux.Abandon:
		l.abandon(e.To)
	case bayeux.EndStream:
		if c != nil && c.websocket {
			c.leave(e.Session)
		} else if c != nil && c.streaming {
			c.endStream(false)
		}
	case bayeux.Refuse:
		if c != nil {
			c.write(f)
			c.finish()
		}
	}
}

// eventsBeside is a fault: an event comes with the reply to a subscribe, where some
// clients look for the reply alone.
func (l *loop) eventsBeside(c *conn, data []byte) []byte {
	if c == nil || c.websocket || l.stale == "" || !bytes.HasPrefix(data, []byte(`{"channel":"/meta/subscribe"`)) ||
		bytes.Contains(data, []byte(`"/meta/connect"`)) || !l.w.strikes(bugEventsBeside, 1) {
		return data
	}
	return fmt.Appendf(nil, "%s,%s", l.stale, data)
}

// stream makes a request a stream.
func (l *loop) stream(c *conn, f *frame, e *bayeux.Effect) {
	switch {
	case c == nil:
		l.gone(e.Session, e.To)
	case c.websocket:
		c.join(e.Session)
	default:
		c.streaming, c.endless, c.held = true, e.Anonymous, e.Session
		l.w.model.sessions[e.Session] = c.client
		c.write(f)
	}
}

func (l *loop) written(f *frame) {
	if !f.numbered {
		return
	}
	now := func() int64 { return l.w.now }
	if f.at < l.w.now && l.w.strikes(bugOldNews, 1) {
		now = func() int64 { return f.at }
	}
	l.report(entryWritten, now, bayeux.Report{Kind: bayeux.Written, Session: f.session, Upto: f.upto})
}

func (l *loop) bounced(f *frame) {
	if f.numbered {
		l.report(entryBounced, func() int64 { return l.w.now }, bayeux.Report{Kind: bayeux.Bounced, Session: f.session, Upto: f.upto})
	}
}

func (l *loop) gone(session bayeux.Address, to bayeux.ReplyTo) {
	l.report(entryGone, func() int64 { return l.w.now }, bayeux.Report{Kind: bayeux.Gone, Session: session, To: to})
}

// report tells the loop of a session what became of an effect: now says when, once it
// comes there.
func (l *loop) report(kind entryKind, now func() int64, p bayeux.Report) {
	if owner := l.w.loops[p.Session.Loop]; owner != l {
		owner.postFrom(l, kind, func(l *loop) { l.told(now(), p) })
		return
	}
	l.told(now(), p)
}

func (l *loop) told(now int64, p bayeux.Report) {
	l.core.Report(now, &p, &l.fx)
	l.verify(p.Session)
}

// answer brings the core what one of its batches waited for.
func (l *loop) answer(p bayeux.Report) {
	l.core.Report(l.w.now, &p, &l.fx)
	l.perform()
}
