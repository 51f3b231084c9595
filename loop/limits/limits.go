// Proved by TestRates, TestGuesses, TestDebt, TestConnections, TestModel, TestSet and TestForget.

package limits

import (
	"hash/maphash"
	"math"
	"net/netip"
	"sync/atomic"

	"halley/loop/address"
	"halley/loop/sharded"
)

// maxAddresses bounds the addresses that one shard remembers beside those with connections, which are bounded by their
// own limit. At that many, and then at every so many more, the ones are forgotten that have done nothing for a second, which
// changes nothing for them.
const maxAddresses = 1024

// Limits knows what each address does. Any goroutine may use it.
type Limits struct {
	quota   atomic.Pointer[quota]
	most    int // maxAddresses, but in tests
	seed    maphash.Seed
	records *sharded.Map[netip.Prefix, record]
}

// quota is what each address may do.
type quota struct {
	rates       [KindCount]float64 // per second; 0 sets no limit
	most        [KindCount]float64 // at once, after a pause
	connections int32
}

// record is what is known of an address.
type record struct {
	connections int32
	buckets     [KindCount - Handshakes]bucket
}

// bucket holds what an address has left of a second or minute, as of an instant in milliseconds; less than nothing where one request
// was more than what was left.
type bucket struct {
	left float64
	at   int64
}

// New returns limits of which no address has used anything.
func New(s Settings) *Limits {
	l := &Limits{most: maxAddresses, seed: maphash.MakeSeed(), records: sharded.New[netip.Prefix, record]()}
	l.Set(s)
	return l
}

// Set has other settings hold from now on. Connections that were opened while there was no limit of them do not count.
func (l *Limits) Set(s Settings) {
	most := [KindCount]float64{Handshakes: float64(s.HandshakeRate), Messages: float64(s.MessageRate), Bytes: float64(s.ByteRate),
		Guesses: float64(s.WrongClientIDs)}
	rates := most
	rates[Guesses] /= 60
	l.quota.Store(&quota{rates: rates, most: most, connections: int32(s.AddressConnections)})
}

// Counts tells whether there is a limit of a kind.
func (l *Limits) Counts(k Kind) bool {
	if k == Connections {
		return l.quota.Load().connections > 0
	}
	return l.quota.Load().rates[k] > 0
}

// with gives the record of an address to use, locked, and keeps what it becomes.
func (l *Limits) with(of netip.Addr, now int64, use func(*record, *quota)) {
	q := l.quota.Load()
	key := address.Network(of)
	shard := l.records.Of(maphash.Comparable(l.seed, key))
	shard.Lock()
	defer shard.Unlock()
	r, known := shard.Entries[key]
	if !known {
		if n := len(shard.Entries); n >= l.most && n%(l.most/2) == 0 { // where all have connections, not at each that comes
			l.forget(shard.Entries, q, now)
		}
		for i := range r.buckets {
			r.buckets[i] = bucket{q.most[int(Handshakes)+i], now}
		}
	}
	use(&r, q)
	shard.Entries[key] = r
}

// Open counts one more connection of an address, if it may have one. Who was let in tells its end by Close.
func (l *Limits) Open(of netip.Addr, now int64) (ok bool) {
	l.with(of, now, func(r *record, q *quota) {
		if ok = r.connections < q.connections; ok {
			r.connections++
		}
	})
	return ok
}

// Close counts one less.
func (l *Limits) Close(of netip.Addr, now int64) {
	l.with(of, now, func(r *record, q *quota) { r.connections = max(0, r.connections-1) })
}

// Use is what a request needs.
type Use [KindCount]int

// Take counts what an address uses, if it has anything left of each kind that it needs. One request may need more than what
// is left, or than a second brings: the next ones wait until time has made up for it. Otherwise it tells of which kind too
// much came, and after how many seconds there is some left.
func (l *Limits) Take(of netip.Addr, need Use, now int64) (over Kind, wait int) {
	l.with(of, now, func(r *record, q *quota) {
		for k := Handshakes; k < KindCount; k++ {
			b := q.filled(k, r, now)
			if need[k] > 0 && q.rates[k] > 0 && b.left < 1 {
				over, wait = k, int(math.Ceil((1-b.left)/q.rates[k]))
				return
			}
		}
		r.spend(need, q)
	})
	return over, wait
}

// Owe counts what an address has used without being asked.
func (l *Limits) Owe(of netip.Addr, used Use, now int64) {
	l.with(of, now, func(r *record, q *quota) {
		for k := Handshakes; k < KindCount; k++ {
			q.filled(k, r, now)
		}
		r.spend(used, q)
	})
}

// spend takes what is used out of the buckets of kinds that have a limit.
func (r *record) spend(used Use, q *quota) {
	for i := range r.buckets {
		if k := int(Handshakes) + i; q.rates[k] > 0 {
			r.buckets[i].left -= float64(used[k])
		}
	}
}

// filled is the bucket of a kind with what time has added.
func (q *quota) filled(k Kind, r *record, now int64) *bucket {
	b := &r.buckets[k-Handshakes]
	b.left = min(q.most[k], b.left+q.rates[k]*float64(now-b.at)/1000)
	b.at = now
	return b
}

// idle tells whether forgetting a record changes nothing.
func (q *quota) idle(r *record, now int64) bool {
	for k := Handshakes; k < KindCount; k++ {
		if q.filled(k, r, now).left < q.most[k] {
			return false
		}
	}
	return r.connections == 0
}

// forget drops the records of those who do nothing and, if most are in use, of all who have no connection: for a moment
// the limits are not kept, but memory is.
func (l *Limits) forget(records map[netip.Prefix]record, q *quota, now int64) {
	for key, r := range records {
		if q.idle(&r, now) {
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
func (l *Limits) Trim() { l.records.Trim() }
