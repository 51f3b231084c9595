package socket

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"
)

// What the kernel takes at once is counted; what it does not take, or refuses, is none.
func TestWriteNow(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	near, far := pair[0], pair[1]
	defer unix.Close(near)
	if n := writeNow(near, []byte("hello")); n != 5 {
		t.Errorf("%d bytes of 5 were taken", n)
	}
	got := make([]byte, 16)
	if n, err := unix.Read(far, got); err != nil || string(got[:n]) != "hello" {
		t.Errorf("%q has arrived, %v", got[:n], err)
	}
	for _, p := range [][]byte{nil, {}} {
		if n := writeNow(near, p); n != 0 {
			t.Errorf("%d bytes of none", n)
		}
	}
	if n := writeNow(-1, []byte("x")); n != 0 {
		t.Errorf("%d bytes went without a socket", n)
	}
	much := bytes.Repeat([]byte{'x'}, 16<<20)
	if n := writeNow(near, much); n <= 0 || n >= len(much) {
		t.Errorf("a socket that nobody reads takes %d of %d bytes", n, len(much))
	}
	if n := writeNow(near, []byte("x")); n != 0 {
		t.Errorf("a full socket takes %d bytes", n)
	}
	unix.Close(far)
	if n := writeNow(near, []byte("x")); n != 0 {
		t.Errorf("a socket without another end takes %d bytes", n)
	}
}
