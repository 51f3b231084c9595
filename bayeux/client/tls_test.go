package client

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Over https every connection type trusts whom Options.TLS trusts, and nobody else. The configuration stays as it is.
func TestTLS(t *testing.T) {
	for _, kind := range []string{"long-polling", "websocket", "eventsource"} {
		t.Run(kind, func(t *testing.T) {
			f := newFake(t, map[string][]step{
				"/meta/handshake": {{reply: strings.Replace(okHandshake, `"long-polling"`, `"long-polling","websocket","eventsource"`, 1)}},
				"/meta/subscribe": {{reply: okSub}},
				"/meta/connect":   {{reply: strings.Replace(okConnect, "]", "", 1) + `,{"channel":"/a","data":1}]`}, {hold: make(chan struct{})}},
			})
			f.socket = func(p *peer) {
				p.greet()
				p.expect("/meta/connect")
				p.send(push("1"))
				p.gone()
			}
			f.stream = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				fmt.Fprintf(w, "data: %s\n\n", push("1"))
				w.(http.Flusher).Flush()
				<-r.Context().Done()
			}
			plain := f.Server
			f.Server = httptest.NewTLSServer(f)
			plain.Close()
			t.Cleanup(f.Server.Close)
			trusted := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
			trusted.RootCAs.AddCert(f.Server.Certificate())
			_, k, stop := runs(t, f, Options{ConnectionTypes: []string{kind}, TLS: trusted})
			k.wait(t, "1")
			stop()
			if trusted.NextProtos != nil || trusted.ServerName != "" {
				t.Errorf("changed to %+v", trusted)
			}
			stranger := f.client(Options{ConnectionTypes: []string{kind}})
			defer stranger.Close()
			if err := stranger.Handshake(testContext(t)); err == nil || !strings.Contains(err.Error(), "certificate") {
				t.Errorf("an unknown authority: %v", err)
			}
		})
	}
}
