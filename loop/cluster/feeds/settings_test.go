package feeds

import (
	"os"
	"strings"
	"testing"

	"halley/loop/settings"
)

// A wrong setting is refused by the name of its flag, before anything runs.
func TestBadSettings(t *testing.T) {
	good := func() Settings {
		s := Settings{Imports: lines("stock.> /stock/**"), URL: "nats://127.0.0.1:4222"}
		settings.Default(&s)
		return s
	}
	for _, c := range []struct {
		change func(*Settings)
		want   string // empty: it is good
	}{
		{func(*Settings) {}, ""},
		{func(s *Settings) { *s = Settings{} }, ""},
		{func(s *Settings) { s.Imports = lines("a.*.b.> /x/*/y/**", "a /a", "a.> /one", "*.b.* /*/*") }, ""},
		{func(s *Settings) { s.Exports = lines("/a/** a.>", "/b/* b.*", "/c c.d", "/** one", "/d/** >") }, ""},
		{func(s *Settings) { s.Imports, s.Name = lines("js:S:a.> /a/** all", "js:S:b /b", "js:S:c /c last"), "n" }, ""},
		{func(s *Settings) { s.URL = "tls://a:1,nats://[::1]:2,nats://b" }, ""},
		{func(s *Settings) { s.Imports = lines("js:S:a.> /a/**") }, "--feed-name"},
		{func(s *Settings) { s.Imports = lines("stock.>") }, "--import"},
		{func(s *Settings) { s.Imports = lines("stock.> /stock/*") }, "wildcards"},
		{func(s *Settings) { s.Imports = lines("stock.* /stock/**") }, "wildcards"},
		{func(s *Settings) { s.Imports = lines("stock.*.* /stock/*") }, "wildcards"},
		{func(s *Settings) { s.Imports = lines("stock /stock/*") }, "wildcards"},
		{func(s *Settings) { s.Imports = lines("a.>.b /a/**/b") }, "> stands"},
		{func(s *Settings) { s.Imports = lines("*.> /**/*") }, "** stands"},
		{func(s *Settings) { s.Imports = lines("a..b /a") }, "empty token"},
		{func(s *Settings) { s.Imports = lines("a.b* /a") }, "no token"},
		{func(s *Settings) { s.Imports = lines("a a") }, "slash"},
		{func(s *Settings) { s.Imports = lines("a /a:b") }, "character"},
		{func(s *Settings) { s.Imports = lines("a /service/a") }, "service"},
		{func(s *Settings) { s.Imports = lines("a /meta") }, "service"},
		{func(s *Settings) { s.Imports = lines("a /a all") }, "no meaning"},
		{func(s *Settings) { s.Imports, s.Name = lines("js:S /a"), "n" }, "js:STREAM:SUBJECT"},
		{func(s *Settings) { s.Imports, s.Name = lines("js:S.T:a /a"), "n" }, "js:STREAM:SUBJECT"},
		{func(s *Settings) { s.Imports, s.Name = lines("js:S:a /a first"), "n" }, "no meaning"},
		{func(s *Settings) { s.Imports = lines("a /a", "a  /a") }, "twice"},
		{func(s *Settings) { s.Imports = lines(strings.Repeat("a", 4000) + " /a") }, "at most"},
		{func(s *Settings) { s.Imports = make([]string, 65) }, "at most 64"},
		{func(s *Settings) { s.Exports = lines("/a/**") }, "--export"},
		{func(s *Settings) { s.Exports = lines("/a/** a.*") }, "wildcard"},
		{func(s *Settings) { s.Exports = lines("/a/* a.>") }, "wildcard"},
		{func(s *Settings) { s.Exports = lines("/a a.>") }, "wildcard"},
		{func(s *Settings) { s.Exports = lines("/a/** *.>") }, "last token"},
		{func(s *Settings) { s.Exports = lines("/a/** a.") }, "empty token"},
		{func(s *Settings) { s.Exports = lines("/service/a a") }, "service"},
		{func(s *Settings) { s.Exports = lines("a a") }, "slash"},
		{func(s *Settings) { s.Exports = lines("/a a", "/a  a") }, "twice"},
		{func(s *Settings) { s.URL = "" }, "--feed-url"},
		{func(s *Settings) { s.URL = "127.0.0.1:4222" }, "--feed-url"},
		{func(s *Settings) { s.URL = "http://a:1" }, "--feed-url"},
		{func(s *Settings) { s.URL = "nats://user:secret@a:1" }, ""},
		{func(s *Settings) { s.URL = "nats://user:secret@a:1/b" }, "--feed-url"},
		{func(s *Settings) { s.URL = "nats://user:secret@%" }, "--feed-url"},
		{func(s *Settings) { s.URL = "nats://a:1/b" }, "--feed-url"},
		{func(s *Settings) { s.URL = "nats://a:1,,nats://b:1" }, "--feed-url"},
		{func(s *Settings) { s.Name = "a.b" }, "--feed-name"},
		{func(s *Settings) { s.Credentials = "/nonexistent" }, "--feed-credentials"},
		{func(s *Settings) { s.Credentials = write(t, " \n") }, "--feed-credentials"},
		{func(s *Settings) { s.Credentials = write(t, "a:\n") }, "--feed-credentials"},
		{func(s *Settings) { s.Credentials = write(t, "a\nb") }, "--feed-credentials"},
		{func(s *Settings) { s.Credentials = write(t, "a:b") }, ""},
		{func(s *Settings) { s.CA = "/nonexistent" }, "--feed-tls-ca"},
		{func(s *Settings) { s.CA = write(t, "x") }, "--feed-tls-ca"},
		{func(s *Settings) { s.Cert = "/nonexistent" }, "--feed-tls-key"},
		{func(s *Settings) { s.Cert, s.Key = "/nonexistent", "/nonexistent" }, "--feed-tls-cert"},
		{func(s *Settings) { *s = Settings{URL: "nats://a:1"} }, "--feed-url"},
		{func(s *Settings) { *s = Settings{Required: true} }, "--feed-required"},
	} {
		s := good()
		c.change(&s)
		f, err := New(s, Options{})
		switch {
		case c.want == "" && (err != nil || (f != nil) != s.On()):
			t.Errorf("%+v: %v", s, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "--")):
			t.Errorf("%+v: %v, want %s", s, err, c.want)
		case err != nil && strings.Contains(err.Error(), "secret"):
			t.Errorf("%v tells a secret", err)
		}
	}
}

