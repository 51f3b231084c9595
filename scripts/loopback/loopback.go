// Package loopback has addresses for the servers of tests that stop and come back, or that others are told of before they listen.
// A port of 127.0.0.1 that was free a moment ago is one that the system gives to the next connection of any other program.
package loopback

import (
	"fmt"
	"net"
	"os"
	"testing"
)

// Host is an address of this host that no other process listens on, unless on all, and that none connects from.
func Host() string {
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 64+pid>>16&63, pid>>8&255, pid&255)
}

// Address is a host and port that nobody listens on.
func Address(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(Host(), "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
