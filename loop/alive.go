package loop

import "sync/atomic"

// alive tells other loops which of a loop's connections are still there, so that
// they begin no work for one that has gone. A slot holds one more than the generation
// of its connection, or 0.
type alive struct {
	chunks atomic.Pointer[[]*aliveChunk]
}

type aliveChunk [256]atomic.Uint32

// set notes the connection at slot with that generation. Only the loop itself does.
func (a *alive) set(slot, gen uint32) { a.at(slot).Store(gen + 1) }

// clear notes that the connection at slot has gone.
func (a *alive) clear(slot uint32) { a.at(slot).Store(0) }

func (a *alive) at(slot uint32) *atomic.Uint32 {
	chunks, n := a.list(), int(slot)/len(aliveChunk{})
	if n >= len(chunks) {
		grown := append([]*aliveChunk(nil), chunks...)
		for len(grown) <= n {
			grown = append(grown, new(aliveChunk))
		}
		a.chunks.Store(&grown)
		chunks = grown
	}
	return &chunks[n][int(slot)%len(aliveChunk{})]
}

func (a *alive) list() []*aliveChunk {
	if p := a.chunks.Load(); p != nil {
		return *p
	}
	return nil
}

// is tells whether a connection is there. Any goroutine may ask.
func (a *alive) is(slot, gen uint32) bool {
	chunks, n := a.list(), int(slot)/len(aliveChunk{})
	return n < len(chunks) && chunks[n][int(slot)%len(aliveChunk{})].Load() == gen+1
}
