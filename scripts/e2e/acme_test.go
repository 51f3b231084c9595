//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pebbleVersion is that of Let's Encrypt's small authority for tests.
const pebbleVersion = "v2.10.3"

// certificateLife is how long pebble's certificates live here; autocert renews one after two thirds.
const certificateLife = 45 * time.Second

// A server has its certificate from an authority that speaks ACME, keeps it over a restart, renews it, and keeps its clients
// meanwhile. Where the authority goes away it serves on.
func TestCertificateByACME(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*deadline)
	defer cancel()
	secure := freeAddress(t)
	p := startPebble(t, ctx, secure)
	cache := filepath.Join(t.TempDir(), "cache")
	s := &mortal{listen: freeAddress(t), internal: freeAddress(t), flags: []string{
		"--tls-listen=" + secure, "--tls-acme=push.halley.test", "--tls-acme=second.halley.test", "--tls-acme-cache=" + cache,
		"--tls-acme-directory=" + p.directory, "--tls-acme-email=someone@halley.test", "--loops=1"}}
	s.environment = []string{"SSL_CERT_FILE=" + p.authority}
	s.start(t, ctx)
	defer func() { s.kill() }()

	first := p.served(t, ctx, secure, "push.halley.test", nil)
	p.served(t, ctx, secure, "second.halley.test", nil)
	if other := p.served(t, ctx, secure, "stranger.halley.test", nil); !other.Equal(first) {
		t.Error("a name that is not asked for has another certificate than the first")
	}
	s.kill()
	s.start(t, ctx)
	if again := p.served(t, ctx, secure, "push.halley.test", nil); !again.Equal(first) {
		t.Error("a restart orders anew")
	}
	client := follow(t, ctx, secure, p.roots)
	renewed := p.served(t, ctx, secure, "push.halley.test", first)
	if !renewed.NotAfter.After(first.NotAfter) {
		t.Errorf("renewed until %v, after %v", renewed.NotAfter, first.NotAfter)
	}
	if !s.publish(`{"channel":"/a","data":"after the renewal"}`) {
		t.Error("not published")
	}
	client.await(t, "after the renewal")
	p.stop()
	p.served(t, ctx, secure, "push.halley.test", nil)
	if info, err := os.Stat(cache); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("cache %v, %v", info, err)
	}
}

// pebble is an authority at work.
type pebble struct {
	directory string         // URL
	authority string         // file of the certificate of its own https
	roots     *x509.CertPool // of the certificates that it gives
	stop      func()
}

// startPebble starts the authority, which checks names at the address of the server, and a DNS server that finds all names at
// the server's.
func startPebble(t *testing.T, ctx context.Context, server string) *pebble {
	t.Helper()
	api, management, dns := localAddress(t), localAddress(t), localAddress(t) // for which httptest has a certificate
	p := &pebble{directory: "https://" + api + "/dir"}
	var key string
	p.authority, key = hostCertificate(t)
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "pebble.json")
	text := fmt.Sprintf(`{"pebble":{"listenAddress":%q,"managementListenAddress":%q,"certificate":%q,"privateKey":%q,"httpPort":80,"tlsPort":%s,
		"retryAfter":{"authz":1,"order":1},"profiles":{"default":{"description":"short","validityPeriod":%d}}}}`,
		api, management, p.authority, key, port, int(certificateLife.Seconds()))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	tool(t, ctx, "pebble-challtestsrv", "-dnsserver", dns, "-defaultIPv4", host, "-defaultIPv6", "", "-http01", "", "-https01", "",
		"-tlsalpn01", "", "-doh", "", "-management", localAddress(t))
	p.stop = tool(t, ctx, "pebble", "-config", config, "-dnsserver", dns)
	p.roots = rootsOf(t, ctx, p.authority, "https://"+management+"/roots/0")
	return p
}

// tool starts a program of pebble's, by the module proxy, and returns what ends it. Its answers to nonces are bad now and then,
// as it comes.
func tool(t *testing.T, ctx context.Context, name string, arguments ...string) (stop func()) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(cache, "halley-tools", pebbleVersion)
	program := filepath.Join(bin, name)
	if _, err := os.Stat(program); err != nil {
		install := exec.CommandContext(ctx, "go", "install", "github.com/letsencrypt/pebble/v2/cmd/"+name+"@"+pebbleVersion)
		install.Env = append(os.Environ(), "GOBIN="+bin)
		if said, err := install.CombinedOutput(); err != nil {
			t.Fatalf("%s cannot be had from the module proxy, and nothing takes its place: %v\n%s", name, err, said)
		}
	}
	var said bytes.Buffer
	c := exec.Command(program, arguments...)
	c.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1")
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() {
		if c.ProcessState == nil {
			_ = c.Process.Kill()
			_ = c.Wait() // killed, that is
		}
	}
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, said.String())
		}
	})
	return stop
}

// hostCertificate writes a certificate for this host, which httptest has, and its key into files.
func hostCertificate(t *testing.T) (cert, key string) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	own := s.TLS.Certificates[0]
	text, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "host.crt"), filepath.Join(dir, "host.key")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: own.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: text}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// trusting is a client of https that trusts a pool alone.
func trusting(pool *x509.CertPool, name string) *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: name}}}
}

// rootsOf reads the certificate at a URL, when there is somebody.
func rootsOf(t *testing.T, ctx context.Context, authority, url string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(authority)
	if err != nil {
		t.Fatal(err)
	}
	own := x509.NewCertPool()
	own.AppendCertsFromPEM(text)
	client := trusting(own, "")
	defer client.CloseIdleConnections()
	for {
		response, err := client.Get(url)
		if err == nil {
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			roots := x509.NewCertPool()
			if err != nil || !roots.AppendCertsFromPEM(body) {
				t.Fatalf("%s: %v\n%s", url, err, body)
			}
			return roots
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", url, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// served is the certificate that the server has for a name, once it has one that the authority has given and that is another
// than old.
func (p *pebble) served(t *testing.T, ctx context.Context, address, name string, old *x509.Certificate) *x509.Certificate {
	t.Helper()
	for {
		config := &tls.Config{RootCAs: p.roots, ServerName: name}
		if strings.HasPrefix(name, "stranger.") {
			config.InsecureSkipVerify = true
		}
		conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
		if err == nil {
			leaf := conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
			conn.Close()
			if old == nil || !leaf.Equal(old) {
				return leaf
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", name, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// secureStream is an event-stream over TLS.
type secureStream struct{ lines chan string }

// follow opens an event-stream of channel /a, and waits until it is there.
func follow(t *testing.T, ctx context.Context, address string, roots *x509.CertPool) *secureStream {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, "GET", "https://"+address+"/events?channel=/a", nil)
	if err != nil {
		t.Fatal(err)
	}
	client := trusting(roots, "push.halley.test")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	s := &secureStream{make(chan string, 100)}
	go func() {
		defer close(s.lines)
		piece := make([]byte, 4096)
		for {
			n, err := response.Body.Read(piece)
			if err != nil {
				return
			}
			s.lines <- string(piece[:n])
		}
	}()
	return s
}

// await waits for a text on the stream.
func (s *secureStream) await(t *testing.T, text string) {
	t.Helper()
	limit := time.After(deadline)
	for {
		select {
		case line, open := <-s.lines:
			if !open {
				t.Fatalf("the stream has ended before %q", text)
			}
			if strings.Contains(line, text) {
				return
			}
		case <-limit:
			t.Fatalf("no %q", text)
		}
	}
}
