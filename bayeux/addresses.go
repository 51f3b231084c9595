package bayeux

// addresses is a queue of sessions; some may be gone.
type addresses struct {
	list  []Address
	first int // in list; those before are done with
}

func (q *addresses) len() int { return len(q.list) - q.first }

func (q *addresses) push(a Address) { q.list = append(q.list, a) }

// pop takes the first one off. What is left moves up only when as many are done with, so
// that a long queue costs each step by what the step takes.
func (q *addresses) pop() Address {
	a := q.list[q.first]
	if q.first++; 2*q.first >= len(q.list) {
		q.list, q.first = q.list[:copy(q.list, q.list[q.first:])], 0
	}
	return a
}

// agenda is what the next flushes have to do: who stands in a list of it knows that (see tables), but for reading.
type agenda struct {
	dirty   addresses // sessions whose held connect or stream has something to get
	doomed  addresses // those that are to end
	reading addresses // sessions whose replay may go on
}

// Dirty tells whether Flush has something to do.
func (a *agenda) Dirty() bool { return a.dirty.len()+a.doomed.len()+a.reading.len() > 0 }
