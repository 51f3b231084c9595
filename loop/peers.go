package loop

import (
	"golang.org/x/sys/unix"

	"halley/bayeux"
)

// peers are the connections that replies with events are about to be written to.
type peers struct {
	conns []*conn
	polls []unix.PollFd
}

// look notes that events are about to go to a held poll or a stream.
func (r *reactor) look(to bayeux.ReplyTo) {
	if c := r.conns.find(to); c != nil && c.phase != answering {
		r.peers.conns = append(r.peers.conns, c)
		r.peers.polls = append(r.peers.polls, unix.PollFd{Fd: int32(c.socket.Fd()), Events: unix.POLLRDHUP})
	}
}

// closeDead closes those of the noted connections whose peer has closed or reset
// them. The first write to such a socket would still succeed, and what it carried
// be lost. The loop has not always seen it: tasks that arrive while it runs others
// run before it looks at its sockets again. One system call asks for all.
func (r *reactor) closeDead() {
	if len(r.peers.polls) > 0 {
		if n, err := unix.Poll(r.peers.polls, 0); err == nil && n > 0 {
			for i := range r.peers.polls {
				if r.peers.polls[i].Revents != 0 {
					r.abort(r.peers.conns[i])
				}
			}
		}
	}
	r.peers.conns, r.peers.polls = r.peers.conns[:0], r.peers.polls[:0]
}

// lookAtReplies closes the connections of dead peers before the effects that
// would write to them are executed.
func (r *reactor) lookAtReplies() {
	for i := range r.fx.List {
		if e := &r.fx.List[i]; e.Numbered && e.To.Loop == r.id {
			r.look(e.To)
		}
	}
	r.closeDead()
}

// lookAtInbox does the same for what other loops reply.
func (r *reactor) lookAtInbox() {
	for i := range r.inbox.entries {
		if e := &r.inbox.entries[i]; (e.kind == entryReply || e.kind == entryPush) && e.numbered {
			r.look(e.request.To)
		}
	}
	r.closeDead()
}
