package socket

import (
	"bytes"
	"io"
	"testing"
)

// received is how a host tells what its sockets see of their input.
func received(p *Plain, seen chan<- string) {
	if p.Receive() == nil {
		seen <- string(p.Peek(-1))
	}
}

// Input stays until it is dropped, and is seen from its first byte that was not.
func TestPlainInput(t *testing.T) {
	seen := make(chan string)
	p, client := open(t, &host{traffic: func(p *Plain) { received(p, seen) }})
	for _, step := range []struct {
		sent, want string
		drop, left int
	}{
		{"abc", "abc", 0, 3},
		{"de", "abcde", 2, 3},
		{"f", "cdef", -1, 0},
		{"g", "g", 1, 0},
		{"hij", "hij", 2, 1},
	} {
		io.WriteString(client, step.sent)
		if got := <-seen; got != step.want {
			t.Fatalf("%q, want %q", got, step.want)
		}
		on(t, p, func() {
			p.Discard(step.drop)
			if p.Buffered() != step.left {
				t.Errorf("%d bytes left of %q, want %d", p.Buffered(), step.want, step.left)
			}
		})
	}
	on(t, p, func() {
		if view := p.Peek(1); string(view) != "j" {
			t.Errorf("the first byte is %q", view)
		}
		if view := p.Peek(2); view != nil {
			t.Errorf("%q where there is less", view)
		}
	})
}

// much is more than the kernel takes for a client that does not read.
const much = 16 << 20

// What does not leave at once is counted until it has, and comes in order.
func TestPlainOutput(t *testing.T) {
	p, client := open(t, &host{})
	text := bytes.Repeat([]byte("0123456789abcdef"), much/16)
	on(t, p, func() {
		for _, part := range [][]byte{text[:5], text[5 : much/2], text[much/2:]} {
			if err := p.Write(part); err != nil {
				t.Error(err)
			}
		}
		if n := p.Unsent(); n == 0 || n >= much {
			t.Errorf("%d bytes are unsent", n)
		}
		if p.Conn().Unacknowledged() == 0 {
			t.Error("the kernel has nothing")
		}
	})
	got := make([]byte, much)
	if _, err := io.ReadFull(client, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, text) {
		t.Error("it comes out of order")
	}
	eventually(t, p, func() bool { return p.Unsent() == 0 && p.Conn().Unacknowledged() == 0 })
	on(t, p, func() { p.Shut() })
	if n, err := client.Read(got); n != 0 || err != io.EOF {
		t.Errorf("after the end: %d %v", n, err)
	}
}

// A write to a connection that has been reset fails, and has closed it then.
func TestPlainWriteFails(t *testing.T) {
	h := &host{}
	p, client := open(t, h)
	client.SetLinger(0)
	closed, failed := false, false
	on(t, p, func() {
		client.Close()
		for range 100 { // the first may still be taken by the kernel
			if p.Write([]byte("x")) != nil {
				failed = true
				break
			}
		}
		select {
		case <-h.closed:
			closed = true
		default:
		}
	})
	if !failed || !closed {
		t.Errorf("failed %v, closed %v", failed, closed)
	}
}
