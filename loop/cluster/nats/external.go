// Proved by TestExternalIsLate, TestExternalPassword and TestBadFilesAndAddresses.

package nats

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"sync"

	natsgo "github.com/nats-io/nats.go"
)

// external makes connections to servers that run elsewhere. Certificates and credentials are read again for each.
type external struct {
	settings *Settings
	servers  []string // as configured

	mu    sync.Mutex
	found []string // that those have told of
}

// newExternal checks what can be checked without a server.
func newExternal(s *Settings) (*external, error) {
	servers, err := s.servers()
	if err != nil {
		return nil, err
	}
	if s.Credentials != "" {
		if _, err := os.ReadFile(s.Credentials); err != nil {
			return nil, fmt.Errorf("--cluster-credentials: %w", err)
		}
	}
	if _, err := s.clientTLS(); err != nil {
		return nil, err
	}
	return &external{settings: s, servers: servers}, nil
}

// options has NATS' client connect to one of the servers.
func (e *external) options(o *natsgo.Options, c *connection) error {
	o.Servers = e.all()
	for _, server := range e.servers {
		if u, err := url.Parse(server); err == nil && u.User != nil {
			o.User = u.User.Username()
			o.Password, _ = u.User.Password()
			break
		}
	}
	o.CustomDialer = gateDialer{c}
	if file := e.settings.Credentials; file != "" {
		if err := natsgo.UserCredentials(file)(o); err != nil {
			return fmt.Errorf("--cluster-credentials: %w", err)
		}
	}
	config, err := e.settings.clientTLS()
	if o.TLSConfig = config; config != nil {
		o.Secure = true
	}
	return err
}

// learn keeps what a connection was told of other servers.
func (e *external) learn(conn *natsgo.Conn) {
	found := conn.DiscoveredServers()
	if len(found) > 0 && len(found) <= mostPeers {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.found = found
	}
}

// all are the addresses of all servers that are known.
func (e *external) all() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Concat(e.servers, e.found)
}

// count is how many servers are known.
func (e *external) count() int { return len(e.all()) }

// gateDialer makes the connection of c one that is read from while there is room.
type gateDialer struct{ c *connection }

// Dial implements natsgo.CustomDialer.
func (d gateDialer) Dial(network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(context.Background(), network, address)
	if err != nil {
		return nil, err
	}
	d.c.gate = newGate(conn, d.c.messages)
	return d.c.gate, nil
}

// clientTLS is how servers elsewhere are spoken with; nil: as their address says.
func (s *Settings) clientTLS() (*tls.Config, error) {
	if s.CA == "" && s.Cert == "" {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	var err error
	if s.CA != "" {
		if config.RootCAs, err = s.authorities(); err != nil {
			return nil, err
		}
	}
	if s.Cert != "" {
		pair, err := s.pair()
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// authorities reads --cluster-tls-ca.
func (s *Settings) authorities() (*x509.CertPool, error) {
	text, err := os.ReadFile(s.CA)
	if err != nil {
		return nil, fmt.Errorf("--cluster-tls-ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--cluster-tls-ca %s: no certificate in it", s.CA)
	}
	return pool, nil
}

// pair reads the node's own certificate.
func (s *Settings) pair() (pair tls.Certificate, err error) {
	if pair, err = tls.LoadX509KeyPair(s.Cert, s.Key); err != nil {
		var path *os.PathError
		flag := "--cluster-tls-cert"
		if errors.As(err, &path) && path.Path == s.Key {
			flag = "--cluster-tls-key"
		}
		return pair, fmt.Errorf("%s: %w", flag, err)
	}
	return pair, nil
}
