// Proved by TestMoments and TestSubscriptionMoment.

package spread

import "sort"

// moments are the times of the last messages of this node: which were published after a subscription somewhere else.
type moments struct {
	ring [4096]moment
	n    uint64 // that were added
}

// moment is when a message was published, in microseconds.
type moment struct {
	at     int64
	number uint64
}

func (m *moments) add(at int64, number uint64) {
	m.ring[m.n%uint64(len(m.ring))] = moment{at, number}
	m.n++
}

// before is the number of the last message before a time. It is not known of a time before all that are remembered, if there were
// others.
func (m *moments) before(at int64, last uint64) (number uint64, known bool) {
	size := min(m.n, uint64(len(m.ring)))
	from := m.n - size
	i := sort.Search(int(size), func(i int) bool { return m.of(from+uint64(i)).at >= at })
	switch {
	case i == int(size):
		return last, true
	case i == 0 && from > 0:
		return 0, false
	}
	return m.of(from+uint64(i)).number - 1, true
}

func (m *moments) of(n uint64) *moment { return &m.ring[n%uint64(len(m.ring))] }

// A probe asks for the number of the last message before a subscription, which was age before the probe was sent. Nobody knows how
// long it was on its way, but not longer than until the answer came. So the answer has the numbers before some moments, each so
// much earlier, in microseconds. Who has asked takes the first that is early enough.
const mostSlacks = 9

func slacks() [mostSlacks]int64 {
	return [...]int64{1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 250_000, 1_000_000}
}

// probe is the question, for the subscriptions of some batches.
type probe struct {
	first, last uint64 // batches
	age         int64  // microseconds since the oldest of the subscriptions
	sent        int64  // when it was sent, by the clock of who asks
}

func (p *probe) append(dst []byte) []byte {
	return append(dst, uints(p.first, p.last, uint64(p.age), uint64(p.sent))...)
}

func (r *reader) probe() probe {
	return probe{r.uint(), r.uint(), int64(r.uint()), int64(r.uint())}
}

// reply is the answer to a probe.
type reply struct {
	first, last uint64
	sent        int64
	number      uint64             // of the last message of all
	before      [mostSlacks]uint64 // one more than those of the last messages before the moments; 0: it is not known
}

func (a *reply) append(dst []byte) []byte {
	dst = append(dst, uints(a.first, a.last, uint64(a.sent), a.number)...)
	return append(dst, uints(a.before[:]...)...)
}

func (r *reader) reply() (a reply) {
	a = reply{first: r.uint(), last: r.uint(), sent: int64(r.uint()), number: r.uint()}
	for i := range a.before {
		a.before[i] = r.uint()
	}
	return a
}

// since is the number above which all messages are from after the subscriptions, if the answer was so long in coming.
func (a *reply) since(took int64) (number uint64, known bool) {
	for i, slack := range slacks() {
		if took <= slack {
			return a.before[i] - 1, a.before[i] > 0
		}
	}
	return 0, false
}
