package loop

import "sync"

const browserShards = 64

// browsers counts the held polls of each browser on all loops. An entry lives
// only while a poll is held.
type browsers struct {
	shards [browserShards]browserShard
}

type browserShard struct {
	mu   sync.Mutex
	held map[uint64]int
}

func newBrowsers() *browsers {
	b := new(browsers)
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
