package bayeux

// storms damps clients that shake hands again and again and make nothing of their
// sessions. For each source, as Request.Peer names it, it counts the handshakes that
// nothing but a first connect has followed. Those that one whole window has passed over
// are strays: a crowd that comes at once has gone on by then.
type storms struct {
	limit   int   // of strays, above which handshakes are refused; 0 sets none
	window  int64 // milliseconds
	sources map[uint64]*source
}

// source is what is counted of one source of handshakes.
type source struct {
	since  int64 // begin of the window, in milliseconds
	recent int   // handshakes since then that nothing has followed
	last   int   // … in the window before
	strays int   // … before that, less what was forgiven
}

const (
	stormWindow = 5_000 // milliseconds
	maxSources  = 4096  // sources that are counted; at that many all is forgotten
)

// newStorms makes the count for a server whose clients stay away for interval
// milliseconds after their first connect.
func newStorms(limit int, interval int64) storms {
	s := storms{limit: limit, sources: make(map[uint64]*source)}
	s.expect(interval)
	return s
}

// expect has the count be for clients that stay away for another interval.
func (s *storms) expect(interval int64) { s.window = stormWindow + interval }

// rages tells whether handshakes of peer are to be refused. Half of the limit is
// forgiven with each window, unless more than that has come with the last, and at most twice the limit is remembered: who comes from
// the same source is let in soon after the storm. Where there were many strays, as many
// recent ones are enough.
func (t *storms) rages(peer uint64, now int64) bool {
	c := t.sources[peer]
	if c == nil {
		return false
	}
	if n := (now - c.since) / t.window; n > 0 {
		passed := c.last
		if c.last = c.recent; n > 1 {
			passed, c.last = passed+c.recent, 0
		}
		if c.strays = min(c.strays+passed, 2*t.limit); c.last <= t.limit/2 {
			c.strays = max(0, c.strays-int(min(n, 4))*max(1, t.limit/2))
		}
		c.since, c.recent = c.since+n*t.window, 0
	}
	return c.strays > t.limit || c.strays > t.limit/2 && c.recent+c.last > t.limit
}

// begin counts a handshake of peer.
func (t *storms) begin(peer uint64, now int64) {
	if peer == 0 || t.limit == 0 {
		return
	}
	c := t.sources[peer]
	if c == nil {
		if len(t.sources) >= maxSources {
			clear(t.sources)
		}
		c = &source{since: now}
		t.sources[peer] = c
	}
	c.recent++
}

// goOn takes the handshake of a session that is made use of from its source's count.
func (t *storms) goOn(r *session) {
	c := t.sources[r.peer]
	switch {
	case c == nil:
	case r.created >= c.since && c.recent > 0:
		c.recent--
	case r.created >= c.since-t.window && c.last > 0:
		c.last--
	case c.strays > 0:
		c.strays--
	}
	if c != nil && c.recent+c.last+c.strays == 0 {
		delete(t.sources, r.peer)
	}
	r.peer = 0
}
