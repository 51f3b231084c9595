package simulation

import (
	"slices"

	"halley/bayeux"
)

// node is the node of a loop.
func (w *world) node(id uint16) uint16 {
	if w.plan.nodes {
		return id + 1
	}
	return 0
}

// sever has two nodes lose each other, and find each other again: of what is on its way between them the last part is lost.
func (w *world) sever() {
	a, b := w.loop(), w.loop()
	if a == b {
		return
	}
	w.severed++
	pairs := [][2]*loop{{a, b}, {b, a}}
	for _, pair := range pairs {
		pair[0].checkSlow()
		pair[0].forsake(pair[1])
	}
	for _, pair := range pairs {
		l, other := pair[0], pair[1]
		l.lose(other)
		if w.strikes(bugForgetNode, 2) {
			continue
		}
		l.post(entryCall, func(l *loop) {
			for from, more := uint32(0), true; more; l.perform() {
				from, more = l.core.NodeGone(w.now, w.node(other.id), from, 5, &l.fx)
			}
		})
	}
}

// lose drops what comes from another node, from some moment on. The news that replies were written come all the same: without them
// nobody could tell whether a client has got its events.
func (l *loop) lose(other *loop) {
	from := l.w.rng.IntN(len(l.mailbox) + 1)
	kept := slices.Clone(l.mailbox[:from])
	for _, e := range l.mailbox[from:] {
		if e.from != other || e.kind == entryWritten {
			kept = append(kept, e)
		}
	}
	l.mailbox = kept
}

// forsake closes the connections that wait for another node, or keep events of its sessions.
func (l *loop) forsake(other *loop) {
	at := func(a bayeux.Address) bool { return a.Node == l.w.node(other.id) }
	for _, k := range slices.Clone(l.conns) {
		if k == nil || !k.open {
			continue
		}
		waits := slices.Contains(k.abroad, other) || (k.holding || k.streaming) && at(k.held) || slices.ContainsFunc(k.sessions, at)
		keeps := slices.ContainsFunc(k.unsent, func(f *frame) bool { return f.numbered && at(f.session) })
		if waits || keeps && !l.w.strikes(bugKeepUnsent, 1) {
			l.closed(k)
		}
	}
}
