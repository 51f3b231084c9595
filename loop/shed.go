package loop

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// strain is how much of --max-memory is in use, and so what is given up.
type strain int32

const (
	calm            strain = iota
	refusing               // no publish, no new session, no new subscription
	sheddingAway           // nor more than little of what waits for clients that are away
	sheddingSlow           // nor more than little of what waits for anybody
	sheddingHistory        // nor half of what is remembered, nor nearly anything for who is away
	endingSessions         // nor sessions with many subscriptions: only where nothing else has made room
)

// String says what is given up.
func (p strain) String() string {
	return [...]string{"calm", "publishes, new sessions and subscriptions are refused", "what waits for clients that are away is given up",
		"what waits for slow clients is given up", "half of what is remembered is given up", "sessions with the most subscriptions are ended"}[p]
}

// Shares in hundredths, of what the runtime may hold (memory.heap), of what is live: those
// at which each strain begins, and below which all is calm again. The last is well below
// the whole: a collector whose goal is close to what is live works all the time, and then
// lets the heap grow beyond the goal.
const (
	refuseAt  = 65
	awayAt    = 70
	slowAt    = 75
	historyAt = 80
	calmBelow = 60
)

// strainOf is the strain where so many bytes are live and the runtime may hold so many,
// after a strain of before.
func strainOf(live, heap int64, before strain) strain {
	share := live * 100 / heap
	switch {
	case share >= historyAt:
		return sheddingHistory
	case share >= slowAt:
		return sheddingSlow
	case share >= awayAt:
		return sheddingAway
	case share >= refuseAt, share >= calmBelow && before > calm:
		return refusing
	}
	return calm
}

// memory keeps the process below --max-memory.
type memory struct {
	cfg    *Config
	now    func() int64 // milliseconds
	health *health
	giveUp func(context.Context, strain) // has the loops do what a strain asks for
	limit  int64
	used   func() footprint
	clean  func() // collects dead objects
	back   func() // gives the host what holds none

	heap  atomic.Int64    // what the runtime may hold, 0 before fit
	life  context.Context // of Run
	near  atomic.Bool     // more than half is in use: looks are frequent
	full  atomic.Bool     // the last look found so much in use that nothing more is taken, collected or not
	taken atomic.Int64    // bytes since the last look

	strain    atomic.Int32
	relieving atomic.Bool
	rested    atomic.Int64 // until when nothing is collected, in milliseconds
	vain      int          // reliefs in a row after which memory was short still; the one at work has it
	refused   atomic.Uint64
}

func newMemory(cfg *Config, now func() int64, health *health, giveUp func(context.Context, strain)) *memory {
	return &memory{cfg: cfg, now: now, health: health, giveUp: giveUp,
		limit: int64(cfg.MaxMemory), used: footprintNow, clean: runtime.GC, back: debug.FreeOSMemory}
}

// memoryShare is how much of what the process may have is the default of --max-memory.
const memoryShare = 0.75

// fitMemory finds the default of --max-memory.
func fitMemory(cfg *Config) {
	if cfg.MaxMemory == 0 {
		cfg.MaxMemory = int(memoryShare * float64(HostMemory(os.DirFS("/"))))
	}
	if cfg.MaxMemory == 0 {
		cfg.MaxMemory = 1 << 40 // nothing tells
	}
}

// refuses tells whether nothing new is begun, and counts that.
func (m *memory) refuses() bool {
	if strain(m.strain.Load()) == calm && !m.full.Load() {
		return false
	}
	m.refused.Add(1)
	return true
}

// look finds out whether memory is short, and has it relieved beside the loops.
func (m *memory) look(ctx context.Context, now int64) {
	m.taken.Store(0)
	f := m.used()
	m.fit(f)
	full := m.isFull(f)
	m.full.Store(full) // also while a relief rests, else much would come in that time
	m.near.Store(f.resident()*100/m.limit >= nearAt)
	if strainOf(f.live, m.heap.Load(), calm) > calm {
		m.begin(f)
	}
	if !full && !m.fills(f) && strain(m.strain.Load()) == calm {
		return
	}
	if now < m.rested.Load() || !m.relieving.CompareAndSwap(false, true) {
		return
	}
	go m.relieve(ctx)
}

// fills tells whether dead objects are about to fill what there is: they are collected
// before new work has to be refused for them.
func (m *memory) fills(f footprint) bool {
	return f.resident()*100/m.limit >= fillsAt && (f.objects-f.live)*deadShare >= m.heap.Load()
}

// begin refuses what is new as soon as a collection has found too much in use: a relief,
// which knows better, may have to rest, or take long.
func (m *memory) begin(f footprint) {
	if m.strain.CompareAndSwap(int32(calm), int32(refusing)) {
		m.tell(refusing, f)
	}
}

