//go:build !nocluster

package main

import (
	"strings"
	"testing"

	natsd "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// natsServer runs a NATS server until the test ends.
func natsServer(t *testing.T) (url string, stop func()) {
	t.Helper()
	s, err := natsd.NewServer(&natsd.Options{Host: "127.0.0.1", Port: natsd.RANDOM_PORT, NoLog: true, NoSigs: true, JetStream: true, StoreDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	stop = func() {
		s.Shutdown()
		s.WaitForShutdown()
	}
	t.Cleanup(stop)
	if !s.ReadyForConnections(patience) {
		t.Fatal("NATS is not ready")
	}
	return s.ClientURL(), stop
}

// Publishers of NATS reach subscribers here, and publishers here reach NATS. A message that has gone out does not come back in.
func TestFeeds(t *testing.T) {
	t.Parallel()
	url, stop := natsServer(t)
	s, endpoint, internal := server(t, "--drain-delay=0s", "--feed-url="+url, "--feed-required", "--import=stock.> /stock/**", "--import=orders.> /orders/**", "--export=/orders/** orders.>")
	defer s.stop()
	link, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	orders, err := link.SubscribeSync("orders.>")
	if err != nil {
		t.Fatal(err)
	}
	ready := func() bool { return strings.Contains(get(t, internal+"/metrics"), "halley_feed_connected 1") }
	eventually(t, ready, s.log)
	news := subscribe(t, endpoint, internal, 1, "/stock/ACME", "--count=2", "--timeout=2m")
	own := start(t, "sub", "/orders/**", "--server="+endpoint, "--count=1", "--timeout=2m")
	eventually(t, func() bool { return strings.Contains(get(t, internal+"/channels"), "/orders/**") }, s.log)
	for _, text := range []string{`{"price":1}`, "no JSON"} {
		if err := link.Publish("stock.ACME", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, stderr := halley(t, "", "pub", "/orders/1.2", "7", "--server="+internal); code != 0 {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	m, err := orders.NextMsg(patience)
	if err != nil || m.Subject != "orders.1%2E2" || string(m.Data) != "7" || m.Header.Get("Halley-Ext") == "" {
		t.Errorf("%+v, %v", m, err)
	}
	for _, s := range []*started{news, own} {
		if code := <-s.code; code != 0 {
			t.Errorf("exit %d", code)
		}
	}
	if got := news.out.String(); !strings.Contains(got, `{"price":1}`) || !strings.Contains(got, `"no JSON"`) {
		t.Errorf("got %s", got)
	}
	stop()
	eventually(t, func() bool { return strings.Contains(get(t, internal+"/health/ready"), "feeds: no connection to NATS") }, s.log)
	eventually(t, func() bool { return strings.Contains(s.log.String(), "lost\",\"flag\":\"--feed-url") }, s.log)
}
