package loop

import (
	"hash/maphash"
	"math/bits"
	"sync"
)

// loopSet is a set of loop numbers.
type loopSet [MaxLoops / 64]uint64

// MaxLoops is gnet's limit of event loops.
const MaxLoops = 256

func (s *loopSet) add(loop uint16)    { s[loop/64] |= 1 << (loop % 64) }
func (s *loopSet) remove(loop uint16) { s[loop/64] &^= 1 << (loop % 64) }

func (s *loopSet) empty() bool { return *s == loopSet{} }

func (s *loopSet) union(other *loopSet) {
	for i := range s {
		s[i] |= other[i]
	}
}

// each calls visit for every loop of the set in order.
func (s *loopSet) each(visit func(loop uint16)) {
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			visit(uint16(i*64 + bits.TrailingZeros64(word)))
		}
	}
}

const interestShards = 64

// interest knows which loops have subscribers of a channel pattern. It is the
// one map that all loops share, and is sharded so that subscribing to 18,000 own
// channels costs each subscriber the same as to 2,000.
type interest struct {
	seed   maphash.Seed
	shards [interestShards]interestShard
}

type interestShard struct {
	mu    sync.RWMutex
	loops map[string]*loopSet
}

func newInterest() *interest {
	x := &interest{seed: maphash.MakeSeed()}
	for i := range x.shards {
		x.shards[i].loops = make(map[string]*loopSet)
	}
	return x
}

func (x *interest) shard(pattern []byte) *interestShard {
	return &x.shards[maphash.Bytes(x.seed, pattern)%interestShards]
}

// add notes that loop has subscribers of pattern.
func (x *interest) add(pattern []byte, loop uint16) {
	shard := x.shard(pattern)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	set := shard.loops[string(pattern)]
	if set == nil {
		set = new(loopSet)
		shard.loops[string(pattern)] = set
	}
	set.add(loop)
}

// remove notes that loop has no subscriber of pattern any more.
func (x *interest) remove(pattern []byte, loop uint16) {
	shard := x.shard(pattern)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	set := shard.loops[string(pattern)]
	if set == nil {
		return
	}
	if set.remove(loop); set.empty() {
		delete(shard.loops, string(pattern))
	}
}

// trim gives back the room of patterns that are gone.
func (x *interest) trim() {
	for i := range x.shards {
		shard := &x.shards[i]
		shard.mu.Lock()
		shard.loops = fitted(shard.loops)
		shard.mu.Unlock()
	}
}

// of returns the loops with subscribers of the channel name: of the name itself
// and of the wildcard patterns that match it, which are as many as it has
// segments, and one.
func (x *interest) of(name string) (set loopSet) {
	buf := make([]byte, 0, maxPattern)
	x.collect(append(buf, name...), &set)
	last := len(name)
	for end := len(name) - 1; end >= 0; end-- {
		if name[end] != '/' {
			continue
		}
		prefix := append(buf[:0], name[:end]...)
		if last == len(name) {
			x.collect(append(prefix, "/*"...), &set)
		}
		x.collect(append(prefix, "/**"...), &set)
		last = end
	}
	return set
}

// maxPattern lets the patterns of channels of usual length be built on the stack.
const maxPattern = 512

func (x *interest) collect(pattern []byte, set *loopSet) {
	shard := x.shard(pattern)
	shard.mu.RLock()
	defer shard.mu.RUnlock()
	if loops := shard.loops[string(pattern)]; loops != nil {
		set.union(loops)
	}
}
