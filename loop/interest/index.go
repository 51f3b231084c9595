// Package interest knows which loops have subscribers of a channel pattern.
package interest

import (
	"bytes"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"halley/bayeux/channel"
	"halley/bayeux/slab"
)

// Index knows which loops have subscribers of a channel pattern. All loops share it, and it is in parts with a lock each, so that
// subscribing to 18,000 own channels costs each subscriber the same as to 2,000. It does not know the patterns' text.
type Index struct {
	seeds    [2]maphash.Seed
	watchers []func(pattern string, on bool)
	parts    [64]part
	kinds    [3][maxSegments + 1]atomic.Int64 // see alike
}

// part is the patterns whose marks have something in common. A set below shared is one loop; others are in wide.
type part struct {
	sync.RWMutex
	marks marks
	wide  slab.List[Loops]
}

// shared is the first number of a set of several loops. That of one loop is its own, counted from 1.
const shared = MaxLoops + 1

// New returns an empty index.
func New() *Index { return &Index{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}} }

// of is the part of a pattern, and its mark.
func (x *Index) of(pattern []byte) (*part, mark) {
	m := mark{maphash.Bytes(x.seeds[0], pattern), uint32(maphash.Bytes(x.seeds[1], pattern))}
	return &x.parts[m.high%uint64(len(x.parts))], m
}

// loops is the set of an entry.
func (p *part) loops(e *entry) (set Loops) {
	if e.set >= shared {
		return *p.wide.At(e.set - shared)
	}
	set.Add(uint16(e.set - 1))
	return set
}

// become makes the set of an entry another one, which is not empty.
func (p *part) become(e *entry, set Loops) {
	only, alone := set.only()
	switch {
	case !alone && e.set >= shared:
		*p.wide.At(e.set - shared) = set
	case !alone:
		e.set = p.wide.Take(set) + shared
	default:
		p.release(e)
		e.set = uint32(only) + 1
	}
}

func (p *part) release(e *entry) {
	if e.set >= shared {
		p.wide.Release(e.set - shared)
	}
}

// Add notes that loop has subscribers of pattern.
func (x *Index) Add(pattern []byte, loop uint16) {
	p, m := x.of(pattern)
	p.Lock()
	defer p.Unlock()
	if e := p.marks.find(m); e != nil {
		wider := p.loops(e)
		wider.Add(loop)
		p.become(e, wider)
		return
	}
	p.marks.add(m, uint32(loop)+1)
	x.alike(pattern).Add(1)
	x.tell(pattern, true)
}

// Remove notes that loop has no subscriber of pattern any more.
func (x *Index) Remove(pattern []byte, loop uint16) {
	p, m := x.of(pattern)
	p.Lock()
	defer p.Unlock()
	e := p.marks.find(m)
	if e == nil {
		return
	}
	rest := p.loops(e)
	if rest.Remove(loop); !rest.Empty() {
		p.become(e, rest)
		return
	}
	p.release(e)
	p.marks.remove(e)
	x.alike(pattern).Add(-1)
	x.tell(pattern, false)
}

// Watch has watch called when a pattern's first loop comes (on) and when its last one goes. For one pattern the calls come in this
// order, on and off by turns; for different patterns they may come at once, from any goroutine. A part of the index is locked
// meanwhile: watch must be quick, and not use the index. It is to be called while the index is empty. Nobody stops watching.
func (x *Index) Watch(watch func(pattern string, on bool)) {
	if x.size() > 0 {
		panic("interest: watched after the first pattern has come")
	}
	x.watchers = append(x.watchers, watch)
}

// size is the number of patterns.
func (x *Index) size() (n int) {
	for i := range x.parts {
		p := &x.parts[i]
		p.RLock()
		n += p.marks.used
		p.RUnlock()
	}
	return n
}

// tell tells the watchers, with the pattern's part locked.
func (x *Index) tell(pattern []byte, on bool) {
	for _, watch := range x.watchers {
		watch(string(pattern), on)
	}
}

// Trim gives back the room of patterns that are gone.
func (x *Index) Trim() {
	for i := range x.parts {
		p := &x.parts[i]
		p.Lock()
		p.marks.fit()
		if p.wide.Len() == 0 {
			p.wide = slab.List[Loops]{}
		}
		p.Unlock()
	}
}

// Of returns the loops with subscribers of the channel name: of the name itself
// and of the wildcard patterns that match it.
func (x *Index) Of(name string) (set Loops) {
	key := append(make([]byte, 0, maxPattern), name...)
	x.gather(key, &set)
	w := channel.WildcardsOf(key)
	for pattern, more := w.Append(key[:0]); more; pattern, more = w.Append(key[:0]) {
		x.gather(pattern, &set)
	}
	return set
}

// maxPattern lets the patterns of channels of usual length be built on the stack.
const maxPattern = 512

func (x *Index) gather(pattern []byte, set *Loops) {
	if x.alike(pattern).Load() == 0 {
		return
	}
	p, m := x.of(pattern)
	p.RLock()
	defer p.RUnlock()
	switch e := p.marks.find(m); {
	case e == nil:
	case e.set < shared:
		set.Add(uint16(e.set - 1))
	default:
		set.union(p.wide.At(e.set - shared))
	}
}

// maxSegments is up to how many segments alike tells apart.
const maxSegments = 15

// alike counts the patterns with as many segments as this one, and as many stars at the end. Where nobody has any, none is
// looked for: most channels have subscribers by one kind of wildcards at most.
func (x *Index) alike(pattern []byte) *atomic.Int64 {
	stars, rest := 0, len(pattern)-1
	for ; stars < 2 && rest >= 0 && pattern[rest] == '*'; rest-- {
		stars++
	}
	return &x.kinds[stars][min(bytes.Count(pattern, []byte("/")), maxSegments)]
}
