package history

import "strconv"

// Wanted is what a subscription wants of the past of a pattern: what follows the
// cursor After (see Tip and Earliest), or else the last event of each channel that
// keeps it.
type Wanted struct {
	Pattern string // it is canonical
	Replay  bool   // After is a cursor
	After   int64  // the cursor
	Lenient bool   // if what follows After is forgotten: all that is left, and it counts as Missed
}

// Remembered is what there is of what was wanted: what was published to the patterns
// up to now, by number. Failure, if not empty, is the reason why it cannot be had.
type Remembered struct {
	Entries []Entry // what comes first
	// Replays are the wanted patterns that go on after a cursor, which stands for
	// where Entries begin.
	Replays []Wanted
	// Upto, if it is not 0, is the number where a part of the replays ends: what
	// follows is there for a Read.
	Upto int64
	// Missed are the patterns of which something was forgotten before it was read.
	Missed  []string
	Failure string // as a Bayeux error
}

// Replays reads what a store remembers for subscriptions, a part at a time.
type Replays struct {
	Store   *Store
	Queue   Part    // what the queue of a session holds
	Expired Expired // what those get whose cursor is forgotten
	Pages   uint64  // parts that were read
	Events  uint64  // in them
}

// Expired says where a client goes on whose cursor stands for nothing that is still
// remembered.
type Expired string

// Where it goes on.
const (
	Refused      Expired = "error"    // nowhere: it is told so
	FromEarliest Expired = "earliest" // at all that is remembered
	FromTip      Expired = "tip"      // at what comes
)

// longestPart is how many events are read at once at most, for a long read keeps
// others waiting.
const longestPart = 1000

// Part is how much of the past is read at once: as much as a queue has room for when
// three quarters of it have drained, which is when the next part is read, or it would
// be read twice.
func (r *Replays) Part() Part {
	return Part{Messages: min(max(1, r.Queue.Messages/4), longestPart), Bytes: r.Queue.Bytes / 4}
}

// First takes the first part of what is wanted. Of snapshots there is as much as a
// queue holds, and what is left out counts as missed. So does what a cursor has
// missed for which there is less than all instead of an error.
func (r *Replays) First(wanted []Wanted) (past Remembered) {
	var reading Reading
	part := r.Queue
	for _, w := range wanted {
		pattern, missed := []byte(w.Pattern), false
		if w.Replay {
			if valid := r.Store.Valid(pattern, w.After); !valid {
				missed = w.Lenient
				if w.After, valid = r.instead(w); !valid {
					return Remembered{Failure: "400::The replayId {" + strconv.FormatInt(w.After, 10) + "} you provided was invalid"}
				}
			}
			if w.After == Earliest {
				w.After = r.Store.earliest()
			}
			r.Store.Follow(&reading, pattern, w.After)
			past.Replays = append(past.Replays, w)
		}
		var cut bool
		if past.Entries, cut = r.latest(past.Entries, w, &part); cut || missed {
			past.Missed = append(past.Missed, w.Pattern)
		}
	}
	page, upto := r.page(nil, &reading)
	past.Entries, past.Upto = Merge(append(past.Entries, page...)), upto
	return past
}

// Next appends the next part of replays to page, which is empty.
func (r *Replays) Next(page []Entry, wanted []Wanted) (past Remembered) {
	var reading Reading
	for _, w := range wanted {
		pattern := []byte(w.Pattern)
		if r.Store.Follow(&reading, pattern, w.After); !r.Store.Valid(pattern, w.After) {
			past.Missed = append(past.Missed, w.Pattern)
		}
	}
	past.Entries, past.Upto = r.page(page, &reading)
	return past
}

// page appends to page the part of replays that is read at once.
func (r *Replays) page(page []Entry, reading *Reading) (_ []Entry, upto int64) {
	page, upto = reading.Page(page, r.Part())
	r.Pages++
	r.Events += uint64(len(page))
	return page, upto
}

// latest appends the last events of channels with a snapshot: of all, or with a
// cursor of those with a rate that it is past. They may have waited for their turn
// while others moved the cursor on.
func (r *Replays) latest(entries []Entry, w Wanted, part *Part) (_ []Entry, cut bool) {
	if w.Replay {
		return r.Store.Late(entries, []byte(w.Pattern), w.After, part)
	}
	return r.Store.Snapshot(entries, []byte(w.Pattern), part)
}

// instead is the cursor in the place of one that is forgotten.
func (r *Replays) instead(w Wanted) (after int64, ok bool) {
	switch {
	case r.Expired == FromEarliest, r.Expired == Refused && w.Lenient:
		return Earliest, true
	case r.Expired == FromTip:
		return Tip, true
	}
	return w.After, false
}
