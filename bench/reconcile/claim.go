package reconcile

// Claim is what a subscriber is to get of each channel that it follows.
type Claim uint8

// The claims.
const (
	Every  Claim = iota // every message
	Told                // every message but as many as the server says it has dropped
	Newest              // messages in order, and at the end the last one; what a newer one followed may be missing
)

// Grant gives a subscriber another claim than Every. It must come before the first delivery.
func (b *Book) Grant(subscriber int, c Claim) {
	if b.claims == nil && c != Every {
		b.claims = make([]Claim, len(b.next)/b.perSubscriber)
	}
	if b.claims != nil {
		b.claims[subscriber] = c
	}
}

// Claim is what the subscriber is to get.
func (b *Book) Claim(subscriber int) Claim {
	if b.claims == nil {
		return Every
	}
	return b.claims[subscriber]
}

// Tell notes that the server said it had dropped n messages for the subscriber.
func (b *Book) Tell(subscriber int, n int64) { b.told[subscriber] += n }

// Due is the number of the first message of the slot-th channel that the subscriber has
// neither got nor got a later one of.
func (b *Book) Due(subscriber, slot int) uint32 { return b.next[subscriber*b.perSubscriber+slot] }

// Number enters the replayId of a delivery, 0 if it has none. It must be above the one
// before: of the whole session, since all channels share one sequence, but for those who
// get the newest of the same channel only, since these take the place of older ones in a queue.
func (b *Book) Number(subscriber, slot int, id int64) {
	if b.ids == nil {
		b.ids = make([]int64, len(b.next))
	}
	line := subscriber * b.perSubscriber
	if b.Claim(subscriber) == Newest {
		line += slot
	}
	if id <= b.ids[line] {
		b.part(subscriber).Misnumbered++
	}
	b.ids[line] = max(id, b.ids[line])
}

// Misnumbered notes that some other number, by which a subscriber could go on, is missing or does not rise.
func (b *Book) Misnumbered(subscriber int) { b.part(subscriber).Misnumbered++ }

// Settled counts the subscribers among the first so many that have all that they are to
// get, now that published says which messages each of their channels had.
func (b *Book) Settled(subscribers int, published func(subscriber, slot int) Published) (n int) {
	for subscriber := range subscribers {
		var missing Counts
		for slot := range b.perSubscriber {
			missing.Add(b.balance(subscriber, slot, published(subscriber, slot)))
		}
		if b.settle(subscriber, &missing); missing.Lost == 0 {
			n++
		}
	}
	return n
}
