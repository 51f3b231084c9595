package loop

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// ErrMemory means that the server has no memory to spare: the caller should try again
// later.
var ErrMemory = fmt.Errorf("%w: it has no memory to spare", ErrBusy)

// strain is how much of --max-memory is in use, and so what is given up.
type strain int32

const (
	calm            strain = iota
	refusing               // no publish, no new session
	sheddingAway           // nor what waits for clients that are away
	sheddingSlow           // nor more than little of what waits for anybody
	sheddingHistory        // nor half of what is remembered
)

// String says what is given up.
func (p strain) String() string {
	return [...]string{"calm", "publishes and new sessions are refused", "what waits for clients that are away is given up",
		"what waits for slow clients is given up", "half of what is remembered is given up"}[p]
}

// Shares of --max-memory in hundredths at which each strain begins, and below which all
// is calm again.
const (
	refuseAt  = 75
	awayAt    = 80
	slowAt    = 85
	historyAt = 90
	calmBelow = 70
)

// strainOf is the strain at used bytes of limit, after one of before.
func strainOf(used, limit int64, before strain) strain {
	share := used * 100 / limit
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
	server *Server
	limit  int64
	used   func() int64 // bytes of the heap's objects, dead ones that were not collected included
	clean  func()       // collects the dead ones

	life      context.Context // of Run
	near      atomic.Bool     // more than half is in use: looks are frequent
	full      atomic.Bool     // the last look found so much in use that nothing more is taken, collected or not
	published atomic.Int64    // bytes since the last look

	strain    atomic.Int32
	relieving atomic.Bool
	rested    atomic.Int64 // until when nothing is collected, in milliseconds
	vain      int          // reliefs in a row after which memory was short still; the one at work has it
	refused   atomic.Uint64
}

func newMemory(s *Server) *memory {
	return &memory{server: s, limit: int64(s.cfg.MaxMemory), used: heapObjects, clean: runtime.GC}
}

// memoryShare is how much of what the process may have is the default of --max-memory.
const memoryShare = 0.75

// fitMemory finds the default of --max-memory.
func (s *Server) fitMemory() {
	if s.cfg.MaxMemory == 0 {
		s.cfg.MaxMemory = int(memoryShare * float64(HostMemory(os.DirFS("/"))))
	}
	if s.cfg.MaxMemory == 0 {
		s.cfg.MaxMemory = 1 << 40 // nothing tells
	}
}

// MaxMemory is --max-memory, or what stands for it.
func (s *Server) MaxMemory() int64 { return s.memory.limit }

// heapObjects is what the runtime counts, which costs it a microsecond.
func heapObjects() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
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
	m.published.Store(0)
	share := m.used() * 100 / m.limit
	m.full.Store(share >= historyAt) // also while a relief rests, else much would come in that time
	if m.near.Store(share >= nearAt); share < refuseAt && strain(m.strain.Load()) == calm {
		return
	}
	if now < m.rested.Load() || !m.relieving.CompareAndSwap(false, true) {
		return
	}
	go m.relieve(ctx)
}

// takes notes that so many bytes are published. Much at once is looked at before the
// next tick.
func (m *memory) takes(bytes int, now int64) {
	if m.published.Add(int64(bytes)) > m.limit/lookShare {
		m.look(m.life, now)
	}
}

const (
	nearAt    = 50 // hundredths
	lookShare = 50 // that part of the limit is not published without a look
)

// restTimes is how many times as long as a relief took nothing is collected after it,
// but at least leastRest.
const (
	restTimes = 10
	leastRest = 500 * time.Millisecond
)

// relieve collects what is dead, and gives up what is live as long as that is too
// much.
func (m *memory) relieve(ctx context.Context) {
	begun := time.Now()
	defer func() {
		rest := max(leastRest, restTimes*time.Since(begun))
		m.rested.Store(m.server.now() + rest.Milliseconds())
		m.relieving.Store(false)
	}()
	p := m.measure()
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
// queues goes by itself, but a history does not: if it were left alone below the share at
// which half of it goes, publishes would be refused for ever.
func (m *memory) furthest(p strain) strain {
	if m.vain == 0 || m.vain%vainReliefs != 0 {
		return p
	}
	further := min(strain(m.vain/vainReliefs)+refusing, sheddingHistory)
	if further > p {
		m.server.cfg.Log.Warn("memory stays short", "used", m.used(), "max-memory", m.limit, "so", further.String())
	}
	return max(p, further)
}

// measure finds out how much is live, and says what is given up from now on.
func (m *memory) measure() strain {
	m.clean()
	p := strainOf(m.used(), m.limit, strain(m.strain.Load()))
	m.note(p)
	return p
}

// note says what is given up from now on.
func (m *memory) note(p strain) {
	if before := strain(m.strain.Swap(int32(p))); before == p {
		return
	}
	log := m.server.cfg.Log
	if p == calm {
		m.server.health.trouble("memory", "")
		log.Info("memory is no longer short", "used", m.used(), "max-memory", m.limit)
		return
	}
	m.server.health.trouble("memory", p.String())
	log.Warn("memory is short", "used", m.used(), "max-memory", m.limit, "so", p.String())
}

const (
	shedBatch = 20_000   // events that a loop gives up before it looks at its sockets
	keepSlow  = 16 << 10 // bytes that are left to each session
)

// giveUp does what a strain asks for on every loop, in turns.
func (m *memory) giveUp(ctx context.Context, p strain) {
	s := m.server
	switch p {
	case sheddingAway:
		s.shed(ctx, true, 0)
	case sheddingSlow:
		s.visit(ctx, (*reactor).closeStuck)
		s.shed(ctx, false, keepSlow)
	case sheddingHistory:
		s.store.forgetHalf()
	}
}

// shed has every loop give up what waits for sessions.
func (s *Server) shed(ctx context.Context, away bool, least int) {
	next := make([]uint32, len(s.reactors))
	for more := true; more && ctx.Err() == nil; {
		more = false
		rest := make([]bool, len(s.reactors))
		s.visit(ctx, func(r *reactor) {
			next[r.id], rest[r.id] = r.core.Shed(next[r.id], away, least, shedBatch)
			r.endTurn()
		})
		for _, yes := range rest {
			more = more || yes
		}
	}
}

// closeStuck closes the connections whose output or half a request takes much: events
// go back to their session.
func (r *reactor) closeStuck() {
	r.conns.Each(func(_ uint32, c *conn) bool {
		switch {
		case c.socket.OutboundBuffered() > keepSlow:
			r.counters.slowClosed++
			r.abort(c)
		case c.input > keepSlow && (c.phase == reading || c.phase == body):
			r.reject(c, 503, "no memory to spare")
		}
		return true
	})
}
