package main

import (
	"fmt"
	"hash/fnv"
	"net"
	"os"
	"testing"
	"time"
)

// patience is how long a test waits for what has to come, however slow the machine is.
const patience = 2 * time.Minute

// hostsOf is how many hosts a test may have.
const hostsOf = 8

// ownHost is an address of the loopback interface that is of this test alone, one of several: nobody else takes a port there, neither
// to listen on nor to connect from, so that one which is free stays free until the test uses it.
func ownHost(t *testing.T, n int) string {
	t.Helper()
	if n >= hostsOf {
		t.Fatalf("there is no host %d", n)
	}
	name := fnv.New32a()
	name.Write([]byte(t.Name()))
	part := name.Sum32() % (200 * 256)
	return fmt.Sprintf("127.%d.%d.%d", 50+part/256, part%256, 1+os.Getpid()%31*hostsOf+n)
}

// free are addresses of a host of this test's on which nobody listens, each another one.
func free(t *testing.T, host string, count int) (addresses []string) {
	t.Helper()
	for range count {
		l, err := net.Listen("tcp", host+":0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses
}

// unused is an address of this test's on which nobody listens.
func unused(t *testing.T) string {
	t.Helper()
	return free(t, ownHost(t, 0), 1)[0]
}
