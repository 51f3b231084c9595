package loopback

import (
	"net"
	"testing"
)

// Whoever connects to it does not do so from it, so no connection takes a port there.
func TestNobodyComesFromIt(t *testing.T) {
	l, err := net.Listen("tcp", Address(t))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if from, _, _ := net.SplitHostPort(conn.LocalAddr().String()); from == Host() {
		t.Errorf("a connection from %s to %s", conn.LocalAddr(), conn.RemoteAddr())
	}
}
