package loop

import (
	"hash/maphash"
	"sync"
)

const browserShards = 64

// browsers counts the held polls of each browser on all loops. An entry lives
// only while a poll is held.
type browsers struct {
	seed   maphash.Seed
	shards [browserShards]browserShard
}

type browserShard struct {
	mu   sync.Mutex
	held map[uint64]int
}

func newBrowsers() *browsers {
	b := &browsers{seed: maphash.MakeSeed()}
	for i := range b.shards {
		b.shards[i].held = make(map[uint64]int)
	}
	return b
}

// Hold implements bayeux.Browsers.
func (b *browsers) Hold(browser uint64) int {
	shard := &b.shards[browser>>1%browserShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	shard.held[browser]++
	return shard.held[browser]
}

// Named implements bayeux.Browsers. Nobody can name a browser into the number of
// another one, or of a cookie, without knowing the seed.
func (b *browsers) Named(name []byte) uint64 { return maphash.Bytes(b.seed, name) | 1 }

// trim gives back the room of entries that are gone.
func (b *browsers) trim() {
	for i := range b.shards {
		shard := &b.shards[i]
		shard.mu.Lock()
		shard.held = fitted(shard.held)
		shard.mu.Unlock()
	}
}

// Release implements bayeux.Browsers.
func (b *browsers) Release(browser uint64) {
	shard := &b.shards[browser>>1%browserShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if shard.held[browser]--; shard.held[browser] <= 0 {
		delete(shard.held, browser)
	}
}
