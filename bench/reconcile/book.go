// Package reconcile keeps the books of a run: for every subscriber and every
// channel that it follows, which of the published messages arrived, in which
// order and how often. At the end published x subscribers = delivered + lost, to
// the message, or the run has failed.
package reconcile

import (
	"fmt"
	"math"
)

// Counts are the totals of a run or of a part of it.
type Counts struct {
	Delivered  int64 `json:"delivered"`  // distinct messages that reached their subscriber
	Duplicates int64 `json:"duplicates"` // further copies of a message
	Reordered  int64 `json:"reordered"`  // messages that came after a later one of their channel
	Strays     int64 `json:"strays"`     // deliveries that nobody asked for or nobody published
	Lost       int64 `json:"lost"`       // published, followed, never arrived
	Excused    int64 `json:"excused"`    // the part of Lost whose subscriber had its connection killed by us
}

// Add adds other to c.
func (c *Counts) Add(other Counts) {
	c.Delivered += other.Delivered
	c.Duplicates += other.Duplicates
	c.Reordered += other.Reordered
	c.Strays += other.Strays
	c.Lost += other.Lost
	c.Excused += other.Excused
}

// Check returns an error that names the fault when the counts do not add up to
// expected (the sum over channels of published x followers) or anything was lost
// without an excuse, doubled, reordered or strayed.
func (c Counts) Check(expected int64) error {
	if c.Delivered+c.Lost != expected {
		return fmt.Errorf("the counts do not reconcile: %d delivered + %d lost, but %d expected", c.Delivered, c.Lost, expected)
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
)

// Book holds one line per subscriber and channel. Four bytes a line are all that a
// faultless run needs; gaps are kept aside, as intervals, for as long as they are open.
type Book struct {
	perSubscriber int
	next          []uint32         // line -> the sequence number that should come now
	gaps          map[int][]gap    // line -> what was skipped and has not come since
	excused       map[int]struct{} // subscribers whose connection was killed
	counts        Counts
}

type gap struct{ from, to uint32 } // from <= n < to

// NewBook makes an empty book for subscribers that follow perSubscriber channels each.
func NewBook(subscribers, perSubscriber int) *Book {
	return &Book{
		perSubscriber: perSubscriber,
		next:          make([]uint32, subscribers*perSubscriber),
		gaps:          map[int][]gap{},
		excused:       map[int]struct{}{},
	}
}

// Deliver enters message n of the channel that is the slot-th of the subscriber's.
func (b *Book) Deliver(subscriber, slot int, n uint32) Verdict {
	line := subscriber*b.perSubscriber + slot
	switch expected := b.next[line]; {
	case n == math.MaxUint32: // leaves no room for a next number, so no plan contains it
		b.counts.Strays++
		return Stray
	case n == expected:
		b.next[line]++
	case n > expected:
		b.gaps[line] = append(b.gaps[line], gap{expected, n})
		b.next[line] = n + 1
	case b.fill(line, n):
		b.counts.Delivered++
		b.counts.Reordered++
		return Late
	default:
		b.counts.Duplicates++
		return Duplicate
	}
	b.counts.Delivered++
	return InOrder
}

// Stray enters a delivery that belongs to no line.
func (b *Book) Stray() { b.counts.Strays++ }

// Excuse notes that we killed the subscriber's connection, so that a response that
// was on its way may be lost without fault of the server.
func (b *Book) Excuse(subscriber int) { b.excused[subscriber] = struct{}{} }

// Delivered is the number of distinct messages that have arrived so far.
func (b *Book) Delivered() int64 { return b.counts.Delivered }

// Close balances the book: published says how many messages the channel had that is
// the slot-th of the subscriber's. Numbers from there on were never published, so a
// delivery of one is turned into a stray.
func (b *Book) Close(published func(subscriber, slot int) uint32) Counts {
	counts := b.counts
	for line, next := range b.next {
		subscriber, slot := line/b.perSubscriber, line%b.perSubscriber
		total := published(subscriber, slot)
		lost, extra := b.balance(line, next, total)
		counts.Lost += lost
		counts.Delivered -= extra
		counts.Strays += extra
		if _, ok := b.excused[subscriber]; ok {
			counts.Excused += lost
		}
	}
	return counts
}

// balance returns how many of the line's numbers below total are missing and how
// many at or above it arrived.
func (b *Book) balance(line int, next, total uint32) (lost, extra int64) {
	if next < total {
		lost = int64(total - next)
	} else {
		extra = int64(next - total)
	}
	for _, g := range b.gaps[line] {
		below := int64(min(g.to, total)) - int64(min(g.from, total))
		lost += below
		extra -= int64(g.to-g.from) - below
	}
	return lost, extra
}

// fill takes n out of the line's gaps and reports whether it was in one.
func (b *Book) fill(line int, n uint32) bool {
	gaps := b.gaps[line]
	for i, g := range gaps {
		if n < g.from || n >= g.to {
			continue
		}
		rest := make([]gap, 0, len(gaps)+1)
		rest = append(rest, gaps[:i]...)
		if g.from < n {
			rest = append(rest, gap{g.from, n})
		}
		if n+1 < g.to {
			rest = append(rest, gap{n + 1, g.to})
		}
		b.gaps[line] = append(rest, gaps[i+1:]...)
		return true
	}
	return false
}