// Credentials that others may read are doubted, and those that go over a network in plain.
func TestDoubts(t *testing.T) {
	t.Parallel()
	own, open := write(t, "a:b"), write(t, "a:b")
	for file, mode := range map[string]os.FileMode{own: 0o600, open: 0o640} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		url         settings.Secret
		credentials string
		want        string // empty: nothing is doubted
	}{
		{"nats://10.0.0.1", "", ""},
		{"tls://u:pass@10.0.0.1", own, ""},
		{"wss://u:pass@10.0.0.1", "", ""},
		{"nats://u:pass@127.0.0.1:1,nats://u:pass@[::1],nats://localhost", own, ""},
		{"nats://u:pass@10.0.0.1", "", "--feed-url nats://u:xxxxx@10.0.0.1"},
		{"tls://a,ws://u:pass@b.example", "", "--feed-url ws://u:xxxxx@b.example"},
		{"nats://10.0.0.1", own, "--feed-url"},
		{"tls://10.0.0.1", open, "--feed-credentials"},
	} {
		s := Settings{Imports: lines("a /a"), URL: c.url, Credentials: c.credentials}
		if got := s.Doubt(); !strings.Contains(got, c.want) || (got == "") != (c.want == "") || strings.Contains(got, "pass@") {
			t.Errorf("%s %s: %q, want %q", string(c.url), c.credentials, got, c.want)
		}
	}
}
