package secure

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ordering are certificates by ACME from an authority that is played by handler.
func ordering(t *testing.T, s Settings, handler http.HandlerFunc) (*Certificates, *page) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	s.Hosts, s.Directory, s.Cache = []string{"a.example", "b.example"}, server.URL, filepath.Join(t.TempDir(), "cache")
	c, log := opened(t, s)
	c.orders.manager.Client.HTTPClient = server.Client()
	return c, log
}

// An authority that answers nothing keeps no handshake waiting, however many there are, and is asked no more for them.
func TestAuthorityThatHangs(t *testing.T) {
	asked, release := make(chan bool, 100), make(chan struct{})
	c, _ := ordering(t, Settings{}, func(http.ResponseWriter, *http.Request) {
		asked <- true
		<-release
	})
	defer close(release)
	go c.Run(t.Context())
	select {
	case <-asked:
	case <-time.After(time.Minute):
		t.Fatal("the authority is not asked")
	}
	address := listen(t, c.Config())
	for range 200 {
		if _, err := dial(t, address, &tls.Config{ServerName: "a.example"}); err == nil {
			t.Fatal("shaken hands without a certificate")
		}
	}
	for _, protocols := range [][]string{nil, {Challenge}, {Challenge, "http/1.1"}} {
		if _, err := c.certificate(&tls.ClientHelloInfo{ServerName: "c.example", SupportedProtos: protocols}); !errors.Is(err, errNone) {
			t.Errorf("a name that is not ours, %q: %v", protocols, err)
		}
	}
	if more := len(asked); more > 1 { // for the other host
		t.Errorf("asked %d times more", more)
	}
}

// A failure is logged and counted, and the file's certificate serves meanwhile. One by ACME goes before it for its own name.
func TestOrders(t *testing.T) {
	a := newAuthority(t)
	cert, key := a.sign("file", wish{names: []string{"a.example"}})
	c, log := ordering(t, Settings{Cert: []string{cert}, Key: []string{key}}, http.NotFound)
	go c.Run(t.Context())
	for limit := time.Now().Add(time.Minute); c.Figures().ACMEFailures < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("no failure")
		}
	}
	for _, part := range []string{"terms of service are accepted", "level=ERROR msg=\"no certificate by ACME\"", "host=b.example"} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("no %s in %s", part, log)
		}
	}
	address := listen(t, c.Config())
	if got := served(t, address, &tls.Config{ServerName: "a.example"}); got != "file" {
		t.Errorf("before there is one: %s", got)
	}
	got, err := tls.LoadX509KeyPair(a.sign("acme", wish{names: []string{"a.example"}}))
	if err != nil {
		t.Fatal(err)
	}
	leaf := got.Leaf
	got.Leaf = nil
	if err := c.orders.take(c.orders.hosts[0], got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a.example": "acme", "A.EXAMPLE": "acme", "b.example": "file", "": "file"} {
		if got := served(t, address, &tls.Config{ServerName: name}); got != want {
			t.Errorf("%q: %s", name, got)
		}
	}
	if list := c.Figures().Certificates; len(list) != 2 || list[1].Certificate != "acme:a.example" || list[1].NotAfter != leaf.NotAfter.Unix() {
		t.Errorf("%+v", list)
	}
}

// An authority that checks a name is asked for no client certificate, whoever else needs one, and gets nothing but its answer.
func TestChallengeNeedsNoClientCertificate(t *testing.T) {
	a := newAuthority(t)
	cert, key := a.sign("file", wish{names: []string{"a.example"}})
	c, _ := ordering(t, Settings{Cert: []string{cert}, Key: []string{key}, ClientCA: a.own("ca"), ClientAuth: "required"}, http.NotFound)
	config, err := c.Config().GetConfigForClient(&tls.ClientHelloInfo{ServerName: "a.example", SupportedProtos: []string{Challenge}})
	if err != nil || config.ClientAuth != tls.NoClientCert || len(config.NextProtos) != 1 || config.NextProtos[0] != Challenge {
		t.Errorf("%+v, %v", config, err)
	}
	for _, protocols := range [][]string{{Challenge, "http/1.1"}, {"http/1.1"}, nil} {
		config, err := c.Config().GetConfigForClient(&tls.ClientHelloInfo{ServerName: "a.example", SupportedProtos: protocols})
		if err != nil || config.ClientAuth != tls.RequireAndVerifyClientCert {
			t.Errorf("%q: %+v, %v", protocols, config, err)
		}
		if config, err := c.Internal().GetConfigForClient(&tls.ClientHelloInfo{SupportedProtos: protocols}); err != nil || config.ClientAuth != tls.RequireAndVerifyClientCert {
			t.Errorf("internal, %q: %+v, %v", protocols, config, err)
		}
	}
	if _, err := c.Internal().GetConfigForClient(&tls.ClientHelloInfo{SupportedProtos: []string{Challenge}}); err == nil {
		t.Error("the internal listener lets everybody in who says to be an authority")
	}
	if _, err := c.certificate(&tls.ClientHelloInfo{ServerName: "a.example", SupportedProtos: []string{Challenge}}); err == nil {
		t.Error("a challenge that nobody has set is answered")
	}
}
