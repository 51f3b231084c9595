package secure

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// authority signs certificates for a test.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.key = ecdsaKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err == nil {
		a.cert, err = x509.ParseCertificate(raw)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func ecdsaKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// file writes a file of the test's folder, and returns its path.
func (a *authority) file(name string, text []byte) string {
	a.t.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

// own is a file with the authority's certificate.
func (a *authority) own(name string) string { return a.file(name, pemOf("CERTIFICATE", a.cert.Raw)) }

func pemOf(kind string, raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw})
}

// wish is what a certificate is to be.
type wish struct {
	names    []string
	from, to time.Duration // from now; the default is a day
	key      crypto.Signer // the default is a new one
}

// sign writes a certificate and its key into NAME.crt and NAME.key.
func (a *authority) sign(name string, w wish) (cert, key string) {
	a.t.Helper()
	if w.to == 0 {
		w.from, w.to = -time.Hour, 24*time.Hour
	}
	if w.key == nil {
		w.key = ecdsaKey(a.t)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, DNSNames: w.names,
		NotBefore: time.Now().Add(w.from), NotAfter: time.Now().Add(w.to),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, w.key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(w.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.file(name+".crt", pemOf("CERTIFICATE", raw)), a.file(name+".key", pemOf("PRIVATE KEY", text))
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// rsaKey is one for all tests, since making it takes long.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// page is a log that several goroutines may write.
type page struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *page) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

func (p *page) logger() *slog.Logger { return slog.New(slog.NewTextHandler(p, nil)) }

// opened are the certificates of settings, with their log.
func opened(t *testing.T, s Settings) (*Certificates, *page) {
	t.Helper()
	log := new(page)
	c, err := Open(s, log.logger())
	if err != nil {
		t.Fatal(err)
	}
	return c, log
}

// listen serves handshakes with a configuration, and echoes what comes then.
func listen(t *testing.T, config *tls.Config) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				secured := tls.Server(conn, config)
				secured.SetDeadline(time.Now().Add(time.Minute))
				if secured.Handshake() == nil {
					io.Copy(secured, secured)
				}
			}()
		}
	}()
	return l.Addr().String()
}

// dial shakes hands and has a byte echoed, which is when a session can be resumed and a refusal of TLS 1.3 is known.
func dial(t *testing.T, address string, config *tls.Config) (*tls.Conn, error) {
	t.Helper()
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 30 * time.Second}, "tcp", address, config)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { conn.Close() })
	return conn, echo(conn)
}

func echo(conn *tls.Conn) error {
	conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := conn.Write([]byte{1}); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, make([]byte, 1))
	return err
}

// served is the common name of the certificate that a client gets.
func served(t *testing.T, address string, config *tls.Config) string {
	t.Helper()
	config.InsecureSkipVerify = true
	conn, err := dial(t, address, config)
	if err != nil {
		t.Errorf("%s: %v", config.ServerName, err)
		return ""
	}
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v, want %q in it", err, part)
		}
	}
}
