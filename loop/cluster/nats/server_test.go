package nats

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"halley/loop/settings"
	"halley/scripts/loopback"
)

// secretFile is a file with a secret.
func secretFile(t *testing.T, secret string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Nodes of one name and secret are a cluster; one with another name or secret is told so in its log, with the flag, and is alone.
func TestStrangersStayOutside(t *testing.T) {
	t.Parallel()
	secret := secretFile(t, "sesame")
	wires, all := mesh(t, 2, func(s *Settings) { s.SecretFile = secret })
	in := listen(t, wires[1], "x")
	meet(t, wires[0], "x", in)
	for flag, change := range map[string]func(*Settings){
		"--cluster-name":        func(s *Settings) { s.Name = "other" },
		"--cluster-secret-file": func(s *Settings) { s.SecretFile = secretFile(t, "simsala") },
	} {
		stranger := all[0]
		stranger.Listen, stranger.Peers = loopback.Address(t), []string{all[0].Listen, all[1].Listen}
		change(&stranger)
		w, log := join(t, stranger)
		for !strings.Contains(log.String(), "flag="+flag) {
			time.Sleep(5 * time.Millisecond)
		}
		for _, member := range wires {
			if n := member.server.nats.NumRemotes(); n != 1 {
				t.Errorf("%s: %d others in the cluster", flag, n)
			}
		}
		leave(w)
	}
}

// certificates are files with an authority's certificate, and one of this host by it with its key.
func certificates(t *testing.T) (ca, cert, key string) {
	t.Helper()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	node := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "node"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.ParseIP(loopback.Host())}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	sign := func(c *x509.Certificate) []byte {
		der, err := x509.CreateCertificate(rand.Reader, c, authority, &signer.PublicKey, signer)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	return write("ca.pem", "CERTIFICATE", sign(authority)), write("cert.pem", "CERTIFICATE", sign(node)), write("key.pem", "PRIVATE KEY", secret)
}

// Nodes with certificates of one authority are a cluster; one of another authority stays outside.
func TestNodesCheckEachOther(t *testing.T) {
	t.Parallel()
	ca, cert, key := certificates(t)
	wires, all := mesh(t, 2, func(s *Settings) { s.CA, s.Cert, s.Key = ca, cert, key })
	in := listen(t, wires[1], "x")
	meet(t, wires[0], "x", in)
	stranger := all[0]
	stranger.Listen, stranger.Peers = loopback.Address(t), []string{all[0].Listen}
	stranger.CA, stranger.Cert, stranger.Key = certificates(t)
	w, log := join(t, stranger)
	for !strings.Contains(log.String(), "flag=--cluster-tls-cert") {
		time.Sleep(5 * time.Millisecond)
	}
	if n := w.server.nats.NumRemotes() + wires[0].server.nats.NumRemotes(); n != 1 {
		t.Errorf("%d others in the cluster", n)
	}
}

// jetStream is NATS' streams by the connection of a wire.
func jetStream(t *testing.T, w *Wire) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(w.now.Load().conn)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// stream waits until a stream of three nodes is there and led, and returns the name of its leader.
func stream(t *testing.T, w *Wire, storage jetstream.StorageType) (js jetstream.JetStream, leader string) {
	t.Helper()
	config := jetstream.StreamConfig{Name: "S", Subjects: []string{"s.>"}, Replicas: 3, Storage: storage}
	js = jetStream(t, w)
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		s, err := js.CreateOrUpdateStream(ctx, config)
		cancel()
		if err == nil && s.CachedInfo().Cluster != nil && s.CachedInfo().Cluster.Leader != "" {
			return js, s.CachedInfo().Cluster.Leader
		}
	}
	t.Fatal("there is no stream")
	return nil, ""
}

// lateness adds up how late a busy machine lets this process be, until stop is called.
func lateness() (stop func() time.Duration) {
	over, sum := make(chan struct{}), make(chan time.Duration)
	go func() {
		for late := time.Duration(0); ; {
			const nap = 5 * time.Millisecond
			begin := time.Now()
			select {
			case <-over:
				sum <- late
				return
			case <-time.After(nap):
				late += time.Since(begin) - nap
			}
		}
	}()
	return func() time.Duration {
		close(over)
		return <-sum
	}
}

// When the process of a stream's leader is killed, another node leads in less time than NATS' usual elections ever take. Several
// processes have several steps to do for that, and each may be as late as this one is on a busy machine.
func TestElectionIsQuick(t *testing.T) {
	if !quicken() || minElectionTimeout != quickElections().least || hbInterval != quickElections().heartbeat {
		t.Fatal("the variables of elections are not those of NATS any more")
	}
	addresses := []string{loopback.Address(t), loopback.Address(t), loopback.Address(t)}
	children := map[string]*exec.Cmd{
		serverName(addresses[1]): process(t, addresses[1], addresses[0], addresses[2]),
		serverName(addresses[2]): process(t, addresses[2], addresses[0], addresses[1]),
	}
	w, _ := join(t, usual(func(s *Settings) { s.Listen, s.Peers = addresses[0], addresses[1:] }))
	js, leader := stream(t, w, jetstream.FileStorage)
	for children[leader] == nil { // it is this process
		_, _ = w.now.Load().conn.Request("$JS.API.STREAM.LEADER.STEPDOWN.S", nil, time.Second)
		js, leader = stream(t, w, jetstream.FileStorage)
	}
	try := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer cancel()
		_, err := js.Publish(ctx, "s.1", nil)
		return err
	}
	for try() != nil {
	}
	if err := children[leader].Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed, failed, late := time.Now(), 0, lateness()
	for try() != nil {
		failed++
		time.Sleep(10 * time.Millisecond)
	}
	took := time.Since(killed)
	t.Logf("%v without a leader, %d publishes failed", took, failed)
	if late := late(); failed == 0 || took >= usualElections().least+5*late {
		t.Errorf("%v without a leader, %d publishes failed; this process was %v late", took, failed, late)
	}
}

