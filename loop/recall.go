package loop

import (
	"strconv"

	"halley/bayeux"
	"halley/bayeux/history"
)

// join takes what is remembered of the wanted patterns and posts it to the loop
// that asked, behind all that was published before.
func (st *store) join(loop uint16, ticket bayeux.Ticket, wanted []bayeux.Wanted) {
	st.lock()
	defer st.unlock()
	past := st.recall(wanted)
	st.server.post(loop, entry{kind: entryCall, call: func(r *reactor) {
		r.core.Joined(r.now(), ticket, past, &r.fx)
		r.perform()
	}}, nil)
}

// read takes the next part of a session's replay, as join does.
func (st *store) read(loop uint16, session bayeux.Address, ticket bayeux.Ticket, wanted []bayeux.Wanted) {
	page := make([]history.Entry, 0, st.part().Messages) // under the lock it could have to help the collector
	st.lock()
	defer st.unlock()
	st.past.Expire(st.server.now(), hold)
	var past bayeux.Remembered
	var reading history.Reading
	for _, w := range wanted {
		pattern := []byte(w.Pattern)
		if st.past.Follow(&reading, pattern, w.After); !st.past.Valid(pattern, w.After) {
			past.Missed = append(past.Missed, w.Pattern)
		}
	}
	past.Entries, past.Upto = st.page(page, &reading)
	st.server.post(loop, entry{kind: entryCall, call: func(r *reactor) { r.core.Recalled(session, ticket, past) }}, nil)
}

// part bounds what is read of a replay at once.
func (st *store) part() history.Part {
	return bayeux.PartOf(st.server.cfg.QueueMessages, st.server.cfg.QueueBytes)
}

// page appends to page the part of a replay that is read at once.
func (st *store) page(page []history.Entry, reading *history.Reading) (_ []history.Entry, upto int64) {
	page, upto = reading.Page(page, st.part())
	st.pages++
	st.recalled += uint64(len(page))
	return page, upto
}

// recall takes the first part of what is wanted. Of snapshots there is as much as a
// queue holds, and what is left out counts as missed. So does what a cursor has
// missed for which there is less than all instead of an error.
func (st *store) recall(wanted []bayeux.Wanted) (past bayeux.Remembered) {
	st.past.Expire(st.server.now(), hold)
	var reading history.Reading
	part := history.Part{Messages: st.server.cfg.QueueMessages, Bytes: st.server.cfg.QueueBytes}
	for _, w := range wanted {
		pattern, missed := []byte(w.Pattern), false
		if w.Replay {
			if valid := st.past.Valid(pattern, w.After); !valid {
				missed = w.Lenient
				if w.After, valid = st.instead(w); !valid {
					return bayeux.Remembered{Failure: "400::The replayId {" + strconv.FormatInt(w.After, 10) + "} you provided was invalid"}
				}
			}
			st.past.Follow(&reading, pattern, w.After)
			past.Replays = append(past.Replays, w)
		}
		var cut bool
		if past.Entries, cut = st.latest(past.Entries, w, &part); cut || missed {
			past.Missed = append(past.Missed, w.Pattern)
		}
	}
	page, upto := st.page(nil, &reading)
	past.Entries, past.Upto = history.Merge(append(past.Entries, page...)), upto
	return past
}

// latest appends the last events of channels with a snapshot: of all, or with a
// cursor of those with a rate that it is past. They may have waited for their turn
// while others moved the cursor on.
func (st *store) latest(entries []history.Entry, w bayeux.Wanted, part *history.Part) (_ []history.Entry, cut bool) {
	if w.Replay {
		return st.past.Late(entries, []byte(w.Pattern), w.After, part)
	}
	return st.past.Snapshot(entries, []byte(w.Pattern), part)
}

// instead is where a client goes on whose cursor stands for nothing that is still
// remembered: by --history-expired nowhere, at all that is, or at what comes.
func (st *store) instead(w bayeux.Wanted) (after int64, ok bool) {
	switch policy := st.server.cfg.HistoryExpired; {
	case policy == "earliest", policy == "error" && w.Lenient:
		return history.Earliest, true
	case policy == "tip":
		return history.Tip, true
	}
	return w.After, false
}
