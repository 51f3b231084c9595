package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certify writes a certificate of its own authority for this host, and its key, into files.
func certify(t *testing.T, dir, name string) (cert, key string) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: raw}, key: {Type: "PRIVATE KEY", Bytes: text}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// pub and sub reach servers of https by every transport, if they know their authority.
func TestClientsOverTLS(t *testing.T) {
	t.Parallel()
	cert, key := certify(t, t.TempDir(), "one")
	s, _, internal := server(t, "--tls-listen=127.0.0.1:0", "--tls-cert="+cert, "--tls-key="+key)
	secure := "https://" + s.listening(t).Addresses[1] + "/bayeux"
	for i, transport := range []string{"long-polling", "websocket", "eventsource", "events"} {
		channel := fmt.Sprint("/t/", i)
		sub := start(t, "sub", channel, "--server="+secure, "--ca="+cert, "--transport="+transport, "--count=1")
		eventually(t, func() bool { return strings.Contains(get(t, internal+"/channels"), channel) }, sub.log)
		by := transport
		if by == plainEvents {
			by = "long-polling"
		}
		if code, _, stderr := halley(t, "", "pub", channel, "1", "--bayeux="+secure, "--ca="+cert, "--transport="+by); code != 0 {
			t.Errorf("%s, pub: exit %d, %s", transport, code, stderr)
		}
		if code := <-sub.code; code != 0 || !strings.Contains(sub.out.String(), channel) {
			t.Errorf("%s, sub: exit %d, %s%s", transport, code, sub.out, sub.log)
		}
		if _, out, stderr := halley(t, "", "sub", channel, "--server="+secure, "--transport="+transport, "--timeout=1m"); out != "" || !strings.Contains(stderr, "certificate") || !strings.Contains(stderr, "--ca names") {
			t.Errorf("%s, without --ca: %s%s", transport, out, stderr)
		}
	}
	s.stop()
}

// The internal listener speaks TLS, to clients with a certificate if it needs one, and new files come into force by themselves.
func TestCertificatesAreReloaded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := certify(t, dir, "one")
	s, _, internal := server(t, "--tls-cert="+cert, "--tls-key="+key, "--tls-client-ca="+cert, "--tls-client-auth=required", "--internal-tls",
		"--tls-ticket-keys="+filepath.Join(dir, "tickets"))
	secure := strings.Replace(internal, "http://", "https://", 1)
	if code, _, stderr := halley(t, "", "pub", "/a", "1", "--server="+secure, "--ca="+cert); code != 1 {
		t.Errorf("without a certificate: exit %d, %s", code, stderr)
	}
	publish := func(ca string) (int, string) {
		code, _, stderr := halley(t, "", "pub", "/a", "1", "--server="+secure, "--ca="+ca, "--cert="+ca, "--key="+strings.Replace(ca, ".crt", ".key", 1))
		return code, stderr
	}
	if code, stderr := publish(cert); code != 0 {
		t.Errorf("exit %d, %s", code, stderr)
	}
	other, otherKey := certify(t, dir, "other")
	copied := filepath.Join(dir, "copy.crt")
	for from, to := range map[string]string{cert: copied, key: filepath.Join(dir, "copy.key")} {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for from, to := range map[string]string{other: cert, otherKey: key} {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, func() bool { return strings.Contains(s.log.String(), `"certificate `+cert) }, s.log)
	if code, stderr := publish(cert); code != 0 {
		t.Errorf("the new certificate: exit %d, %s", code, stderr)
	}
	if code, stderr := publish(copied); code != 1 {
		t.Errorf("the old certificate: exit %d, %s", code, stderr)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit %d, %s", code, s.log)
	}
}

// What is wrong with a client's files names their flag.
func TestTrust(t *testing.T) {
	dir := t.TempDir()
	cert, key := certify(t, dir, "one")
	_, stranger := certify(t, dir, "two")
	for want, own := range map[string]trust{
		"--ca: open " + dir + "/none":      {CA: dir + "/none"},
		"--ca: no certificate":             {CA: key},
		"--cert: needs --key":              {Cert: cert},
		"--key: needs --cert":              {Key: key},
		"--cert, --key: tls: private key":  {Cert: cert, Key: stranger},
		"--cert, --key: open " + dir + "/": {Cert: dir + "/none", Key: key},
	} {
		if _, err := own.config(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v", own, err)
		}
	}
	if config, err := (trust{}).config(); config != nil || err != nil {
		t.Errorf("%+v, %v", config, err)
	}
	for _, command := range []string{"pub /a 1", "sub /a"} {
		if code, _, stderr := halley(t, "", append(strings.Fields(command), "--ca="+key)...); code != exitUsage || !strings.Contains(stderr, "--ca") {
			t.Errorf("%s: exit %d, %s", command, code, stderr)
		}
	}
}
