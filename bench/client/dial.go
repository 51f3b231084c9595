// Proved by TestNobodyListens and TestAStalledReaderMayBeReset.

package client

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// dial begins a connection for the session and returns its descriptor; opened or broken follows.
func (r *reactor) dial(a address, owner int32, busy request) (int, error) {
	fd, err := unix.Socket(a.family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	if err := r.begin(fd, a, int(owner)); err != nil {
		unix.Close(fd)
		return -1, err
	}
	for len(r.conns) <= fd {
		r.conns = append(r.conns, conn{})
	}
	c := &r.conns[fd]
	c.phase, c.owner, c.busy = dialing, owner, busy
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT, Fd: int32(fd), Pad: int32(c.generation)}
	if err := unix.EpollCtl(r.epoll, unix.EPOLL_CTL_ADD, fd, &e); err != nil {
		r.close(fd)
		return -1, fmt.Errorf("epoll_ctl: %w", err)
	}
	if a.secure != nil {
		r.seal(fd, a.secure)
	}
	return fd, nil
}

func (r *reactor) begin(fd int, a address, owner int) error {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) // only a matter of speed
	if a.buffer > 0 {                                                 // before the window is agreed upon
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, a.buffer) // a larger one stalls later
	}
	if a.sources > 0 {
		// Without this option bind would take a port that no other destination can share.
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
		if err := unix.Bind(fd, a.source(owner)); err != nil {
			return fmt.Errorf("bind: %w", err)
		}
	}
	if err := unix.Connect(fd, a.remote); err != nil && err != unix.EINPROGRESS {
		return fmt.Errorf("connect: %w", err)
	}
	return nil
}

func (r *reactor) finishDial(fd int) {
	errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && errno != 0 {
		err = unix.Errno(errno)
	}
	if err != nil {
		r.fail(fd, fmt.Errorf("connect: %w", err))
		return
	}
	r.watch(fd, unix.EPOLLIN)
	if r.conns[fd].sealed != nil {
		r.shake(fd)
		return
	}
	r.conns[fd].phase = open
	r.handler.opened(fd)
}
