package client

import (
	"errors"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"halley/bench/wire"
)

// reactor is an epoll loop over client sockets. One goroutine runs it; only post may
// be called from others. Sockets live in a table indexed by file descriptor, and every
// event carries the generation of its socket, so that an event of a closed socket never
// reaches the one that got its number.
type reactor struct {
	epoll, wake int
	handler     handler
	conns       []conn
	events      []unix.EpollEvent
	input       []byte
	cipher      []byte // what TLS has made and nobody has sent
	idle        int64  // nanoseconds spent waiting in epoll
	noPwait2    bool   // kernels before 5.11 only wait whole milliseconds

	mu      sync.Mutex
	posted  []func()
	stopped bool
}

// handler is what a reactor reports to. now is when the bytes were read.
type handler interface {
	opened(fd int)
	received(fd int, in []byte, now int64) (consumed int)
	broken(fd int, err error)
}

type conn struct {
	generation uint32
	phase      connPhase
	mute       bool    // nothing is read from it
	busy       request // the request that is under way, none when idle
	owner      int32   // session index
	sentAt     int64
	stream     *wire.Stream // what reads it once it is a websocket or its response a stream
	in         []byte       // the beginning of a response whose rest has not come
	out        []byte       // what the kernel did not take yet
	sealed     *sealed      // its TLS, nil without
}

type connPhase uint8

const (
	free connPhase = iota
	dialing
	shaking // hands, by TLS
	open
)

// errClosed is the peer's orderly close.
var errClosed = errors.New("closed by the server")

// The input buffer grows with the largest response; a server's whole queue may come in one.
const (
	inputSize = 256 << 10
	inputMax  = 64 << 20
)

func newReactor(h handler) (*reactor, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		unix.Close(epoll)
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	r := &reactor{epoll: epoll, wake: wake, handler: h, events: make([]unix.EpollEvent, 512), input: make([]byte, inputSize)}
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, wake, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(wake)}); err != nil {
		r.release()
		return nil, fmt.Errorf("epoll_ctl: %w", err)
	}
	return r, nil
}

// post runs f on the reactor's goroutine soon. It reports false once the reactor has ended.
func (r *reactor) post(f func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return false
	}
	r.posted = append(r.posted, f)
	if len(r.posted) == 1 {
		_, _ = unix.Write(r.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // fails only when a wake-up is pending anyway
	}
	return true
}

// turn waits at most timeout for events and handles them, then what was posted.
func (r *reactor) turn(clock Clock, timeout time.Duration) error {
	before := clock.Now()
	n, err := r.wait(timeout)
	now := clock.Now()
	r.idle += now - before
	if err != nil {
		return err
	}
	for _, e := range r.events[:n] {
		if int(e.Fd) == r.wake {
			r.drainWake()
			continue
		}
		r.dispatch(int(e.Fd), uint32(e.Pad), e.Events, clock)
	}
	return nil
}

func (r *reactor) wait(timeout time.Duration) (int, error) {
	timeout = max(timeout, 0)
	if !r.noPwait2 {
		ts := unix.NsecToTimespec(int64(timeout))
		n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(r.epoll), uintptr(unsafe.Pointer(&r.events[0])),
			uintptr(len(r.events)), uintptr(unsafe.Pointer(&ts)), 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
			return 0, nil
		case unix.ENOSYS:
			r.noPwait2 = true
		default:
			return 0, fmt.Errorf("epoll_pwait2: %w", errno)
		}
	}
	ms := int((timeout + time.Millisecond - 1) / time.Millisecond)
	n, err := unix.EpollWait(r.epoll, r.events, ms)
	if err == unix.EINTR {
		return 0, nil
	}
	return n, err
}

func (r *reactor) drainWake() {
	var buf [8]byte
	_, _ = unix.Read(r.wake, buf[:]) // an empty counter is as good
	r.mu.Lock()
	posted := r.posted
	r.posted = nil
	r.mu.Unlock()
	for _, f := range posted {
		f()
	}
}

func (r *reactor) dispatch(fd int, generation, events uint32, clock Clock) {
	c := &r.conns[fd]
	if c.phase == free || c.generation != generation {
		return
	}
	if c.phase == dialing {
		r.finishDial(fd)
		return
	}
	if c.phase == shaking && events&^unix.EPOLLOUT != 0 {
		r.feed(fd)
		return
	}
	if events&unix.EPOLLOUT != 0 {
		r.flush(fd)
	}
	if events&(unix.EPOLLIN|unix.EPOLLHUP|unix.EPOLLERR) != 0 && r.alive(fd, generation) {
		r.read(fd, clock)
	}
}