// What a pattern that is new to its loop is taken to cost, since it stands in the loop's
// table and in the index of all loops.
const (
	patternCopies = 2
	patternBytes  = 400 // beside its copies
)

// isFull tells whether so much is in use that nothing more is taken, collected or not:
// also where objects alone are more than the runtime may hold, since then the collector
// does not keep up.
func (m *memory) isFull(f footprint) bool {
	return f.objects >= m.heap.Load() || f.resident()*100/m.limit >= fullAt
}

// fit finds out how much the runtime may hold, and tells it: what is left beside the
// program's own pages, less what it may exceed that by, but half of the limit at least. A
// program that takes most of a small limit would have all refused for ever.
func (m *memory) fit(f footprint) {
	left, before := m.limit-f.program, m.heap.Load()
	heap := max(m.limit/2, min(left/100*heapShare, left-leastSpare))
	if before > 0 && heap > before-leastFit && heap < before+leastFit {
		return
	}
	m.heap.Store(heap)
	if tell := m.cfg.LimitHeap; tell != nil {
		tell(heap)
	}
}

// takes notes that so many bytes are about to be allocated, or were. Much at once is looked
// at before the next tick.
func (m *memory) takes(bytes int, now int64) {
	if m.taken.Add(int64(bytes)) > m.limit/lookShare {
		m.look(m.life, now)
	}
}

const (
	nearAt     = 50       // hundredths
	fillsAt    = 80       // of what is resident: dead objects are collected
	deadShare  = 8        // that part of what the runtime may hold they are at least
	fullAt     = 90       // of what is resident: nothing new is begun
	heapShare  = 85       // of what is left beside the program, for the runtime, which may exceed it
	leastSpare = 32 << 20 // bytes that it may do so by
	leastFit   = 1 << 20  // bytes: less does not change that
	lookShare  = 50       // that part of the limit is not taken without a look
)

// restTimes is how many times as long as a relief took nothing is collected after it, but
// at least leastRest if memory is short still: it may not take long to get less.
const (
	restTimes = 10
	leastRest = 500 * time.Millisecond
)

// relieve collects what is dead, and gives up what is live as long as that is too
// much.
func (m *memory) relieve(ctx context.Context) {
	begun := time.Now()
	var p strain
	defer func() {
		rest := restTimes * time.Since(begun)
		if p > calm {
			rest = max(leastRest, rest)
		}
		m.rested.Store(m.now() + rest.Milliseconds())
		m.relieving.Store(false)
	}()
	p = m.measure()
	last := m.furthest(p)
	for step := sheddingAway; step <= max(p, last) && p > calm && ctx.Err() == nil; step++ {
		m.giveUp(ctx, step)
		p = m.measure()
	}
	if m.vain++; p == calm {
		m.vain = 0
	}
}

// vainReliefs is how many reliefs in a row may leave memory short, half a second or more
// each, before one goes a step further than what is live asks for.
const vainReliefs = 8

// furthest is the last step that a relief takes even if less is live. What waits in
// queues goes by itself, but a history does not, nor do subscriptions: if they were left
// alone, publishes would be refused for ever.
func (m *memory) furthest(p strain) strain {
	if m.vain == 0 || m.vain%vainReliefs != 0 {
		return p
	}
	further := min(strain(m.vain/vainReliefs)+refusing, endingSessions)
	if further > p {
		m.cfg.Log.Warn("memory stays short", "live", m.used().live, "max-memory", m.limit, "so", further.String())
	}
	return max(p, further)
}

// measure finds out how much is live, or resident although all is given back that can
// be, and says what is given up from now on.
func (m *memory) measure() strain {
	m.clean()
	f := m.used()
	if f.resident()*100/m.limit >= fullAt {
		m.back()
		f = m.used()
	}
	m.fit(f)
	used := f.live
	if m.full.Store(m.isFull(f)); f.resident()*100/m.limit >= fullAt {
		used = f.held
	}
	p := strainOf(used, m.heap.Load(), strain(m.strain.Load()))
	m.note(p, f)
	return p
}

// note says what is given up from now on.
func (m *memory) note(p strain, f footprint) {
	if before := strain(m.strain.Swap(int32(p))); before != p {
		m.tell(p, f)
	}
}

// tell says it in the log and to who asks whether the server is ready.
func (m *memory) tell(p strain, f footprint) {
	log := m.cfg.Log
	if p == calm {
		m.health.trouble("memory", "")
		log.Info("memory is no longer short", "live", f.live, "resident", f.resident(), "max-memory", m.limit)
		return
	}
	m.health.trouble("memory", p.String())
	log.Warn("memory is short", "live", f.live, "resident", f.resident(), "max-memory", m.limit, "so", p.String())
}
