package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"halley/bayeux/channel"
	"halley/bayeux/client"
	"halley/loop/hops"
)

// bayeuxClient is what an upstream needs of a client.Client.
type bayeuxClient interface {
	Run(ctx context.Context) error
	Subscribe(ctx context.Context, pattern string, handler client.Handler, options ...client.SubscribeOption) error
	Unsubscribe(ctx context.Context, pattern string) error
	PublishBatch(ctx context.Context, messages []client.Message) error
	Connected() bool
	Disconnect(ctx context.Context) error
}

// upstream is another server, of which this one is a client. Each of its ways has a goroutine: what comes from it is published
// (inward.go), what is published here goes to it (outward.go), and its subscriptions follow those here (wants.go).
type upstream struct {
	plan
	client bayeuxClient
	server Server
	node   *hops.Node
	given  string // the id that it has here, where it has none of its own
	log    *slog.Logger
	needed bool // without it this server is not ready

	state  state
	wants  *wants
	gaps   *gaps
	inbox  *inbox
	outbox *outbox
	counts counts
	told   atomic.Int64 // when a refusal was logged last
	left   atomic.Bool  // what comes is no more for this server

	// What follows belongs to the goroutine of forward.
	doubt  doubt
	singly bool // a request with several messages was too large
}

func newUpstream(p plan, s *Settings, node *hops.Node, log *slog.Logger) *upstream {
	return &upstream{
		plan: p, node: node, given: hops.New(nil).Node(), log: log.With("upstream", p.address), needed: s.Required,
		wants: newWants(p.in, s.Linger), gaps: newGaps(p.in), inbox: newInbox(), outbox: newOutbox(s.Buffer),
	}
}

// connect makes the client.
func (u *upstream) connect(o client.Options) (err error) {
	o.ConnectionTypes = []string{"websocket", "long-polling"}
	o.Acknowledge, o.Replay, o.Forgotten = true, true, client.ForgottenEarliest
	o.HandshakeExt = json.RawMessage(`{"halley":{"router":"` + u.node.Node() + `"}}`)
	o.Handler, o.OnSession, o.OnError = u.came, u.began, u.failed
	u.client, err = client.New(u.address, o)
	return err
}

// sends tells whether what is published to a channel goes to the upstream.
func (u *upstream) sends(name []byte) bool {
	return slices.ContainsFunc(u.out, func(pattern []byte) bool { return channel.Matches(pattern, name) })
}

// farewell is how long what waits for the upstream may take to go when this server ends.
const farewell = 2 * time.Second

// run passes messages on until ctx is done.
func (u *upstream) run(ctx context.Context) {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var running, sending sync.WaitGroup
	running.Go(func() { u.stay(life) })
	for _, part := range []func(context.Context){u.subscribe, u.publish, u.tellGaps, u.look} {
		running.Go(func() { part(life) })
	}
	last, done := context.WithCancel(life)
	defer done()
	context.AfterFunc(ctx, func() { time.AfterFunc(farewell, done) })
	sending.Go(func() { u.forward(ctx, last) })
	<-ctx.Done()
	sending.Wait()
	u.inbox.close()
	leave, cancel := context.WithTimeout(life, time.Second)
	defer cancel()
	_ = u.client.Disconnect(leave) // it may be gone
	end()
	running.Wait()
}

// stay keeps the client running. One that the upstream sends away comes again after a while.
func (u *upstream) stay(ctx context.Context) {
	for wait := time.Second; ctx.Err() == nil; wait = min(2*wait, time.Minute) {
		began := time.Now()
		if err := u.client.Run(ctx); err != nil && ctx.Err() == nil {
			u.lost(err)
		} else if err == nil {
			return
		}
		if time.Since(began) > time.Minute {
			wait = time.Second
		}
		pause(ctx, wait)
	}
}

// subscribeEvery spaces requests for subscriptions: with very many an upstream has time for others.
const subscribeEvery = time.Millisecond

// subscribe has the upstream's subscriptions follow what is wanted here.
func (u *upstream) subscribe(ctx context.Context) {
	for ctx.Err() == nil {
		pattern, on, wait := u.wants.next(time.Now())
		if pattern == "" {
			u.awaitWants(ctx, wait)
			continue
		}
		asking, cancel := context.WithTimeout(ctx, sendTimeout)
		var err error
		if on {
			err = u.client.Subscribe(asking, pattern, nil)
		} else {
			err = u.client.Unsubscribe(asking, pattern)
		}
		cancel()
		if err != nil {
			u.log.Warn("the upstream does not take a subscription", "pattern", pattern, "on", on, "error", err)
		}
		u.wants.done(pattern, on, err, time.Now())
		pause(ctx, subscribeEvery)
	}
}

func (u *upstream) awaitWants(ctx context.Context, wait time.Duration) {
	var due <-chan time.Time
	if wait > 0 {
		due = time.After(wait)
	}
	select {
	case <-u.wants.soon:
	case <-due:
	case <-ctx.Done():
	}
}

// began is told of each session.
func (u *upstream) began(s client.Session) {
	u.state.mu.Lock()
	u.state.at = u.state.at.greeted(s.Ext, u.given, s.Acknowledges)
	at := u.state.at
	u.state.torn = false // what may be missed is told by pattern
	u.state.mu.Unlock()
	if at.node == u.node.Node() {
		u.log.Error("the upstream is this server itself: nothing is passed on; see --upstream")
	}
	u.gaps.add(s.Missed...)
	u.found()
}

// found notes that the upstream is there.
func (u *upstream) found() {
	news, torn := u.state.find()
	if torn {
		u.gaps.add(u.wants.patterns()...)
	}
	if news {
		u.log.Info("upstream connected")
		if u.needed {
			u.server.Trouble("upstream "+u.address, "")
		}
	}
}

// failed is told of what goes wrong in the client.
func (u *upstream) failed(err error) {
	var dropped *client.DroppedError
	var subscription *client.SubscriptionError
	switch {
	case errors.As(err, &dropped):
		list := []string{"*"}
		if dropped.Channels != nil {
			list = list[:0]
		}
		for name := range dropped.Channels {
			list = append(list, name)
		}
		u.gaps.add(list...)
	case errors.As(err, &subscription):
		u.log.Warn("the upstream does not take a subscription", "pattern", subscription.Pattern, "error", subscription.Err)
		u.wants.done(subscription.Pattern, true, err, time.Now())
	case errors.Is(err, client.ErrPassedOver):
		u.log.Info("the upstream does not have the best connection type", "error", err)
	default:
		u.lost(err)
	}
}

func (u *upstream) lost(err error) {
	if !u.state.lose(err.Error(), time.Now()) {
		return
	}
	u.log.Warn("upstream lost", "error", err)
	if u.needed {
		u.server.Trouble("upstream "+u.address, err.Error())
	}
}

// look finds out whether a connection that was lost stands again with the same session, of which nobody tells.
func (u *upstream) look(ctx context.Context) {
	for ctx.Err() == nil {
		pause(ctx, lookEvery)
		if !u.state.isUp() && u.state.peer().node != "" && u.state.calm(time.Now()) && u.client.Connected() {
			u.found()
		}
	}
}

// refusedEvery is how often refusals are logged at most.
const refusedEvery = 10 * time.Second

// refused counts a message that goes no further, and logs some of them.
func (u *upstream) refused(count *atomic.Uint64, channel string, err error) {
	count.Add(1)
	now, last := time.Now().UnixNano(), u.told.Load()
	if now-last > int64(refusedEvery) && u.told.CompareAndSwap(last, now) {
		u.log.Warn("a message is not passed on", "channel", channel, "error", err)
	}
}
