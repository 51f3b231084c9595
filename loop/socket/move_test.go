package socket

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// leave takes a socket out of its loop, on that.
func leave(t *testing.T, p *Plain, s Socket) (m *Moving, err error) {
	t.Helper()
	on(t, p, func() { m, err = Leave(s) })
	return m, err
}

// What leaves a loop has closed for that and for nobody else: the peer goes on with whoever gets it next, with the input that had
// come, and the keep-alive is as it was.
func TestLeave(t *testing.T) {
	h := new(host)
	p, client := open(t, h)
	if _, err := client.Write([]byte("before")); err != nil {
		t.Fatal(err)
	}
	eventually(t, p, func() bool { return p.Buffered() == 6 })
	alive := net.KeepAliveConfig{Enable: true, Idle: 77 * time.Second, Interval: 7 * time.Second, Count: 5}
	m, err := leave(t, p, p)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	select {
	case of := <-h.closed:
		if of != nil {
			t.Error("its loop is told of an end")
		}
	case <-time.After(deadline):
		t.Error("gnet keeps it")
	}
	for range 2 { // the first copy is of no use
		conn, err := m.Conn(alive)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := conn.(*net.TCPConn).SyscallConn()
		raw.Control(func(fd uintptr) {
			for option, want := range map[int]int{unix.TCP_KEEPIDLE: 77, unix.TCP_KEEPINTVL: 7, unix.TCP_KEEPCNT: 5} {
				if got, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, option); got != want || err != nil {
					t.Errorf("option %d is %d, want %d: %v", option, got, want, err)
				}
			}
		})
		if _, err := conn.Write([]byte("x")); err != nil {
			t.Error(err)
		}
		conn.Close()
	}
	got := make([]byte, 2)
	if _, err := io.ReadFull(client, got); err != nil || string(got) != "xx" {
		t.Errorf("%q %v", got, err)
	}
	other := Over(nil)
	a, ok := m.Arrive(&other, nil).(*Ahead)
	if !ok || string(a.in) != "before" {
		t.Errorf("the input is lost: %v", a)
	}
}

// A peer that has reset the connection is told from others.
func TestLeaveOfAReset(t *testing.T) {
	p, client := open(t, new(host))
	m, err := leave(t, p, p)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	client.SetLinger(0)
	client.Close()
	for end := time.Now().Add(deadline); ; time.Sleep(time.Millisecond) {
		conn, err := m.Conn(net.KeepAliveConfig{})
		if errors.Is(err, ErrReset) {
			return
		}
		if err != nil || time.Now().After(end) {
			t.Fatalf("%v %v", conn, err)
		}
		conn.Close()
	}
}

// What cannot be moved stays: a handshake under way, a socket of another kind, and any where there is no file for the copy.
func TestStays(t *testing.T) {
	for _, version := range versions {
		r := tlsRig(NewHandshakes(&tls.Config{MaxVersion: version}, 1, 1<<10), NewScratch())
		if _, err := Leave(r.socket); err != errFixed {
			t.Error(err)
		}
	}
	r := plainRig()
	r.Write([]byte("input"))
	if _, err := Leave(struct{ Socket }{r.socket}); err != errFixed {
		t.Error(err)
	}
	if _, err := Leave(r.socket); !errors.Is(err, unix.EBADF) {
		t.Error(err)
	}
	if r.gnet.shutdown || r.socket.Buffered() != 5 {
		t.Error("it was changed")
	}
	for err, wants := range map[error]bool{unix.EMFILE: true, unix.ENFILE: true, ErrReset: false, nil: false} {
		if Wants(err) != wants {
			t.Errorf("%v: %v", err, !wants)
		}
	}
}

// An encrypted socket goes on in another loop where it was: with plaintext that was not worked on, with a record that had come in
// part, and in both directions. The first loop's scratch is nothing to it any more.
func TestTLSMoves(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			r, client, places := opened(t, version)
			s := r.socket.(*TLS)
			old := s.wire.scratch
			if _, err := client.Write([]byte("one two ")); err != nil {
				t.Fatal(err)
			}
			r.loop(func() { s.Discard(4) })
			half := r.split
			r.split = func(n int) int { return min(n, 9) } // what comes next comes by pieces, of which the last ones wait for the other loop
			pieces := 0
			r.seen = func() {
				if pieces++; pieces != 2 {
					return
				}
				m := &Moving{tls: s}
				s.leave()
				if r.gnet.InboundBuffered() != 0 {
					t.Error("input stays")
				}
				p := Over(r.gnet)
				r.socket = m.Arrive(&p, NewScratch())
				for i := range old.opened[:cap(old.opened)] {
					old.opened[:cap(old.opened)][i] = '!'
				}
			}
			if _, err := client.Write([]byte("three and more")); err != nil {
				t.Fatal(err)
			}
			r.split, r.seen = half, func() {}
			if r.socket != Socket(s) || s.wire.scratch == old || old.owner != nil {
				t.Fatal("it has not moved")
			}
			r.loop(func() {
				if got := string(s.Peek(-1)); got != "two three and more" {
					t.Errorf("%q", got)
				}
				s.Discard(-1)
				if err := s.Write([]byte("answer")); err != nil {
					t.Error(err)
				}
			})
			got := make([]byte, 6)
			if _, err := io.ReadFull(client, got); err != nil || string(got) != "answer" {
				t.Errorf("%q %v", got, err)
			}
			if n := places.open.Load(); n != 1 {
				t.Errorf("%d are open", n)
			}
			(&Moving{tls: s}).Drop()
			if n := places.open.Load(); n != 0 {
				t.Errorf("%d are open", n)
			}
		})
	}
}
