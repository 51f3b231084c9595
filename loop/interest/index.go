// Package interest knows which loops have subscribers of a channel pattern.
package interest

import (
	"hash/maphash"
	"maps"
	"sync"

	"halley/bayeux/channel"
)

const shardCount = 64

// Index knows which loops have subscribers of a channel pattern. It is a map that
// all loops share, and is sharded so that subscribing to 18,000 own channels costs
// each subscriber the same as to 2,000.
type Index struct {
	seed     maphash.Seed
	watchers []func(pattern string, on bool) // changed with all shards locked
	shards   [shardCount]shard
}

type shard struct {
	mu    sync.RWMutex
	loops map[string]*Loops
}

// New returns an empty index.
func New() *Index {
	x := &Index{seed: maphash.MakeSeed()}
	for i := range x.shards {
		x.shards[i].loops = make(map[string]*Loops)
	}
	return x
}

func (x *Index) shard(pattern []byte) *shard {
	return &x.shards[maphash.Bytes(x.seed, pattern)%shardCount]
}

// Add notes that loop has subscribers of pattern.
func (x *Index) Add(pattern []byte, loop uint16) {
	shard := x.shard(pattern)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	set := shard.loops[string(pattern)]
	if set == nil {
		set = new(Loops)
		shard.loops[string(pattern)] = set
		x.tell(pattern, true)
	}
	set.Add(loop)
}

// Remove notes that loop has no subscriber of pattern any more.
func (x *Index) Remove(pattern []byte, loop uint16) {
	shard := x.shard(pattern)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	set := shard.loops[string(pattern)]
	if set == nil {
		return
	}
	if set.Remove(loop); set.Empty() {
		delete(shard.loops, string(pattern))
		x.tell(pattern, false)
	}
}

// Watch has watch called for every pattern that has subscribers, and from then on when a pattern's
// first loop comes (on) and when its last one goes. For one pattern the calls come in this order, on and off
// by turns; for different patterns they may come at once, from any goroutine. A part of the index is locked
// meanwhile: watch must be quick, and not use the index. Nobody stops watching.
func (x *Index) Watch(watch func(pattern string, on bool)) {
	for i := range x.shards {
		x.shards[i].mu.Lock()
		defer x.shards[i].mu.Unlock()
	}
	x.watchers = append(x.watchers, watch)
	for i := range x.shards {
		for pattern := range x.shards[i].loops {
			watch(pattern, true)
		}
	}
}

// tell tells the watchers, with the pattern's shard locked.
func (x *Index) tell(pattern []byte, on bool) {
	for _, watch := range x.watchers {
		watch(string(pattern), on)
	}
}

// Trim gives back the room of patterns that are gone: maps do not shrink.
func (x *Index) Trim() {
	for i := range x.shards {
		shard := &x.shards[i]
		shard.mu.Lock()
		fit := make(map[string]*Loops, len(shard.loops))
		maps.Copy(fit, shard.loops)
		shard.loops = fit
		shard.mu.Unlock()
	}
}

// Of returns the loops with subscribers of the channel name: of the name itself
// and of the wildcard patterns that match it.
func (x *Index) Of(name string) (set Loops) {
	key := append(make([]byte, 0, maxPattern), name...)
	x.collect(key, &set)
	w := channel.WildcardsOf(key)
	for pattern, more := w.Append(key[:0]); more; pattern, more = w.Append(key[:0]) {
		x.collect(pattern, &set)
	}
	return set
}

// maxPattern lets the patterns of channels of usual length be built on the stack.
const maxPattern = 512

func (x *Index) collect(pattern []byte, set *Loops) {
	shard := x.shard(pattern)
	shard.mu.RLock()
	defer shard.mu.RUnlock()
	if loops := shard.loops[string(pattern)]; loops != nil {
		set.union(loops)
	}
}
