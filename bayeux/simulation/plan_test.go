package simulation

import "halley/bayeux/queue"

// plan is what a world is made of.
type plan struct {
	name          string
	loops         int
	clients       int
	hold          int64 // milliseconds
	maxInterval   int64
	queueMessages int
	queueBytes    int
	replyBytes    int
	turnWork      int
	slow          queue.Policy
	polls         int
	durable       bool // publishers wait until their events are stored
	policy        bool // some questions wait
	restarts      bool
	keeps         bool // the history outlives a restart, mostly
	rewinds       bool // clients with a cursor begin anew at times
	patience      int  // connections that stall go on so many times less often
	nodes         bool // each loop is a node of its own, and two may lose each other
	rollOver      int  // streams end after one in so many writes
	rules         []string
}

// patient is for how long a client waits for the reply to a connect, beyond the time
// that it is held.
func (p *plan) patient() int64 { return 2000 + 8000*int64(min(1, p.patience)) }

// tight tells whether queues may overflow.
func (p *plan) tight() bool { return p.queueMessages < 1000 }

var usualRules = []string{
	"/z/** lazy=400ms",
	"/c/** conflate",
	"/cz/** conflate lazy=300ms",
	"/k/** key=k",
	"/r/** rate=4/s",
	"/s/** snapshot",
	"/sc/** snapshot conflate",
	"/h/** history=60",
	"/hs/** history=30 snapshot",
	"/hr/** history=40 rate=5/s snapshot",
	"/hc/** history=60 conflate",
	"/ht/** history=20s",
}

// names are the channels that there are.
var names = []string{
	"/p/0", "/p/1", "/p/2", "/p/3", "/p/4", "/p/5",
	"/z/0", "/z/1", "/c/0", "/c/1", "/c/2", "/cz/0", "/k/0", "/k/1", "/r/0", "/r/1",
	"/s/0", "/s/1", "/s/2", "/sc/0", "/sc/1",
	"/h/0", "/h/1", "/h/2", "/h/3", "/hs/0", "/hs/1", "/hr/0", "/ht/0", "/hc/0", "/hc/1", "/hc/2",
}

// wildcards are the patterns beside them that clients subscribe to.
var wildcards = []string{"/p/*", "/c/**", "/s/*", "/sc/**", "/k/*", "/z/**", "/h/*", "/hs/**", "/hc/**", "/**"}

// plans are the worlds that a run goes through.
func plans() []plan {
	small := plan{name: "small", loops: 3, clients: 40, hold: 2000, maxInterval: 3000, queueMessages: 10_000,
		queueBytes: 2 << 20, replyBytes: 256 << 10, polls: 4, rollOver: 60, rules: usualRules}
	with := func(name string, change func(*plan)) plan {
		p := small
		p.name = name
		change(&p)
		return p
	}
	return []plan{
		small,
		with("many", func(p *plan) { p.clients, p.loops, p.hold, p.maxInterval = 2000, 8, 20_000, 20_000 }),
		with("policy", func(p *plan) { p.policy, p.polls = true, 1 }),
		with("bites", func(p *plan) { p.replyBytes, p.turnWork = 700, 3 }),
		with("durable", func(p *plan) { p.durable, p.restarts, p.keeps, p.polls = true, true, true, 0 }),
		with("forgetful", func(p *plan) { p.restarts, p.hold = true, 600 }),
		with("drop-oldest", func(p *plan) { p.queueMessages, p.queueBytes = 20, 3640 }),
		with("conflate", func(p *plan) { p.queueMessages, p.queueBytes, p.slow = 20, 3640, queue.Conflate }),
		with("disconnect", func(p *plan) { p.queueMessages, p.queueBytes, p.slow = 20, 3640, queue.Disconnect }),
		with("patient", func(p *plan) {
			p.queueMessages, p.queueBytes, p.slow, p.rewinds = 40, 9280, queue.Disconnect, true
			p.rules = append(append([]string(nil), usualRules...), "/h/** history=2000", "/hs/** history=500")
		}),
		with("nodes", func(p *plan) { p.nodes = true }),
		with("nodes-policy", func(p *plan) { p.nodes, p.policy, p.replyBytes, p.turnWork = true, true, 700, 3 }),
		with("slow", func(p *plan) { p.patience = 2 }),
		with("lonely", func(p *plan) { p.loops, p.clients = 1, 8 }),
	}
}
