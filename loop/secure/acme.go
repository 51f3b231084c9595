package secure

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/sys/unix"
)

// orders are the certificates that ACME brings. autocert does the ordering and renewing, for which it waits for the
// certificate authority: so it is never asked in a handshake, but by a goroutine for each host, and handshakes have what that got last.
type orders struct {
	settings ACME
	log      *slog.Logger
	manager  *autocert.Manager
	hosts    []*order
	failures atomic.Uint64
}

// order is the certificate of one host.
type order struct {
	host    string
	current atomic.Pointer[tls.Certificate] // nil before there is one
}

const (
	// acmePatience bounds one request to the authority; autocert gives up a whole order after five minutes.
	acmePatience = 30 * time.Second
	// acmeLook is how often autocert is asked whether it has renewed a certificate, which it knows without the authority; for
	// one of a short life it is a share of that.
	acmeLook, acmeLookShare = time.Minute, 20
	// Authorities allow few failures an hour.
	acmeRetry, acmeMaxRetry = 2 * time.Minute, time.Hour
)

func newOrders(s ACME, log *slog.Logger) *orders {
	o := &orders{settings: s, log: log}
	for _, host := range s.Hosts {
		o.hosts = append(o.hosts, &order{host: host})
	}
	o.manager = &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(s.Cache),
		HostPolicy: autocert.HostWhitelist(s.Hosts...),
		Email:      s.Email,
		Client: &acme.Client{
			DirectoryURL: s.Directory,
			UserAgent:    "halley",
			HTTPClient:   &http.Client{Timeout: acmePatience},
		},
	}
	return o
}

// check tells whether the folder can be written, or else made.
func (o *orders) check() error {
	folder := o.settings.Cache
	info, err := os.Stat(folder)
	switch {
	case err == nil && !info.IsDir():
		return fmt.Errorf("%s is no folder", folder)
	case err != nil:
		folder = filepath.Dir(folder)
	}
	if err := unix.Access(folder, unix.W_OK); err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	return nil
}

// open makes the folder.
func (o *orders) open() error {
	if err := o.check(); err != nil {
		return err
	}
	err := os.Mkdir(o.settings.Cache, 0o700)
	if err != nil && !os.IsExist(err) {
		return err
	}
	info, err := os.Stat(o.settings.Cache)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		o.log.Warn("others may read the keys of certificates: it should be mode 0700", "folder", o.settings.Cache, "mode", info.Mode().Perm().String())
	}
	return err
}

// run keeps the certificates of all hosts fresh until ctx is done.
func (o *orders) run(ctx context.Context) {
	o.log.Info("certificates come by ACME: its authority's terms of service are accepted", "directory", o.settings.Directory, "hosts", o.settings.Hosts)
	for _, one := range o.hosts {
		go o.follow(ctx, one)
	}
}

// follow keeps the certificate of one host fresh.
func (o *orders) follow(ctx context.Context, one *order) {
	for retry := acmeRetry; ctx.Err() == nil; {
		wait, err := o.fetch(one)
		if err == nil {
			retry = acmeRetry
		} else {
			o.failures.Add(1)
			wait = retry + rand.N(retry/2)
			o.log.Error("no certificate by ACME", "host", one.host, "again", wait.Round(time.Second).String(), "error", err)
			retry = min(2*retry, acmeMaxRetry)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// fetch puts in force what autocert has for a host, and says when to ask again.
func (o *orders) fetch(one *order) (wait time.Duration, err error) {
	got, err := o.manager.GetCertificate(helloFor(one.host))
	if err != nil {
		return 0, err
	}
	if err := o.take(one, *got); err != nil {
		return 0, err
	}
	leaf := one.current.Load().Leaf
	return min(acmeLook, leaf.NotAfter.Sub(leaf.NotBefore)/acmeLookShare), nil
}

// take puts a certificate in force, if it is another one.
func (o *orders) take(one *order, got tls.Certificate) (err error) {
	if old := one.current.Load(); old != nil && bytes.Equal(old.Certificate[0], got.Certificate[0]) {
		return nil
	}
	if got.Leaf == nil {
		if got.Leaf, err = x509.ParseCertificate(got.Certificate[0]); err != nil {
			return err
		}
	}
	one.current.Store(&got)
	o.log.Info("changed", "part", "certificates", "what", describe("by ACME", got.Leaf))
	return nil
}

// helloFor is a client that asks for a host and knows the usual algorithms.
func helloFor(host string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{ServerName: host, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
}

// find is the order of a host, or nil.
func (o *orders) find(name string) *order {
	for _, one := range o.hosts {
		if strings.EqualFold(one.host, name) {
			return one
		}
	}
	return nil
}

// of is the certificate of a host, nil if there is none.
func (o *orders) of(name string) *tls.Certificate {
	if one := o.find(name); one != nil {
		return one.current.Load()
	}
	return nil
}

// first is the certificate for names that none is for.
func (o *orders) first() *tls.Certificate { return o.hosts[0].current.Load() }

// challenge answers an authority that checks a name. It reads a file at most.
func (o *orders) challenge(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if o.find(hello.ServerName) == nil {
		return nil, fmt.Errorf("%w for %q", errNone, hello.ServerName)
	}
	return o.manager.GetCertificate(hello)
}

func (o *orders) expiries() (list []Expiry) {
	for _, one := range o.hosts {
		if got := one.current.Load(); got != nil {
			list = append(list, expiryOf("acme:"+one.host, got.Leaf))
		}
	}
	return list
}
