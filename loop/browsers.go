package loop

import (
	"hash/maphash"

	"halley/loop/sharded"
)

// browsers counts the held polls of each browser on all loops. An entry lives
// only while a poll is held.
type browsers struct {
	seed maphash.Seed
	held *sharded.Map[uint64, int]
}

func newBrowsers() *browsers {
	return &browsers{seed: maphash.MakeSeed(), held: sharded.New[uint64, int]()}
}

// shard has the count of a browser. The lowest bit of a number is the same for many.
func (b *browsers) shard(browser uint64) *sharded.Shard[uint64, int] { return b.held.Of(browser >> 1) }

// Hold implements bayeux.Browsers.
func (b *browsers) Hold(browser uint64) int {
	shard := b.shard(browser)
	shard.Lock()
	defer shard.Unlock()
	shard.Entries[browser]++
	return shard.Entries[browser]
}

// Named implements bayeux.Browsers. Nobody can name a browser into the number of
// another one, or of a cookie, without knowing the seed.
func (b *browsers) Named(name []byte) uint64 { return maphash.Bytes(b.seed, name) | 1 }

// Release implements bayeux.Browsers.
func (b *browsers) Release(browser uint64) {
	shard := b.shard(browser)
	shard.Lock()
	defer shard.Unlock()
	if shard.Entries[browser]--; shard.Entries[browser] <= 0 {
		delete(shard.Entries, browser)
	}
}
