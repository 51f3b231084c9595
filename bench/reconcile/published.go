package reconcile

// Span is the numbers from From up to To, which is not one of them.
type Span struct {
	From uint32 `json:"f"`
	To   uint32 `json:"t"`
}

// Published says which messages a channel had: the numbers below Total, but for the void
// ones, which the server has refused. Nobody lacks a message that was never published.
type Published struct {
	Total uint32
	Void  []Span // rising and apart
}

// AddVoid adds message n to spans, which must be below it.
func AddVoid(spans []Span, n uint32) []Span {
	if last := len(spans) - 1; last >= 0 && spans[last].To == n {
		spans[last].To++
		return spans
	}
	return append(spans, Span{n, n + 1})
}

// Count is the number of messages that were published.
func (p Published) Count() int64 { return p.count(0, p.Total) }

// count is how many of the numbers from from up to to were published.
func (p Published) count(from, to uint32) (n int64) {
	to = min(to, p.Total)
	if from >= to {
		return 0
	}
	n = int64(to - from)
	for _, v := range p.Void {
		if low, high := max(v.From, from), min(v.To, to); low < high {
			n -= int64(high - low)
		}
	}
	return n
}

// Missing calls each with every message that a subscriber lacks without an excuse, and how
// many were told to be dropped is not known by number, so whoever was told is passed over.
// Of those who are to get the newest it is the first after the last that came.
func (b *Book) Missing(published func(subscriber, slot int) Published, each func(subscriber, slot int, n uint32)) {
	for subscriber := range len(b.next) / b.perSubscriber {
		if _, excused := b.excused[subscriber]; excused || b.told[subscriber] > 0 {
			continue
		}
		for slot := range b.perSubscriber {
			b.missing(subscriber, slot, published(subscriber, slot), each)
		}
	}
}

func (b *Book) missing(subscriber, slot int, published Published, each func(subscriber, slot int, n uint32)) {
	line := subscriber*b.perSubscriber + slot
	for _, g := range append(b.gaps[line][:len(b.gaps[line]):len(b.gaps[line])], Span{b.next[line], published.Total}) {
		for n := g.From; n < min(g.To, published.Total); n++ {
			if published.count(n, n+1) == 0 {
				continue
			}
			each(subscriber, slot, n)
			if b.Claim(subscriber) == Newest {
				return
			}
		}
	}
}
