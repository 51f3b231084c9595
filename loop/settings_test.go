package loop

import "testing"

// An IPv4 address is not listened on by IPv6 as well.
func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"0.0.0.0:80": "tcp4", "127.0.0.1:80": "tcp4", ":80": "tcp", "[::]:80": "tcp", "[::1]:80": "tcp", "localhost:80": "tcp", "80": "tcp",
	} {
		if got := Network(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}
