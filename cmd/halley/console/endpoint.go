package console

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"halley/bayeux"
	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/message"
	"halley/bayeux/rules"
	"halley/loop/front"
	"halley/loop/settings"
)

// figuresChannel brings a view of figures each second.
const figuresChannel = "/halley/console"

// endpoint speaks Bayeux by long-polling: the protocol core as the event loops have it, once more, with a lock for a loop. Nobody
// publishes here, and there is one channel.
type endpoint struct {
	mu      sync.Mutex
	core    *bayeux.Server
	fx      bayeux.Effects
	scanner message.Scanner
	batch   message.Batch
	waiting map[uint32]*waiter // by the number that stands for the request's connection
	last    uint32
	closed  bool
	clock   func() int64 // milliseconds
}

// waiter is a request that waits for its reply.
type waiter struct {
	answer chan []byte    // has room for it; nil refuses
	held   bayeux.Address // the session that holds it, if one does
}

const (
	hold        = 20 * time.Second
	maxSessions = 32 // pages that are open
	maxBatch    = 32
)

var (
	errClosed  = errors.New("the server ends")
	errRefused = errors.New("not a request that the console has an answer for")
)

func newEndpoint(clock func() int64) *endpoint {
	e := &endpoint{scanner: message.Scanner{MaxDepth: 16, MaxMessages: maxBatch}, waiting: make(map[uint32]*waiter), clock: clock}
	e.core = bayeux.NewServer(coreConfig(), clock())
	return e
}

// coreConfig has the defaults of every server, small limits, and rules by which nothing is published and one channel heard.
func coreConfig() bayeux.Config {
	cfg := bayeux.Config{
		MultiInterval: time.Second,
		MaxMessage:    maxBody,
		MaxAhead:      maxBody,
		NoCallback:    true,
		Rules:         channelRules("/** publish=internal subscribe=none", figuresChannel+" subscribe=any"),
		Random:        func(p []byte) { rand.Read(p) },
	}
	settings.Default(&cfg.Timing)
	settings.Default(&cfg.Dialect)
	settings.Default(&cfg.Limits)
	settings.Default(&cfg.QueueLimits)
	cfg.Hold, cfg.MaxInterval, cfg.PollsPerBrowser = hold, 10*time.Second, 0
	cfg.MaxSessions, cfg.MaxSubscriptions, cfg.HandshakeStorm = maxSessions, 4, 0
	return cfg
}

// channelRules reads rules that are known to be right.
func channelRules(texts ...string) (all rules.Rules) {
	var limits channel.Limits
	settings.Default(&limits)
	for _, text := range texts {
		rule, err := rules.Parse(text, limits)
		if err != nil {
			panic(err)
		}
		all = append(all, rule)
	}
	return all
}

// talk answers a batch, which may take as long as a connect is held.
func (e *endpoint) talk(ctx context.Context, body []byte) ([]byte, error) {
	number, w, err := e.begin(body)
	if err != nil {
		return nil, err
	}
	select {
	case text := <-w.answer:
		if text == nil {
			return nil, errRefused
		}
		return text, nil
	case <-ctx.Done():
		e.leave(number)
		return nil, ctx.Err()
	}
}

// begin has the core handle a batch.
func (e *endpoint) begin(body []byte) (number uint32, w *waiter, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return 0, nil, errClosed
	}
	if body, err = messagesOf(body); err != nil {
		return 0, nil, err
	}
	if err := e.scanner.Scan(body, &e.batch); err != nil {
		return 0, nil, err
	}
	e.last++
	number, w = e.last, &waiter{answer: make(chan []byte, 1)}
	e.waiting[number] = w
	e.core.BeginTurn()
	e.core.Handle(e.clock(), bayeux.Request{To: bayeux.ReplyTo{Conn: number}, Type: bayeux.LongPolling, Program: true}, &e.batch, &e.fx)
	e.settle()
	return number, w, nil
}

