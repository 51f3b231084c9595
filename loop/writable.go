package loop

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"halley/bayeux"
)

// writable tells the loops when the kernel takes bytes again of a connection whose
// output waits: gnet writes them then, but tells nobody. It has an epoll instance of
// its own, in which each such socket is armed for one event, and one goroutine, which
// the runtime wakes.
type writable struct {
	server *Server
	file   *os.File // the epoll instance
	epoll  int
}

// writableEvents are how many sockets are told of at once.
const writableEvents = 256

func newWritable(s *Server) (*writable, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if err := unix.SetNonblock(epoll, true); err != nil { // else the runtime would not wait for it
		unix.Close(epoll)
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return &writable{server: s, file: os.NewFile(uintptr(epoll), "epoll"), epoll: epoll}, nil
}

// watch has the loop of to told once when the socket fd is writable. Closing the
// socket ends the watch. Should it fail, the tick looks.
func (w *writable) watch(fd int, to bayeux.ReplyTo) {
	event := unix.EpollEvent{Events: unix.EPOLLOUT | unix.EPOLLONESHOT, Fd: int32(to.Conn), Pad: int32(to.Loop)}
	if unix.EpollCtl(w.epoll, unix.EPOLL_CTL_MOD, fd, &event) != nil {
		unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, fd, &event)
	}
}

// run tells the loops until close.
func (w *writable) run() {
	raw, err := w.file.SyscallConn()
	if err != nil {
		return
	}
	events := make([]unix.EpollEvent, writableEvents)
	for {
		n := 0
		err := raw.Read(func(fd uintptr) bool {
			n, err = unix.EpollWait(int(fd), events, 0)
			return n > 0 || err != nil && err != syscall.EINTR
		})
		if err != nil || n < 0 {
			return
		}
		for _, e := range events[:n] {
			to := bayeux.ReplyTo{Loop: uint16(e.Pad), Conn: uint32(e.Fd)}
			w.server.post(to.Loop, entry{kind: entryWritable, request: bayeux.Request{To: to}}, nil)
		}
	}
}

// close ends run.
func (w *writable) close() { w.file.Close() }
