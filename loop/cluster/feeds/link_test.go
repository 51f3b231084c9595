package feeds

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"halley/loop/settings"
	"halley/scripts/loopback"
)

// pair is a certificate that vouches for itself, and its key, in files.
func pair(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "feeds"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.ParseIP(loopback.Host())}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	raw, err := x509.CreateCertificate(rand.Reader, about, about, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, block := range map[string]*pem.Block{"cert": {Type: "CERTIFICATE", Bytes: raw}, "key": {Type: "PRIVATE KEY", Bytes: encoded}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "cert"), filepath.Join(dir, "key")
}

// A NATS server proves itself to this one, and this one to it, where the flags say so; otherwise nothing is said to it.
func TestTLS(t *testing.T) {
	certificate, key := pair(t)
	loaded, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(certificate)
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		t.Fatal(err)
	}
	ns := natsServer(t, server.Options{TLSConfig: &tls.Config{Certificates: []tls.Certificate{loaded}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}, TLSTimeout: 60})
	h := &halley{}
	address := settings.Secret("tls://" + strings.TrimPrefix(strings.TrimPrefix(ns.ClientURL(), "nats://"), "tls://"))
	start(t, ns, h, func(s *Settings, _ *Options) {
		s.Imports, s.URL, s.CA, s.Cert, s.Key = lines("a.> /a/**"), address, certificate, certificate, key
	})
	own, _ := pair(t)
	for name, change := range map[string]func(*Settings){
		"a stranger's server":    func(s *Settings) { s.CA = own },
		"no certificate to show": func(s *Settings) { s.Cert, s.Key = "", "" },
	} {
		log := &said{}
		s := Settings{Imports: lines("a.> /a/**"), URL: address, Buffer: 1 << 20, CA: certificate, Cert: certificate, Key: key, Required: true, Name: "other"}
		change(&s)
		f, err := New(s, Options{Flag: "--feed-url", Log: slog.New(slog.NewTextHandler(log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		link, err := f.dialFor(t)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool { return strings.Contains(log.String(), `no connection to NATS" flag=--feed-url`) })
		link()
		if f.Figures().Connected {
			t.Errorf("%s: it is connected", name)
		}
	}
}

// dialFor makes a connection whose server nobody else hears of; what it returns closes that.
func (f *Feeds) dialFor(t *testing.T) (end func(), err error) {
	t.Helper()
	f.server = &halley{}
	closed := make(chan struct{})
	link, err := f.dial(sync.OnceFunc(func() { close(closed) }))
	if err != nil {
		return nil, err
	}
	return func() {
		link.Close()
		<-closed
	}, nil
}

// said is a log that several goroutines write.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
