package loop

// Proved by TestTakeOver and TestTakeOverUnderLoad.

import (
	"net"

	"halley/loop/listen"
)

// old are the sockets of a predecessor that are beside gnet's, by the number of the listener.
func (l *listeners) old() map[int][]net.Listener {
	old := make(map[int][]net.Listener)
	for _, a := range l.adopted {
		if a.old {
			old[a.number] = append(old[a.number], a.Listener)
		}
	}
	return old
}

// leave closes what gnet did not open, for a successor who has copies: files stay.
func (l *listeners) leave() {
	for _, a := range l.adopted {
		if socket, is := a.Listener.(*listen.UnixSocket); is {
			socket.Leave()
		}
		a.Close()
	}
}
