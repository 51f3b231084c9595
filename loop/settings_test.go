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

// What is out of bounds is named as the flag takes it.
func TestLimitsInTheirUnits(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{sizes(0), "0"}, {sizes(1), "1"}, {sizes(1025), "1025"}, {sizes(64 << 10), "64KiB"}, {sizes(3 << 20), "3MiB"}, {sizes(1 << 46), "65536GiB"},
		{milliseconds(0), "0s"}, {milliseconds(100), "100ms"}, {milliseconds(600_000), "10m"}, {milliseconds(86_400_000), "24h"},
		{milliseconds(90_000), "1m30s"}, {milliseconds(-5000), "-5s"}, {milliseconds(3_660_000), "1h1m"}, {counts(1 << 20), "1048576"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s, want %s", tt.got, tt.want)
		}
	}
}
