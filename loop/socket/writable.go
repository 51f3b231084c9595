package socket

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Writable tells the loops when the kernel takes bytes again of a connection whose output waits: gnet writes them then, but
// tells nobody. It has an epoll instance of its own, in which each such connection is armed for one event, and one goroutine,
// which the runtime wakes.
type Writable struct {
	tell  func(ID)
	file  *os.File // the epoll instance
	epoll int
}

// ID says which connection of which loop it is.
type ID struct {
	Loop uint16
	Slot uint32
}

// writableEvents are how many connections are told of at once.
const writableEvents = 256

// NewWritable makes one that tells of connections by tell, on the goroutine of Run.
func NewWritable(tell func(ID)) (*Writable, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if err := unix.SetNonblock(epoll, true); err != nil { // else the runtime would not wait for it
		unix.Close(epoll)
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return &Writable{tell: tell, file: os.NewFile(uintptr(epoll), "epoll"), epoll: epoll}, nil
}

// Watch has the loop of c told once when c is writable, by id. Closing c ends the watch. Should it fail, nobody is told.
func (w *Writable) Watch(c Conn, id ID) {
	event := unix.EpollEvent{Events: unix.EPOLLOUT | unix.EPOLLONESHOT, Fd: int32(id.Slot), Pad: int32(id.Loop)}
	if unix.EpollCtl(w.epoll, unix.EPOLL_CTL_MOD, c.Fd(), &event) != nil {
		unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, c.Fd(), &event)
	}
}

// Run tells until Close.
func (w *Writable) Run() {
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
			w.tell(ID{Loop: uint16(e.Pad), Slot: uint32(e.Fd)})
		}
	}
}

// Close ends Run.
func (w *Writable) Close() { w.file.Close() }
