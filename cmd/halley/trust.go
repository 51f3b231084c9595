// Proved by TestTrust and TestClientsOverTLS.

package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// trust is how a client checks a server of https, and shows who it is itself.
type trust struct {
	CA   string `name:"ca" env:"-" group:"trust" placeholder:"FILE" help:"Authorities in PEM that the server's certificate must be of, in place of the system's."`
	Cert string `name:"cert" env:"-" group:"trust" placeholder:"FILE" help:"Client certificate in PEM, for a server that asks for one."`
	Key  string `name:"key" env:"-" group:"trust" placeholder:"FILE" help:"Private key of the client certificate, in PEM."`
}

// explained is an error that names the flag which may help.
func (t trust) explained(err error) error {
	if errors.As(err, new(x509.UnknownAuthorityError)) {
		return fmt.Errorf("%w: --ca names the file of whom to trust", err)
	}
	return err
}

// config is what the flags say, nil if they say nothing. An error names the flag.
func (t trust) config() (*tls.Config, error) {
	if t == (trust{}) {
		return nil, nil
	}
	config := new(tls.Config)
	if t.CA != "" {
		text, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, usagef("--ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, usagef("--ca: no certificate in PEM is in %s", t.CA)
		}
	}
	switch {
	case t.Cert == "" && t.Key == "":
		return config, nil
	case t.Key == "":
		return nil, usagef("--cert: needs --key")
	case t.Cert == "":
		return nil, usagef("--key: needs --cert")
	}
	own, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, usageError{fmt.Errorf("--cert, --key: %w", err)}
	}
	config.Certificates = []tls.Certificate{own}
	return config, nil
}