func (r *reactor) alive(fd int, generation uint32) bool {
	return r.conns[fd].phase != free && r.conns[fd].generation == generation
}

// read takes what has arrived in one read and hands on what is complete.
func (r *reactor) read(fd int, clock Clock) {
	c := &r.conns[fd]
	if c.mute { // which wakes up only when it is reset
		r.fail(fd, errClosed)
		return
	}
	if c.sealed != nil {
		r.unseal(fd, clock)
		return
	}
	kept := copy(r.input, c.in)
	n, err := unix.Read(fd, r.input[kept:])
	if err == unix.EAGAIN || err == unix.EINTR {
		return
	}
	if err != nil || n == 0 {
		if err == nil {
			err = errClosed
		}
		r.fail(fd, err)
		return
	}
	generation := c.generation
	rest := r.input[:kept+n]
	consumed := r.handler.received(fd, rest, clock.Now())
	if !r.alive(fd, generation) {
		return
	}
	r.keep(fd, rest[consumed:])
}

// keep stores the beginning of a response until the rest comes; false if it is too long.
func (r *reactor) keep(fd int, rest []byte) bool {
	c := &r.conns[fd]
	if len(rest) == 0 {
		c.in = nil
		return true
	}
	c.in = append(c.in[:0:0], rest...)
	if len(rest) < len(r.input) {
		return true
	}
	if len(r.input) >= inputMax {
		r.fail(fd, errors.New("response larger than 64 MiB"))
		return false
	}
	r.input = make([]byte, 2*len(r.input))
	return true
}

// write sends b now or as soon as the kernel takes it.
func (r *reactor) write(fd int, b []byte) {
	if s := r.conns[fd].sealed; s != nil {
		_, _ = s.tls.Write(b) // it fails as the reader will
		r.writeSealed(fd)
		return
	}
	r.writeRaw(fd, b)
}

// writeRaw sends bytes as they are.
func (r *reactor) writeRaw(fd int, b []byte) {
	c := &r.conns[fd]
	if len(c.out) > 0 {
		c.out = append(c.out, b...)
		return
	}
	n, err := unix.Write(fd, b)
	if err != nil && err != unix.EAGAIN && err != unix.EINTR {
		// The reader will see the same fault; reporting it from here would re-enter the caller.
		return
	}
	if n = max(n, 0); n < len(b) {
		c.out = append(c.out, b[n:]...)
		r.watch(fd, unix.EPOLLIN|unix.EPOLLOUT)
	}
}

func (r *reactor) flush(fd int) {
	c := &r.conns[fd]
	n, err := unix.Write(fd, c.out)
	if err != nil && err != unix.EAGAIN && err != unix.EINTR {
		r.fail(fd, err)
		return
	}
	if c.out = c.out[max(n, 0):]; len(c.out) == 0 {
		c.out = nil
		r.watch(fd, unix.EPOLLIN)
	}
}

func (r *reactor) watch(fd int, events uint32) {
	e := unix.EpollEvent{Events: events, Fd: int32(fd), Pad: int32(r.conns[fd].generation)}
	if r.conns[fd].mute {
		e.Events &^= unix.EPOLLIN
	}
	_ = unix.EpollCtl(r.epoll, unix.EPOLL_CTL_MOD, fd, &e) // the descriptor is ours and registered
}

// mute ends the reading from a socket for good.
func (r *reactor) mute(fd int) {
	r.conns[fd].mute = true
	events := uint32(0)
	if len(r.conns[fd].out) > 0 {
		events = unix.EPOLLOUT
	}
	r.watch(fd, events)
}

// fail tells the handler and closes the socket, unless the handler has done so and its
// number belongs to another by now.
func (r *reactor) fail(fd int, err error) {
	if r.conns[fd].phase == free {
		return
	}
	generation := r.conns[fd].generation
	r.handler.broken(fd, err)
	if r.alive(fd, generation) {
		r.close(fd)
	}
}

// close forgets the socket at once. With reset the peer sees RST and not FIN.
func (r *reactor) close(fd int) {
	c := &r.conns[fd]
	if c.phase == free {
		return
	}
	if c.sealed != nil {
		c.sealed.pipe.end(errClosed) // a handshake waits no more
	}
	*c = conn{generation: c.generation + 1}
	unix.Close(fd)
}

// abort makes the close that follows send RST and not FIN.
func (r *reactor) abort(fd int) {
	_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}) // FIN does as well
}

// release closes everything; nothing may be posted or turned afterwards.
func (r *reactor) release() {
	r.mu.Lock()
	r.stopped = true
	r.mu.Unlock()
	for fd := range r.conns {
		r.close(fd)
	}
	unix.Close(r.wake)
	unix.Close(r.epoll)
}
