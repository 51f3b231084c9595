package bayeux

// storms damps clients that shake hands again and again and make nothing of their
// sessions. For each address, as Request.Peer names it, it counts the handshakes that
// nothing but a first connect has followed. Those of an earlier window are strays: a
// crowd that comes at once has gone on by then.
type storms struct {
	limit   int // of strays, above which handshakes are refused; 0 sets none
	sources map[uint64]*source
}

// source is what is counted of one address.
type source struct {
	since  int64 // begin of the window, in milliseconds
	recent int   // handshakes since then that nothing has followed
	strays int   // … before, less what was forgiven
}

const (
	stormWindow = 10_000 // milliseconds
	maxSources  = 4096   // addresses that are counted; at that many all is forgotten
)

func newStorms(limit int) storms { return storms{limit: limit, sources: make(map[uint64]*source)} }

// rages tells whether handshakes of peer are to be refused. Half of the limit is
// forgiven with each window, and at most twice the limit is remembered: who comes by the
// same address is let in soon after the storm. Where there were many strays, as many
// recent ones are enough.
func (t *storms) rages(peer uint64, now int64) bool {
	c := t.sources[peer]
	if c == nil {
		return false
	}
	if n := (now - c.since) / stormWindow; n > 0 {
		left := int64(c.strays+c.recent) - n*int64(max(1, t.limit/2))
		c.strays = int(min(max(0, left), int64(2*t.limit)))
		c.since, c.recent = c.since+n*stormWindow, 0
	}
	return c.strays > t.limit || c.strays > t.limit/2 && c.recent > t.limit
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

// goOn takes the handshake of a session that is made use of from its address's count.
func (t *storms) goOn(r *session) {
	c := t.sources[r.peer]
	switch {
	case c == nil:
	case r.created >= c.since && c.recent > 0:
		c.recent--
	case c.strays > 0:
		c.strays--
	}
	if c != nil && c.recent+c.strays == 0 {
		delete(t.sources, r.peer)
	}
	r.peer = 0
}
