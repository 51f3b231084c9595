package loop

import (
	"hash/maphash"
	"net/netip"

	"halley/loop/sharded"
)

// maxAddresses bounds the addresses that one shard remembers. At that many
// the full buckets are forgotten, which changes nothing for their owners.
const maxAddresses = 4096

// rates limits how often something may happen per network address: a bucket of
// one second's tokens for each. Addresses of IPv6 count by their /64 network.
type rates struct {
	perSecond float64 // 0 sets no limit
	seed      maphash.Seed
	buckets   *sharded.Map[netip.Prefix, bucket]
}

// bucket holds tokens as of an instant in milliseconds.
type bucket struct {
	tokens float64
	at     int64
}

func newRates(perSecond int) *rates {
	return &rates{perSecond: float64(perSecond), seed: maphash.MakeSeed(), buckets: sharded.New[netip.Prefix, bucket]()}
}

// allow takes a token of the address, if it has one.
func (r *rates) allow(address netip.Addr, now int64) bool {
	key := network(address)
	shard := r.buckets.Of(maphash.Comparable(r.seed, key))
	shard.Lock()
	defer shard.Unlock()
	b, known := shard.Entries[key]
	if !known {
		if len(shard.Entries) >= maxAddresses {
			r.forget(shard.Entries, now)
		}
		b = bucket{tokens: r.perSecond, at: now}
	}
	b = r.filled(b, now)
	allowed := b.tokens >= 1
	if allowed {
		b.tokens--
	}
	shard.Entries[key] = b
	return allowed
}

// filled is b with the tokens that time has added.
func (r *rates) filled(b bucket, now int64) bucket {
	b.tokens = min(r.perSecond, b.tokens+r.perSecond*float64(now-b.at)/1000)
	b.at = now
	return b
}

// forget drops the full buckets and, if all are in use, every one: for a moment
// the limit is not kept, but memory is.
func (r *rates) forget(buckets map[netip.Prefix]bucket, now int64) {
	for key, b := range buckets {
		if r.filled(b, now).tokens >= r.perSecond {
			delete(buckets, key)
		}
	}
	if len(buckets) >= maxAddresses {
		clear(buckets)
	}
}

func network(address netip.Addr) netip.Prefix {
	address = address.Unmap()
	bits := 64
	if address.Is4() {
		bits = 32
	}
	prefix, _ := address.Prefix(bits)
	return prefix
}
