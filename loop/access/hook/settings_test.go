package hook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halley/bayeux"
)

func secretFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func caFile(t *testing.T, c *x509.Certificate) string {
	t.Helper()
	return secretFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})))
}

// signed tells whether a signature is that of a body by the secret of the tests, as a program would find out.
func signed(signature, body string) bool {
	at, given, _ := strings.Cut(strings.TrimPrefix(signature, "t="), ",v1=")
	mac := hmac.New(sha256.New, []byte("0123456789abcdef"))
	mac.Write([]byte(at + "." + body))
	return given == hex.EncodeToString(mac.Sum(nil))
}

// What can never work is refused at the start, by the name of its flag.
func TestBadSettings(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	for want, change := range map[string]func(*Settings){
		`--hook-url "hook"`:                        func(s *Settings) { s.URL = "hook" },
		`--hook-url "/hook"`:                       func(s *Settings) { s.URL = "/hook" },
		`--hook-url "ftp://h/"`:                    func(s *Settings) { s.URL = "ftp://h/" },
		`--hook-url "http://:80/"`:                 func(s *Settings) { s.URL = "http://:80/" },
		`--hook-url: parse`:                        func(s *Settings) { s.URL = "http://a b/" },
		"a password there would be printed":        func(s *Settings) { s.URL = "https://u@h/" },
		`--hook-url "http://h/#x"`:                 func(s *Settings) { s.URL = "http://h/#x" },
		"--hook-url: a password":                   func(s *Settings) { s.URL = "http://u:sesame@h/" },
		`--hook-on "connect"`:                      func(s *Settings) { s.On = "connect" },
		`--hook-on ""`:                             func(s *Settings) { s.On = "" },
		"--hook-timeout":                           func(s *Settings) { s.Timeout = 0 },
		"--hook-connections":                       func(s *Settings) { s.Connections = 0 },
		"--hook-queue":                             func(s *Settings) { s.Queue = -1 },
		"--hook-cache":                             func(s *Settings) { s.Cache = -1 },
		`--hook-failure "maybe"`:                   func(s *Settings) { s.Failure = "maybe" },
		"--hook-secret-file " + missing + ": stat": func(s *Settings) { s.SecretFile = missing },
		"a secret has at least 16 bytes":           func(s *Settings) { s.SecretFile = secretFile(t, "sesame\n") },
		"longer than 4096 bytes":                   func(s *Settings) { s.SecretFile = secretFile(t, strings.Repeat("x", 4097)) },
		"--hook-ca: open":                          func(s *Settings) { s.CA = missing },
		"no certificate (PEM) is in it":            func(s *Settings) { s.CA = secretFile(t, "sesame") },
	} {
		s := usual("http://127.0.0.1:1/")
		change(&s)
		_, err := New(s, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "--hook-") || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// A secret that changes is used from then on, and a bad one is not.
func TestSecretIsReadAgain(t *testing.T) {
	path := secretFile(t, "another secret, of old\n")
	s, err := openSecret(path)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1e9, 0)
	old := s.sign([]byte("{}"), now)
	for _, step := range []struct {
		text    string
		changed int
		bad     bool
		want    func(string) bool
	}{
		{"another secret, of old", 0, false, func(s string) bool { return s == old }},
		{"short", 0, true, func(s string) bool { return s == old }},
		{"0123456789abcdef\r\n", 1, false, func(s string) bool { return signed(s, "{}") && s != old }},
	} {
		if err := os.WriteFile(path, []byte(step.text), 0o600); err != nil {
			t.Fatal(err)
		}
		changed, err := s.Reload()
		if len(changed) != step.changed || (err != nil) != step.bad || !step.want(s.sign([]byte("{}"), now)) {
			t.Errorf("%q: changed %v, %v", step.text, changed, err)
		}
	}
	for mode, told := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if got := (&Hook{poster: &poster{secret: s}}).Exposed(); (got != "") != told || strings.Contains(got, "0123456789") {
			t.Errorf("mode %o: %q", mode, got)
		}
	}
	if got := (*Hook)(nil).Exposed(); got != "" {
		t.Error(got)
	}
	none, err := openSecret("")
	if err != nil || none.sign([]byte("{}"), now) != "" || none.Files() != nil || none.exposed() != "" {
		t.Error("signed without a secret")
	}
}

// Every operation that there is has a name, or is never asked about.
func TestNamesOfOperations(t *testing.T) {
	for name, o := range operations() {
		if nameOf(o) != name {
			t.Errorf("%s is called %s", name, nameOf(o))
		}
	}
	for o := bayeux.Operation(0); o.Known(); o++ {
		if name := nameOf(o); name != "" && operations()[name] != o {
			t.Errorf("%d is called %q", o, name)
		}
	}
}
