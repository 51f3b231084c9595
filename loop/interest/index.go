// Package interest knows which loops have subscribers of a channel pattern.
package interest

import (
	"bytes"
	"hash/maphash"
	"sync/atomic"

	"halley/bayeux/channel"
	"halley/loop/sharded"
)

// Index knows which loops have subscribers of a channel pattern. It is a map that
// all loops share, and is sharded so that subscribing to 18,000 own channels costs
// each subscriber the same as to 2,000.
type Index struct {
	seed     maphash.Seed
	watchers []func(pattern string, on bool)  // changed with all shards locked
	loops    *sharded.Map[string, *Loops]     // sets that are never changed, since channels of one loop share theirs
	alone    [MaxLoops]Loops                  // of each loop alone
	kinds    [3][maxSegments + 1]atomic.Int64 // see alike
}

// New returns an empty index.
func New() *Index {
	x := &Index{seed: maphash.MakeSeed(), loops: sharded.New[string, *Loops]()}
	for loop := range x.alone {
		x.alone[loop].Add(uint16(loop))
	}
	return x
}

func (x *Index) shard(pattern []byte) *sharded.Shard[string, *Loops] {
	return x.loops.Of(maphash.Bytes(x.seed, pattern))
}

// Add notes that loop has subscribers of pattern.
func (x *Index) Add(pattern []byte, loop uint16) {
	shard := x.shard(pattern)
	shard.Lock()
	defer shard.Unlock()
	set := shard.Entries[string(pattern)]
	if set == nil {
		shard.Entries[string(pattern)] = &x.alone[loop]
		x.alike(pattern).Add(1)
		x.tell(pattern, true)
		return
	}
	wider := *set
	wider.Add(loop)
	shard.Entries[string(pattern)] = &wider
}

// Remove notes that loop has no subscriber of pattern any more.
func (x *Index) Remove(pattern []byte, loop uint16) {
	shard := x.shard(pattern)
	shard.Lock()
	defer shard.Unlock()
	set := shard.Entries[string(pattern)]
	if set == nil {
		return
	}
	rest := *set
	if rest.Remove(loop); rest.Empty() {
		delete(shard.Entries, string(pattern))
		x.alike(pattern).Add(-1)
		x.tell(pattern, false)
		return
	}
	shard.Entries[string(pattern)] = &rest
}

// Watch has watch called for every pattern that has subscribers, and from then on when a pattern's
// first loop comes (on) and when its last one goes. For one pattern the calls come in this order, on and off
// by turns; for different patterns they may come at once, from any goroutine. A part of the index is locked
// meanwhile: watch must be quick, and not use the index. Nobody stops watching.
func (x *Index) Watch(watch func(pattern string, on bool)) {
	x.loops.Lock()
	defer x.loops.Unlock()
	x.watchers = append(x.watchers, watch)
	x.loops.All(func(pattern string, _ *Loops) { watch(pattern, true) })
}

// tell tells the watchers, with the pattern's shard locked.
func (x *Index) tell(pattern []byte, on bool) {
	for _, watch := range x.watchers {
		watch(string(pattern), on)
	}
}

// Trim gives back the room of patterns that are gone.
func (x *Index) Trim() { x.loops.Trim() }

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
	shard := x.shard(pattern)
	shard.RLock()
	defer shard.RUnlock()
	if loops := shard.Entries[string(pattern)]; loops != nil {
		set.union(loops)
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
