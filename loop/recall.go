package loop

import (
	"halley/bayeux"
	"halley/bayeux/history"
)

// join takes what is remembered of the wanted patterns and posts it to the loop
// that asked, behind all that was published before.
func (st *store) join(loop uint16, ticket bayeux.Ticket, wanted []bayeux.Wanted) {
	st.lock()
	defer st.unlock()
	st.past.Expire(st.server.now(), hold)
	past := st.replays.First(wanted)
	st.server.post(loop, entry{kind: entryCall, call: func(r *reactor) {
		r.core.Joined(r.now(), ticket, past, &r.fx)
		r.perform()
	}}, nil)
}

// read takes the next part of a session's replay, as join does.
func (st *store) read(loop uint16, session bayeux.Address, ticket bayeux.Ticket, wanted []bayeux.Wanted) {
	page := make([]history.Entry, 0, st.replays.Part().Messages) // under the lock it could have to help the collector
	st.lock()
	defer st.unlock()
	st.past.Expire(st.server.now(), hold)
	past := st.replays.Next(page, wanted)
	st.server.post(loop, entry{kind: entryCall, call: func(r *reactor) { r.core.Recalled(session, ticket, past) }}, nil)
}
