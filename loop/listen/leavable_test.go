package listen

import (
	"net"
	"testing"
	"time"
)

// A socket that is left takes no connection here, but with whoever has a copy; its server does not end before it is closed.
func TestLeavable(t *testing.T) {
	inner, err := net.Listen(TCP, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := NewLeavable(inner)
	file, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	other, err := net.FileListener(file)
	file.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	ended := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		ended <- err
	}()
	l.Leave()
	greet(other, "other")
	if names := ask(t, other.Addr().String(), 5); names["other"] != 5 {
		t.Errorf("%v", names)
	}
	select {
	case err := <-ended:
		t.Errorf("it has ended: %v", err)
	case <-time.After(10 * time.Millisecond):
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("it has a connection")
		}
	case <-time.After(deadline):
		t.Error("it does not end")
	}
}
