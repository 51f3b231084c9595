// Proved by TestRates, TestDebt, TestConnections, TestModel and TestForget.

package limits

import (
	"hash/maphash"
	"math"
	"net/netip"

	"halley/loop/address"
	"halley/loop/sharded"
)

// maxAddresses bounds the addresses that one shard remembers beside those with connections, which are bounded by their
// own limit. At that many the ones are forgotten that have done nothing for a second, which changes nothing for them.
const maxAddresses = 1024

// Limits knows what each address does. Any goroutine may use it. A nil Limits sets none.
type Limits struct {
	rates       [KindCount]float64 // per second; 0 sets no limit
	connections int32
	most        int // maxAddresses, but in tests
	seed        maphash.Seed
	records     *sharded.Map[netip.Prefix, record]
}

// record is what is known of an address.
type record struct {
	connections int32
	buckets     [KindCount - Handshakes]bucket
}

// bucket holds what an address has left of a second, as of an instant in milliseconds; less than nothing where one request
// was more than what was left.
type bucket struct {
	left float64
	at   int64
}

// New returns limits of which no address has used anything; nil where the settings have none.
func New(s Settings) *Limits {
	if s == (Settings{}) {
		return nil
	}
	return &Limits{
		rates:       [KindCount]float64{Handshakes: float64(s.HandshakeRate), Messages: float64(s.MessageRate), Bytes: float64(s.ByteRate)},
		connections: int32(s.AddressConnections),
		most:        maxAddresses,
		seed:        maphash.MakeSeed(),
		records:     sharded.New[netip.Prefix, record](),
	}
}

// Counts tells whether there is a limit of a kind.
func (l *Limits) Counts(k Kind) bool {
	if l == nil {
		return false
	}
	if k == Connections {
		return l.connections > 0
	}
	return l.rates[k] > 0
}

// with gives the record of an address to use, locked, and keeps what it becomes.
func (l *Limits) with(of netip.Addr, now int64, use func(*record)) {
	key := address.Network(of)
	shard := l.records.Of(maphash.Comparable(l.seed, key))
	shard.Lock()
	defer shard.Unlock()
	r, known := shard.Entries[key]
	if !known {
		if len(shard.Entries) >= l.most {
			l.forget(shard.Entries, now)
		}
		for i := range r.buckets {
			r.buckets[i] = bucket{l.rates[int(Handshakes)+i], now}
		}
	}
	use(&r)
	shard.Entries[key] = r
}

// Open counts one more connection of an address, if it may have one. Who was let in tells its end by Close.
func (l *Limits) Open(of netip.Addr, now int64) (ok bool) {
	l.with(of, now, func(r *record) {
		if ok = r.connections < l.connections; ok {
			r.connections++
		}
	})
	return ok
}

// Close counts one less.
func (l *Limits) Close(of netip.Addr, now int64) {
	l.with(of, now, func(r *record) { r.connections = max(0, r.connections-1) })
}

// Use is what a request needs.
type Use [KindCount]int

// Take counts what an address uses, if it has anything left of each kind that it needs. One request may need more than what
// is left, or than a second brings: the next ones wait until time has made up for it. Otherwise it tells of which kind too
// much came, and after how many seconds there is some left.
func (l *Limits) Take(of netip.Addr, need Use, now int64) (over Kind, wait int) {
	l.with(of, now, func(r *record) {
		for k := Handshakes; k < KindCount; k++ {
			b := l.filled(k, r, now)
			if need[k] > 0 && l.rates[k] > 0 && b.left < 1 {
				over, wait = k, int(math.Ceil((1-b.left)/l.rates[k]))
				return
			}
		}
		r.spend(need)
	})
	return over, wait
}

// Owe counts what an address has used without being asked.
func (l *Limits) Owe(of netip.Addr, used Use, now int64) {
	l.with(of, now, func(r *record) {
		for k := Handshakes; k < KindCount; k++ {
			l.filled(k, r, now)
		}
		r.spend(used)
	})
}

func (r *record) spend(used Use) {
	for i := range r.buckets {
		r.buckets[i].left -= float64(used[int(Handshakes)+i])
	}
}

// filled is the bucket of a kind with what time has added.
func (l *Limits) filled(k Kind, r *record, now int64) *bucket {
	b := &r.buckets[k-Handshakes]
	b.left = min(l.rates[k], b.left+l.rates[k]*float64(now-b.at)/1000)
	b.at = now
	return b
}

// idle tells whether forgetting a record changes nothing.
func (l *Limits) idle(r *record, now int64) bool {
	for k := Handshakes; k < KindCount; k++ {
		if l.filled(k, r, now).left < l.rates[k] {
			return false
		}
	}
	return r.connections == 0
}

// forget drops the records of those who do nothing and, if most are in use, of all who have no connection: for a moment
// the limits are not kept, but memory is.
func (l *Limits) forget(records map[netip.Prefix]record, now int64) {
	for key, r := range records {
		if l.idle(&r, now) {
			delete(records, key)
		}
	}
	if len(records) < l.most/2 {
		return
	}
	for key, r := range records {
		if r.connections == 0 {
			delete(records, key)
		}
	}
}

// Trim gives back the room of who has gone.
func (l *Limits) Trim() {
	if l != nil {
		l.records.Trim()
	}
}
