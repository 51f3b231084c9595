package secure

import (
	"crypto/tls"
	"testing"
)

// The name that a client asks for chooses: as it is, then for one label, then the first certificate. Of several the client's
// algorithms choose.
func TestNameChooses(t *testing.T) {
	a := newAuthority(t)
	var s Settings
	add := func(name string, w wish) {
		cert, key := a.sign(name, w)
		s.Cert, s.Key = append(s.Cert, cert), append(s.Key, key)
	}
	add("first", wish{names: []string{"www.example.com", "Example.com"}})
	add("wild", wish{names: []string{"*.example.com"}})
	add("push", wish{names: []string{"push.example.com"}})
	add("rsa", wish{names: []string{"www.example.com"}, key: rsaKey()})
	c, _ := opened(t, s)
	address := listen(t, c.Config())
	onlyRSA := []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
	for _, tt := range []struct {
		name   string
		suites []uint16
		want   string
	}{
		{"www.example.com", nil, "first"},
		{"example.com", nil, "first"},
		{"EXAMPLE.com", nil, "first"},
		{"push.example.com", nil, "push"},
		{"Push.Example.COM", nil, "push"},
		{"other.example.com", nil, "wild"},
		{"a.b.example.com", nil, "first"},
		{"example.org", nil, "first"},
		{"", nil, "first"},
		{"www.example.com", onlyRSA, "rsa"},
		{"example.org", onlyRSA, "rsa"},
	} {
		config := &tls.Config{ServerName: tt.name, CipherSuites: tt.suites}
		if tt.suites != nil {
			config.MaxVersion = tls.VersionTLS12
		}
		if got := served(t, address, config); got != tt.want {
			t.Errorf("%q %v: %s, want %s", tt.name, tt.suites, got, tt.want)
		}
	}
}
