// Package reconcile keeps the books of a run: for every subscriber and every
// channel that it follows, which of the published messages arrived, in which
// order and how often. At the end published x subscribers = delivered + lost +
// conflated + dropped, to the message, or the run has failed.
package reconcile

import (
	"fmt"
	"math"
	"slices"
)

// Counts are the totals of a run or of a part of it.
type Counts struct {
	Delivered  int64 `json:"delivered"`  // distinct messages that reached their subscriber
	Duplicates int64 `json:"duplicates"` // further copies of a message
	Reordered  int64 `json:"reordered"`  // messages that came after a later one of their channel
	Strays     int64 `json:"strays"`     // deliveries that nobody asked for or nobody published
	Lost       int64 `json:"lost"`       // published, followed, never arrived
	Excused    int64 `json:"excused"`    // the part of Lost whose subscriber had its connection killed by us

	Conflated   int64 `json:"conflated,omitempty"`   // never arrived, but a newer one did, of subscribers that are to have the newest
	Dropped     int64 `json:"dropped,omitempty"`     // never arrived, and the server said so, of subscribers that may be told
	Overtold    int64 `json:"overtold,omitempty"`    // told to such a subscriber to be dropped, though nothing is missing
	Behind      int64 `json:"behind,omitempty"`      // lines of subscribers that are to have the newest and do not hold the last
	Misnumbered int64 `json:"misnumbered,omitempty"` // replayIds and numbers of connect replies that are missing or not above the one before
}

// Add adds other to c.
func (c *Counts) Add(other Counts) {
	c.Delivered += other.Delivered
	c.Duplicates += other.Duplicates
	c.Reordered += other.Reordered
	c.Strays += other.Strays
	c.Lost += other.Lost
	c.Excused += other.Excused
	c.Conflated += other.Conflated
	c.Dropped += other.Dropped
	c.Overtold += other.Overtold
	c.Behind += other.Behind
	c.Misnumbered += other.Misnumbered
}

// Check returns an error that names the fault when the counts do not add up to
// expected (the sum over channels of published x followers) or anything was lost
// without an excuse, doubled, reordered or strayed, or a subscriber does not hold
// the newest that is to.
func (c Counts) Check(expected int64) error {
	if c.Delivered+c.Lost+c.Conflated+c.Dropped != expected {
		return fmt.Errorf("the counts do not reconcile: %d delivered + %d lost + %d conflated + %d dropped, but %d expected",
			c.Delivered, c.Lost, c.Conflated, c.Dropped, expected)
	}
	if c.Behind > 0 {
		return fmt.Errorf("%d times a subscriber does not hold the last message of a channel (%d not delivered), %d reordered", c.Behind, c.Lost, c.Reordered)
	}
	if c.Misnumbered+c.Overtold > 0 {
		return fmt.Errorf("%d replayIds or acknowledgement numbers are missing or do not rise, %d messages were told to be dropped that arrived", c.Misnumbered, c.Overtold)
	}
	if c.Lost > c.Excused || c.Duplicates+c.Reordered+c.Strays > 0 {
		return fmt.Errorf("%d lost (%d excused), %d duplicates, %d reordered, %d strays",
			c.Lost, c.Excused, c.Duplicates, c.Reordered, c.Strays)
	}
	return nil
}

// Verdict says what a delivery turned out to be.
type Verdict uint8

// The verdicts. InOrder and Late are first arrivals, the others are faults.
const (
	InOrder Verdict = iota
	Late
	Duplicate
	Stray
	Older // than what a subscriber holds that is to have the newest
)

// Book holds one line per subscriber and channel. Four bytes a line are all that a
// faultless run needs; gaps are kept aside, as intervals, for as long as they are open.
type Book struct {
	perSubscriber int
	next          []uint32         // line -> the sequence number that should come now
	gaps          map[int][]Span   // line -> what was skipped and has not come since
	excused       map[int]struct{} // subscribers whose connection was killed
	claims        []Claim          // subscriber -> what it is to get; nil: every message
	told          map[int]int64    // subscriber -> messages that the server said it had dropped
	ids           []int64          // line -> the replayId that came last; nil: they have none
	parts         []Counts         // what came, by the part that a subscriber is of
	first         int              // subscriber i is of part (first + i) modulo their number
}

// NewBook makes an empty book for subscribers that follow perSubscriber channels each.
func NewBook(subscribers, perSubscriber int) *Book {
	return &Book{
		perSubscriber: perSubscriber,
		next:          make([]uint32, subscribers*perSubscriber),
		gaps:          map[int][]Span{},
		excused:       map[int]struct{}{},
		told:          map[int]int64{},
		parts:         make([]Counts, 1),
	}
}

