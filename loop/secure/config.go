// Proved by TestVersionsAndProtocols, TestClientCertificates and TestChallengeNeedsNoClientCertificate.

package secure

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/acme"
)

// Challenge is the protocol of connections by which a certificate authority checks a name (RFC 8737). Whoever has negotiated it
// has got all that there is: the connection is closed after the handshake. No client certificate is asked for there.
const Challenge = acme.ALPNProto

// Config is for handshakes. It is used as it is, never cloned: a clone would keep the keys of tickets that were in force when
// it was made. A nil Certificates has none.
func (c *Certificates) Config() *tls.Config {
	if c == nil {
		return nil
	}
	return c.config
}

// Internal is for handshakes of a listener that no authority of ACME visits: who says to be one is refused, since it would be
// asked for no client certificate.
func (c *Certificates) Internal() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if forChallenge(hello) {
			return nil, errNone
		}
		if c.settings.ClientCA != "" {
			return c.asking.Load(), nil
		}
		return c.config, nil
	}}
}

// newConfig leaves to crypto/tls what is not said here.
func (c *Certificates) newConfig() *tls.Config {
	config := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: c.certificate,
	}
	if c.settings.ClientCA != "" {
		config.ClientAuth = tls.RequireAndVerifyClientCert // never in force: others are given
		config.GetConfigForClient = c.configFor
	}
	if c.orders != nil {
		config.NextProtos = append(config.NextProtos, Challenge)
	}
	return config
}

// askClients makes the configuration that says whose client certificates are good. The keys of tickets stay those of
// the first one, which crypto/tls goes by where another has none. A resumed session is checked anew.
func (c *Certificates) askClients() {
	config := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: c.certificate,
		ClientAuth:     tls.VerifyClientCertIfGiven,
		ClientCAs:      c.clients.pool,
	}
	if c.settings.ClientAuth == "required" {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	c.asking.Store(config)
}

// configFor is what holds for one handshake, where client certificates are asked for.
func (c *Certificates) configFor(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	if c.orders != nil && forChallenge(hello) {
		return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{Challenge}, GetCertificate: c.certificate, SessionTicketsDisabled: true}, nil
	}
	return c.asking.Load(), nil
}

// forChallenge tells whether a client is an authority that checks a name.
func forChallenge(hello *tls.ClientHelloInfo) bool {
	return slices.Equal(hello.SupportedProtos, []string{Challenge})
}

// errNone is no certificate: --tls-acme has brought none yet.
var errNone = errors.New("no certificate")

// certificate is the one for a client. It waits for nothing.
func (c *Certificates) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if c.orders != nil {
		if forChallenge(hello) {
			return c.orders.challenge(hello)
		}
		if found := c.orders.of(hello.ServerName); found != nil {
			return found, nil
		}
	}
	if found := c.chosen.Load().find(hello); found != nil {
		return found, nil
	}
	if c.orders != nil {
		if found := c.orders.first(); found != nil {
			return found, nil
		}
	}
	return nil, fmt.Errorf("%w for %q yet", errNone, hello.ServerName)
}
