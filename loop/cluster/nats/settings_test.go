package nats

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"halley/loop/settings"
	"halley/scripts/loopback"
)

// Settings that are of no use are refused, with the flag and without a password.
func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	listen := func(change func(*Settings)) func(*Settings) {
		return func(s *Settings) {
			s.Listen, s.Peers = "127.0.0.1:6222", []string{"127.0.0.2:6222"}
			change(s)
		}
	}
	for want, change := range map[string]func(*Settings){
		"":                                 func(*Settings) {},
		"--cluster-peer: needs":            func(s *Settings) { s.Peers = []string{"a:1"} },
		"--cluster-credentials: needs":     listen(func(s *Settings) { s.Credentials = "f" }),
		"--cluster-store: needs":           func(s *Settings) { s.Servers, s.Store = "nats://a", "d" },
		"--cluster-sync: needs":            func(s *Settings) { s.Servers, s.Sync = "nats://a", "always" },
		"--cluster-tls-ca: needs":          func(s *Settings) { s.CA = "f" },
		"not both":                         listen(func(s *Settings) { s.Servers = "nats://a" }),
		"--cluster-name":                   listen(func(s *Settings) { s.Name = "a.b" }),
		"--cluster-replicas 2":             listen(func(s *Settings) { s.Replicas = 2 }),
		"one without the other":            listen(func(s *Settings) { s.Key = "k" }),
		`--cluster-listen "x": want`:       listen(func(s *Settings) { s.Listen = "x" }),
		`--cluster-listen "a:0": want`:     listen(func(s *Settings) { s.Listen = "a:0" }),
		`--cluster-peer "b:65536": want`:   listen(func(s *Settings) { s.Peers = []string{"b:65536"} }),
		`--cluster-peer ":1": want`:        listen(func(s *Settings) { s.Peers = []string{":1"} }),
		"--cluster-peer b:1: given twice":  listen(func(s *Settings) { s.Peers = []string{"b:1", "b:1"} }),
		"--cluster-peer: want":             listen(func(s *Settings) { s.Peers = nil }),
		"check each other":                 listen(func(s *Settings) { s.CA = "c" }),
		`--cluster "http://a": want`:       func(s *Settings) { s.Servers = "http://a" },
		`--cluster "nats://u:xxxxx@:1"`:    func(s *Settings) { s.Servers = "nats://u:pass@:1" },
		`--cluster "nats://a/b": nothing`:  func(s *Settings) { s.Servers = "nats://a/b" },
		"--cluster: an address is no URL":  func(s *Settings) { s.Servers = "nats://u:pass@a:b:c" },
		`--cluster "nats://a:99999": want`: func(s *Settings) { s.Servers = "nats://a:99999" },
		"--cluster: at most":               func(s *Settings) { s.Servers = "nats://a" + settings.Secret(strings.Repeat(",nats://a", mostPeers)) },
	} {
		s := usual(change)
		err := s.Check()
		if (err != nil) != (want != "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "pass")) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// Files that are not there, or have nothing of use, are told with the flag; so is an address that is taken.
func TestBadFilesAndAddresses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	taken, _ := mesh(t, 1, func(s *Settings) { s.Peers = []string{loopback.Address(t)} })
	for want, change := range map[string]func(*Settings){
		"--cluster-secret-file: open":               func(s *Settings) { s.SecretFile = filepath.Join(dir, "none") },
		"--cluster-secret-file /":                   func(s *Settings) { s.SecretFile = file("two", "one\ntwo\n") },
		"--cluster-tls-cert: ":                      func(s *Settings) { s.Cert, s.Key, s.CA = file("c", "x"), file("k", "x"), file("a", "x") },
		"--cluster-store: mkdir":                    func(s *Settings) { s.Store = file("taken", "") },
		"--cluster-listen " + loopback.Host() + ":": func(s *Settings) { s.Listen = taken[0].settings.Listen },
		"--cluster-listen 203.0.113.7:":             func(s *Settings) { s.Listen = "203.0.113.7:6222" },
		"--cluster-credentials: open": func(s *Settings) {
			s.Listen, s.Peers, s.Servers, s.Credentials = "", nil, "nats://127.0.0.1:1", filepath.Join(dir, "none")
		},
		"--cluster-tls-ca ": func(s *Settings) { s.Listen, s.Peers, s.Servers, s.CA = "", nil, "nats://127.0.0.1:1", file("b", "x") },
	} {
		s := usual(func(s *Settings) { s.Listen, s.Peers = loopback.Address(t), []string{loopback.Address(t)} })
		change(&s)
		if w, err := Open(s, 1<<16, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
			if err == nil {
				leave(w)
			}
		}
	}
}

// A node that everybody may join is doubted, unless nobody from elsewhere reaches it.
func TestDoubtOfAnOpenCluster(t *testing.T) {
	t.Parallel()
	for listen, doubted := range map[string]bool{
		"127.0.0.1:1": false, "[::1]:1": false, "localhost:1": false, ":1": true, "0.0.0.0:1": true, "10.0.0.1:1": true, "node.example:1": true, "": false,
	} {
		s := usual(func(s *Settings) { s.Listen = listen })
		if got := s.Doubt(); (got != "") != doubted {
			t.Errorf("%s: %q", listen, got)
		}
		if s.SecretFile = "f"; s.Doubt() != "" {
			t.Errorf("%s, with a secret: %q", listen, s.Doubt())
		}
	}
}

// Passwords that go over a network in plain are doubted.
func TestDoubtOfPlainPasswords(t *testing.T) {
	t.Parallel()
	for servers, doubted := range map[settings.Secret]bool{
		"nats://10.0.0.1:4222": false, "nats://u:p@127.0.0.1:4222": false, "tls://u:p@10.0.0.1": false, "nats://u:pass@10.0.0.1": true,
		"tls://a,nats://u:pass@b.example": true,
	} {
		s := usual(func(s *Settings) { s.Servers = servers })
		if got := s.Doubt(); (got != "") != doubted || strings.Contains(got, "pass@") {
			t.Errorf("%s: %q", string(servers), got)
		}
	}
}

// A secret that others on the host may read is doubted, also where the nodes have certificates.
func TestDoubtOfReadableSecrets(t *testing.T) {
	t.Parallel()
	secret := secretFile(t, "sesame")
	for flag, s := range map[string]Settings{
		"--cluster-secret-file": {Listen: "10.0.0.1:1", SecretFile: secret, Cert: "c", CA: "c"},
		"--cluster-credentials": {Servers: "tls://10.0.0.1", Credentials: secret},
	} {
		for mode, doubted := range map[os.FileMode]bool{0o644: true, 0o640: true, 0o600: false, 0o400: false} {
			if err := os.Chmod(secret, mode); err != nil {
				t.Fatal(err)
			}
			if got := s.Doubt(); strings.Contains(got, flag) != doubted || strings.Contains(got, "sesame") {
				t.Errorf("%s %o: %q", flag, mode, got)
			}
		}
	}
}