// Divide deals the subscribers out to parts, whose counts are kept apart, beginning with part first modulo parts. It comes
// before all deliveries.
func (b *Book) Divide(parts, first int) { b.parts, b.first = make([]Counts, parts), first }

// part is which one a subscriber is of.
func (b *Book) part(subscriber int) *Counts { return &b.parts[(b.first+subscriber)%len(b.parts)] }

// Deliver enters message n of the channel that is the slot-th of the subscriber's.
func (b *Book) Deliver(subscriber, slot int, n uint32) Verdict {
	line := subscriber*b.perSubscriber + slot
	newest, counts := b.Claim(subscriber) == Newest, b.part(subscriber)
	switch expected := b.next[line]; {
	case n == math.MaxUint32: // leaves no room for a next number, so no plan contains it
		counts.Strays++
		return Stray
	case n == expected:
		b.next[line]++
	case newest && n > expected:
		counts.Conflated += int64(n - expected)
		b.next[line] = n + 1
	case newest && n+1 < expected: // which of them have come nobody knows, nor cares: it is older than what the subscriber has
		counts.Reordered++
		return Older
	case n > expected:
		b.gaps[line] = append(b.gaps[line], Span{expected, n})
		b.next[line] = n + 1
	case b.fill(line, n):
		counts.Delivered++
		counts.Reordered++
		return Late
	default:
		counts.Duplicates++
		return Duplicate
	}
	counts.Delivered++
	return InOrder
}

// Stray enters a delivery to a subscriber that belongs to no line.
func (b *Book) Stray(subscriber int) { b.part(subscriber).Strays++ }

// Excuse notes that we killed the subscriber's connection, so that a response that
// was on its way may be lost without fault of the server.
func (b *Book) Excuse(subscriber int) { b.excused[subscriber] = struct{}{} }

// Delivered is the number of distinct messages that have arrived so far.
func (b *Book) Delivered() (n int64) {
	for i := range b.parts {
		n += b.parts[i].Delivered
	}
	return n
}

// Close balances the book: published says which messages the channel had that is the
// slot-th of the subscriber's. A delivery of any other is turned into a stray.
func (b *Book) Close(published func(subscriber, slot int) Published) (sum Counts) {
	for _, counts := range b.CloseParts(published) {
		sum.Add(counts)
	}
	return sum
}

// CloseParts does so for each part.
func (b *Book) CloseParts(published func(subscriber, slot int) Published) []Counts {
	parts := slices.Clone(b.parts)
	for subscriber := range len(b.next) / b.perSubscriber {
		var missing Counts
		for slot := range b.perSubscriber {
			missing.Add(b.balance(subscriber, slot, published(subscriber, slot)))
		}
		b.settle(subscriber, &missing)
		parts[(b.first+subscriber)%len(parts)].Add(missing)
	}
	return parts
}

// settle finds out which of a subscriber's losses are none.
func (b *Book) settle(subscriber int, missing *Counts) {
	if b.Claim(subscriber) == Told {
		told := b.told[subscriber]
		missing.Dropped = min(told, missing.Lost)
		missing.Overtold = told - missing.Dropped
		missing.Lost -= missing.Dropped
	}
	if _, ok := b.excused[subscriber]; ok {
		missing.Excused = missing.Lost
	}
}

// balance returns what becomes of a line.
func (b *Book) balance(subscriber, slot int, published Published) (c Counts) {
	line := subscriber*b.perSubscriber + slot
	next := b.next[line]
	c.Lost = published.count(next, published.Total)
	never := int64(next) - published.count(0, next) // numbers below next that were never published
	if b.Claim(subscriber) == Newest {              // only the last of what came is known
		c.Conflated = -never
		if c.Lost > 0 {
			c.Behind = 1
		}
		if next > published.Total {
			c.Delivered, c.Strays, c.Conflated = -1, 1, c.Conflated+1
		}
		return c
	}
	for _, g := range b.gaps[line] {
		n := published.count(g.From, g.To)
		c.Lost += n
		never -= int64(g.To-g.From) - n
	}
	c.Strays, c.Delivered = never, -never
	return c
}

// fill takes n out of the line's gaps and reports whether it was in one.
func (b *Book) fill(line int, n uint32) bool {
	gaps := b.gaps[line]
	for i, g := range gaps {
		if n < g.From || n >= g.To {
			continue
		}
		rest := make([]Span, 0, len(gaps)+1)
		rest = append(rest, gaps[:i]...)
		if g.From < n {
			rest = append(rest, Span{g.From, n})
		}
		if n+1 < g.To {
			rest = append(rest, Span{n + 1, g.To})
		}
		b.gaps[line] = append(rest, gaps[i+1:]...)
		return true
	}
	return false
}
