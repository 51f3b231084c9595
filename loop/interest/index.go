// Package interest knows which loops have subscribers of a channel pattern.
package interest

import (
	"hash/maphash"

	"halley/bayeux/channel"
	"halley/loop/sharded"
)

// Index knows which loops have subscribers of a channel pattern. It is a map that
// all loops share, and is sharded so that subscribing to 18,000 own channels costs
// each subscriber the same as to 2,000.
type Index struct {
	seed     maphash.Seed
	watchers []func(pattern string, on bool) // changed with all shards locked
	loops    *sharded.Map[string, *Loops]
}

// New returns an empty index.
func New() *Index {
	return &Index{seed: maphash.MakeSeed(), loops: sharded.New[string, *Loops]()}
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
		set = new(Loops)
		shard.Entries[string(pattern)] = set
		x.tell(pattern, true)
	}
	set.Add(loop)
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
	if set.Remove(loop); set.Empty() {
		delete(shard.Entries, string(pattern))
		x.tell(pattern, false)
	}
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
	shard := x.shard(pattern)
	shard.RLock()
	defer shard.RUnlock()
	if loops := shard.Entries[string(pattern)]; loops != nil {
		set.union(loops)
	}
}
