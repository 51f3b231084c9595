package loop

import (
	"halley/bayeux"
	"halley/loop/socket"
)

// peers are the connections that replies with events are about to be written to.
type peers struct {
	conns []*conn
	socket.Peers
}

// look notes that events are about to go to a held poll or a stream.
func (r *reactor) look(to bayeux.ReplyTo) {
	if c := r.conns.find(to); c != nil && c.phase != answering {
		r.peers.conns = append(r.peers.conns, c)
		r.peers.Add(c.socket.Conn())
	}
}

// closeDead closes those of the noted connections whose peer has closed or reset
// them. The first write to such a socket would still succeed, and what it carried
// be lost. The loop has not always seen it: tasks that arrive while it runs others
// run before it looks at its sockets again. One system call asks for all.
func (r *reactor) closeDead() {
	if r.peers.Ask() {
		for i, c := range r.peers.conns {
			if r.peers.Gone(i) {
				r.abort(c)
			}
		}
	}
	r.peers.conns = r.peers.conns[:0]
	r.peers.Reset()
}

// lookAtReplies closes the connections of dead peers before the effects that
// would write to them are executed.
func (r *reactor) lookAtReplies() {
	for i := range r.fx.List {
		if e := &r.fx.List[i]; e.Numbered && e.To.Place() == r.place() {
			r.look(e.To)
		}
	}
	r.closeDead()
}

// lookAtInbox does the same for what other loops reply.
func (r *reactor) lookAtInbox() {
	r.inbox.Effects(func(e *bayeux.Effect) {
		if e.Numbered {
			r.look(e.To)
		}
	})
	r.closeDead()
}