// messagesOf is the batch that a body has: JSON, or a form as a page that is left sends it.
func messagesOf(body []byte) ([]byte, error) {
	if text := bytes.TrimLeft(body, " \t\r\n"); len(text) > 0 && (text[0] == '[' || text[0] == '{') {
		return body, nil
	}
	text, ok := front.AppendMessages(nil, body)
	if !ok {
		return nil, errRefused
	}
	return text, nil
}

// leave ends a request whose client has gone.
func (e *endpoint) leave(number uint32) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if w := e.waiting[number]; w != nil {
		delete(e.waiting, number)
		e.report(bayeux.Report{Kind: bayeux.Gone, Session: w.held, To: bayeux.ReplyTo{Conn: number}})
		e.settle()
	}
}

// publish gives figures to all who subscribe.
func (e *endpoint) publish(figures []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.core.BeginTurn()
	e.core.Deliver(e.clock(), event.New([]byte(figuresChannel), figures, false))
	e.settle()
}

// tick has the time pass.
func (e *endpoint) tick() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.core.BeginTurn()
	e.core.Tick(e.clock(), &e.fx)
	e.settle()
}

// watched tells whether anybody is there.
func (e *endpoint) watched() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.core.Stats().Sessions > 0
}

// close lets all requests go that wait.
func (e *endpoint) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for number, w := range e.waiting {
		delete(e.waiting, number)
		w.answer <- nil
	}
}

// settle executes what the core wants done, until it wants nothing more.
func (e *endpoint) settle() {
	for done := 0; ; {
		for ; done < len(e.fx.List); done++ {
			effect := e.fx.List[done]
			e.execute(&effect)
		}
		if !e.core.Dirty() {
			break
		}
		e.core.BeginTurn()
		e.core.Flush(e.clock(), maxSessions, &e.fx)
	}
	e.fx.Reset()
}

// execute executes one effect. Those that concern other loops, or what is remembered, find nobody and nothing here.
func (e *endpoint) execute(x *bayeux.Effect) {
	w := e.waiting[x.To.Conn]
	switch x.Kind {
	case bayeux.Reply, bayeux.Deliver:
		e.answer(x, w)
	case bayeux.Hold:
		if w == nil {
			e.report(bayeux.Report{Kind: bayeux.Gone, Session: x.Session, To: x.To})
			return
		}
		w.held = x.Session
	case bayeux.Stream: // there are none here: it ends at once
		e.answer(x, w)
		e.report(bayeux.Report{Kind: bayeux.Gone, Session: x.Session, To: x.To})
	case bayeux.Close, bayeux.Refuse, bayeux.Abandon:
		if w != nil {
			delete(e.waiting, x.To.Conn)
			w.answer <- nil
		}
	case bayeux.Join:
		e.report(bayeux.Report{Kind: bayeux.Joined, Ticket: x.Ticket, Past: new(history.Remembered)})
	case bayeux.Recall:
		e.report(bayeux.Report{Kind: bayeux.Recalled, Session: x.Session, Ticket: x.Ticket, Past: new(history.Remembered)})
	case bayeux.Yield:
		e.report(bayeux.Report{Kind: bayeux.GoOn, Ticket: x.Ticket, To: x.To})
	}
}

// answer gives a request its reply, and tells what became of the events in it.
func (e *endpoint) answer(x *bayeux.Effect, w *waiter) {
	fate := bayeux.Report{Kind: bayeux.Bounced, Session: x.Session, Upto: x.Upto}
	if w != nil {
		delete(e.waiting, x.To.Conn)
		text := append([]byte{'['}, e.fx.Messages(x)...)
		w.answer <- append(text, ']')
		fate.Kind = bayeux.Written
	}
	if x.Numbered {
		e.report(fate)
	}
}

func (e *endpoint) report(p bayeux.Report) { e.core.Report(e.clock(), &p, &e.fx) }