// What is stored in a folder is there again after the restart of all nodes.
func TestStoreOutlivesAllNodes(t *testing.T) {
	t.Parallel()
	dirs := []string{t.TempDir(), t.TempDir(), t.TempDir()}
	i := 0
	wires, all := mesh(t, 3, func(s *Settings) { s.Store = dirs[i]; i++ })
	js, _ := stream(t, wires[0], jetstream.FileStorage)
	ack, err := js.Publish(context.Background(), "s.1", []byte("kept"))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wires {
		leave(w)
	}
	wires = nil
	for _, s := range all {
		w, _ := join(t, s)
		wires = append(wires, w)
	}
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		js = jetStream(t, wires[0])
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		s, err := js.Stream(ctx, "S")
		if err == nil {
			if m, err := s.GetMsg(ctx, ack.Sequence); err == nil && string(m.Data) == "kept" {
				cancel()
				return
			}
		}
		cancel()
	}
	t.Error("it is gone")
}

// Three nodes keep a stream where there are as many, or as many as are asked for.
func TestReplicas(t *testing.T) {
	t.Parallel()
	listen := loopback.Address(t)
	for want, change := range map[int]func(*Settings){
		1: func(s *Settings) { s.Peers = []string{listen, loopback.Address(t)} },
		3: func(s *Settings) { s.Peers = []string{loopback.Address(t), loopback.Address(t)} },
		5: func(s *Settings) { s.Peers, s.Replicas = []string{loopback.Address(t)}, 5 },
	} {
		w, _ := join(t, usual(func(s *Settings) {
			s.Listen = listen
			change(s)
		}))
		if got := w.Replicas(); got != want {
			t.Errorf("%d, want %d", got, want)
		}
		leave(w)
	}
	url, _ := elsewhere(t, &server.Options{})
	w, _ := join(t, usual(func(s *Settings) { s.Servers = settings.Secret(url) }))
	if got := w.Replicas(); got != 1 {
		t.Errorf("%d for one server", got)
	}
	w.external.mu.Lock()
	w.external.found = []string{"nats://a", "nats://b"}
	w.external.mu.Unlock()
	if got := w.Replicas(); got != 3 {
		t.Errorf("%d for three servers", got)
	}
}

// Servers elsewhere are spoken with by TLS where the address or a flag says so, and are those of the right authority alone.
func TestExternalOverTLS(t *testing.T) {
	t.Parallel()
	ca, cert, key := certificates(t)
	own := usual(func(s *Settings) { s.CA, s.Cert, s.Key = ca, cert, key })
	config, err := own.routeTLS()
	if err != nil {
		t.Fatal(err)
	}
	url, _ := elsewhere(t, &server.Options{TLS: true, TLSVerify: true, TLSConfig: config})
	for _, address := range []string{url, strings.Replace(url, "nats://", "tls://", 1)} {
		if w, log := join(t, usual(func(s *Settings) { s.Servers, s.CA, s.Cert, s.Key = settings.Secret(address), ca, cert, key })); !w.Up() {
			t.Errorf("%s: %s", address, log)
		}
	}
	other, _, _ := certificates(t)
	if w, log := join(t, usual(func(s *Settings) { s.Servers, s.CA = settings.Secret(url), other })); w.Up() || !strings.Contains(log.String(), "certificate") {
		t.Error(log)
	}
}

// A certificate that is renewed is shown on the next link, and a file that is broken changes nothing.
func TestRenewedCertificate(t *testing.T) {
	t.Parallel()
	ca, cert, key := certificates(t)
	s := usual(func(s *Settings) { s.CA, s.Cert, s.Key = ca, cert, key })
	config, err := s.routeTLS()
	if err != nil {
		t.Fatal(err)
	}
	shown := func() (both [2]string) {
		server, err := config.GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		client, err := config.GetClientCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return [2]string{string(server.Certificate[0]), string(client.Certificate[0])}
	}
	first := shown()
	_, newer, newerKey := certificates(t)
	for from, to := range map[string]string{newer: cert, newerKey: key} {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	second := shown()
	if second == first || second[0] != second[1] || first[0] != first[1] {
		t.Error("the same as before")
	}
	if err := os.WriteFile(cert, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if shown() != second {
		t.Error("a broken file counts")
	}
}

// A node that keeps nothing of the history any more says so in its figures.
func TestStoreGone(t *testing.T) {
	t.Parallel()
	wires, _ := mesh(t, 2, func(*Settings) {})
	if wires[0].Figures().StoreGone {
		t.Error("it is gone at the beginning")
	}
	if err := wires[0].server.nats.ShutdownJetStream(); err != nil { // as the server does when its disk is full
		t.Fatal(err)
	}
	if !wires[0].Figures().StoreGone || wires[1].Figures().StoreGone {
		t.Errorf("gone: %v at the one that stores nothing, %v at the other", wires[0].Figures().StoreGone, wires[1].Figures().StoreGone)
	}
}
