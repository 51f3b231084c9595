package loop

import (
	"reflect"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"
)

// readEvents are what gnet waits for on a connection that it reads from.
const readEvents = unix.EPOLLIN | unix.EPOLLPRI

// setReading has gnet read from a connection or not. gnet has no means for it, so
// the interest is changed in its epoll instance. It sets the interest itself whenever
// bytes come to wait or have left; OnTraffic stops it again then.
func (r *reactor) setReading(c *conn, on bool) {
	if r.epoll < 0 {
		return
	}
	event := unix.EpollEvent{Fd: int32(c.socket.Fd())}
	if on {
		event.Events = readEvents
	}
	if c.socket.OutboundBuffered() > 0 {
		event.Events |= unix.EPOLLOUT
	}
	unix.EpollCtl(r.epoll, unix.EPOLL_CTL_MOD, c.socket.Fd(), &event)
}

// epollOf is the epoll instance of an event loop, which gnet keeps to itself; -1 if
// this version of it keeps it elsewhere.
func epollOf(loop gnet.EventLoop) int {
	v := reflect.ValueOf(loop)
	for _, name := range []string{"poller", "fd"} {
		if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
			return -1
		}
		v = v.Elem().FieldByName(name)
	}
	if !v.IsValid() || v.Kind() != reflect.Int {
		return -1
	}
	return int(v.Int())
}
