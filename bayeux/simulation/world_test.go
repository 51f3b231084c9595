package simulation

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"

	"halley/bayeux"
	"halley/bayeux/channel"
	"halley/bayeux/rules"
)

// world is a whole server, its network and its clients, on one goroutine. All that
// happens is drawn from one generator: the same seed makes the same history.
type world struct {
	seed     uint64
	rng      *rand.Rand
	plan     plan
	bug      bug
	bitten   int // how often the bug has struck
	step     int // operations done
	now      int64
	rules    rules.Rules
	loops    []*loop
	interest interest
	store    *store
	browsers browsers
	asks     []ask
	clients  []*client
	model    *model
	stamp    int  // of the last frame that left the server
	received int  // events that clients took
	quiet    bool // faults and publications are off
	leaving  bool // clients end their sessions
	restarts int
	severed  int // times that two nodes lost each other
}

// ask is a question that waits for its verdict, or an event that waits to be stored.
type ask struct {
	loop   *loop
	answer func(l *loop)
}

// violation is what a run ends with when a client saw what it must not, or missed
// what it must see.
type violation struct {
	text string
}

func (v violation) Error() string { return v.text }

// fail ends the run.
func (w *world) fail(c *client, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if c != nil {
		text = fmt.Sprintf("client %d (%s): %s\n%s", c.number, c.kind, text, c.story())
	}
	panic(violation{fmt.Sprintf("seed %d, plan %s, step %d, %d ms: %s", w.seed, w.plan.name, w.step, w.now, text)})
}

// run makes a world, lets ops operations happen and returns what went wrong.
func run(seed uint64, p plan, ops int, b bug) (w *world, err error) {
	w = &world{seed: seed, rng: rand.New(rand.NewPCG(seed, 7)), plan: p, bug: b, now: 1_000_000}
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case violation:
			err = cause
		default:
			err = violation{fmt.Sprintf("seed %d, plan %s, step %d: panic: %v\n%s", seed, p.name, w.step, cause, debug.Stack())}
		}
	}()
	w.build()
	next := w.settleAfter()
	for w.step < ops {
		w.operate()
		w.sweep()
		if w.step >= next {
			w.settle()
			next = w.step + w.settleAfter()
		}
	}
	w.settle()
	w.finish()
	return w, nil
}

// settleAfter is after how many operations the world comes to rest for a look.
func (w *world) settleAfter() int { return len(w.clients)*60 + w.rng.IntN(4000) }

func (w *world) build() {
	for _, text := range w.plan.rules {
		rule, err := rules.Parse(text, limits)
		if err != nil {
			panic(err)
		}
		w.rules = append(w.rules, rule)
	}
	w.model = newModel(w)
	w.browsers = make(browsers)
	w.store = newStore(w)
	w.boot()
	for i := range w.plan.clients {
		w.clients = append(w.clients, newClient(w, i))
	}
}

var limits = channel.Limits{MaxLength: 100, MaxSegments: 10}

// boot starts the loops with nothing in them.
func (w *world) boot() {
	w.interest = make(interest)
	w.asks = nil
	w.loops = w.loops[:0]
	for i := range w.plan.loops {
		w.loops = append(w.loops, newLoop(w, uint16(i)))
	}
}

// chance is true in one of n cases.
func (w *world) chance(n int) bool { return w.rng.IntN(n) == 0 }

// strikes tells whether the bug b is planted and shows itself now, one time in n.
func (w *world) strikes(b bug, n int) bool {
	if w.bug != b || w.quiet || !w.chance(n) {
		return false
	}
	w.bitten++
	return true
}

func (w *world) client() *client { return w.clients[w.rng.IntN(len(w.clients))] }
func (w *world) loop() *loop     { return w.loops[w.rng.IntN(len(w.loops))] }

// operate lets one thing happen.
func (w *world) operate() {
	w.step++
	switch n := w.rng.IntN(100); {
	case n < 52:
		w.client().act()
	case n < 70:
		w.loop().turn(1 + w.rng.IntN(20))
	case n < 82:
		w.loop().read(1 + w.rng.IntN(8))
	case n < 88:
		w.loop().notice(1 + w.rng.IntN(3))
	case n < 91:
		w.loop().checkSlow()
	case n < 93:
		w.verdict()
		w.store.written(w.rng.IntN(4))
	case n < 96:
		w.publishInternal()
	case n < 99:
		w.pass(1 + w.rng.Int64N(60))
	default:
		w.rare()
	}
}

// rare lets happen what happens seldom.
func (w *world) rare() {
	switch n := w.rng.IntN(100); {
	case n < 20:
		w.kick()
	case n < 80:
		w.pass(w.rng.Int64N(400))
	case n < 98 && w.plan.nodes:
		w.sever()
	case n == 99 && w.plan.restarts && w.chance(4):
		w.restart()
	}
}

// pass lets time go by; the loops' ticks come late at times.
func (w *world) pass(ms int64) {
	w.now += ms
	for _, l := range w.loops {
		if w.quiet || w.now-l.ticked >= 100 && !w.chance(4) {
			l.tick()
		}
	}
}

// kick ends a session from the operator's side.
func (w *world) kick() {
	c := w.client()
	if len(c.id) == 0 {
		return
	}
	a, ok := bayeux.ParseClientID(c.id)
	if !ok || int(a.Loop) >= len(w.loops) {
		return
	}
	l := w.loops[a.Loop]
	if found, ok := l.core.Find(c.id); ok {
		c.doomed = true
		c.note("kicked", nil)
		l.core.Disconnect(w.now, found, &l.fx)
		l.perform()
	}
}

// verdict answers one of the questions that wait.
func (w *world) verdict() {
	if len(w.asks) == 0 {
		return
	}
	i := w.rng.IntN(len(w.asks))
	a := w.asks[i]
	w.asks = append(w.asks[:i], w.asks[i+1:]...)
	a.loop.post(entryCall, a.answer)
}

// publishInternal publishes from the server's own side.
func (w *world) publishInternal() {
	if w.quiet {
		return
	}
	e, ch := w.model.compose(&w.model.internal)
	name := w.model.channels[ch].name
	if w.model.channels[ch].rule.Sequenced() {
		w.store.publish(e, func() {})
		return
	}
	w.model.accept(e)
	set := w.interest.of(name)
	for _, l := range w.loops {
		if set[l.id] {
			l.post(entryPublish, func(l *loop) { l.deliver(e) })
		}
	}
}

// restart ends the process and starts it anew: connections, sessions and mailboxes
// are gone; the history is kept, or not.
func (w *world) restart() {
	w.restarts++
	if w.chance(2) {
		for _, l := range w.loops {
			l.core.Drain(w.now, 1000, w.rng.IntN(1000), &l.fx)
			l.perform()
		}
	}
	for _, c := range w.clients {
		c.serverDied()
	}
	kept := w.plan.keeps && !w.chance(3)
	w.store = w.store.reborn(kept)
	w.browsers = make(browsers)
	w.boot()
	w.model.restarted()
	if !kept {
		w.model.forget()
		for _, c := range w.clients {
			c.forgetPast()
		}
	}
}
