package socket

import (
	"reflect"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"
)

// Poller is the epoll instance of an event loop, which gnet keeps to itself.
type Poller int

// NoPoller is the one that is not known: its connections are always read from.
const NoPoller Poller = -1

// PollerOf is the poller of an event loop; NoPoller if this version of gnet keeps it elsewhere than the ones that are known.
func PollerOf(loop gnet.EventLoop) Poller {
	v := reflect.ValueOf(loop)
	for _, name := range []string{"poller", "fd"} {
		if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
			return NoPoller
		}
		v = v.Elem().FieldByName(name)
	}
	if !v.IsValid() || v.Kind() != reflect.Int {
		return NoPoller
	}
	return Poller(v.Int())
}

// Stirs tells whether any connection of this poller's loop has come to have input or to end, or a task was posted, since gnet
// looked last. It takes nothing away from gnet. Of a connection that is not read from it tells a reset, and no other end.
func (p Poller) Stirs() bool {
	if p == NoPoller {
		return true
	}
	polls := [1]unix.PollFd{{Fd: int32(p), Events: unix.POLLIN}}
	n, err := unix.Poll(polls[:], 0)
	return err != nil || n > 0
}

// readEvents are what gnet waits for on a connection that it reads from.
const readEvents = unix.EPOLLIN | unix.EPOLLPRI

// SetReading has gnet read from a connection of this poller's loop, or not. gnet has no means for it, so the interest is
// changed in its epoll instance. It sets the interest itself whenever bytes come to wait or have left: the loop has to stop
// it again when input comes all the same.
func (p Poller) SetReading(c Conn, on bool) {
	if p == NoPoller {
		return
	}
	event := unix.EpollEvent{Fd: int32(c.Fd())}
	if on {
		event.Events = readEvents
	}
	if c.gnet.OutboundBuffered() > 0 {
		event.Events |= unix.EPOLLOUT
	}
	unix.EpollCtl(int(p), unix.EPOLL_CTL_MOD, c.Fd(), &event)
}
