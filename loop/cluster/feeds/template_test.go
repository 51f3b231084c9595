package feeds

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/channel"
)

// What the wildcards of a subject take becomes segments, escaped where a channel has no such character.
func TestTemplate(t *testing.T) {
	for _, c := range []struct{ subject, channel, from, want, covers string }{
		{"stock.>", "/stock/**", "stock.ACME", "/stock/ACME", "/stock/**"},
		{"stock.>", "/stock/**", "stock.eu.ACME", "/stock/eu/ACME", "/stock/**"},
		{"stock.*", "/s/*", "stock.ACME", "/s/ACME", "/s/*"},
		{"stock.>", "/one/", "stock.eu.ACME", "/one", "/one"},
		{"a.*.b.*", "/x/*/*", "a.1.b.2", "/x/1/2", "/x/**"},
		{"*.a.>", "/*/z/**", "q.a.b.c", "/q/z/b/c", "/**"},
		{"a", "/b/c", "a", "/b/c", "/b/c"},
		{"fx.>", "/fx/**", "fx.EUR:USD", "/fx/EUR~3AUSD", "/fx/**"},
		{"fx.>", "/fx/**", "fx.€", "/fx/~E2~82~AC", "/fx/**"},
		{"fx.>", "/fx/**", "fx.BRK%2EA.a%20b.%2A", "/fx/BRK.A/a b/*", "/fx/**"},
		{"fx.>", "/fx/**", "fx.100%.%3A.%2F.%2e", "/fx/100~25/~253A/~252F/~252e", "/fx/**"},
		{"fx.>", "/fx/**", "fx.~3A.~b.~", "/fx/~7E3A/~b/~", "/fx/**"},
		{">", "/**", "a.b", "/a/b", "/**"},
	} {
		p, err := parseTemplate(c.subject, c.channel)
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		if got := string(p.channel(nil, c.from)); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
		if got := p.covers(); got != c.covers {
			t.Errorf("%+v covers %s", c, got)
		}
	}
}

// No wildcard takes what belongs to NATS or to a cluster, and none makes it.
func TestReserved(t *testing.T) {
	wide, _ := parseTemplate(">", "/**")
	own, _ := parseTemplate("$KV.a.>", "/a/**")
	for _, subject := range []string{"$JS.API.INFO", "_INBOX.a", "halley.prod.n.1"} {
		if !wide.foreign(subject) || own.foreign(subject) {
			t.Errorf("%s", subject)
		}
	}
	if wide.foreign("a.halley") {
		t.Error("a.halley")
	}
	for text, want := range map[string]bool{"/** >": false, "/halley/** >": true, "/** a.>": true} {
		o, err := parseExport(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, good := o.subject(nil, []byte("/halley/prod")); good != want {
			t.Errorf("%s: %t", text, good)
		}
	}
	long, _ := parseExport("/** a.>")
	if _, good := long.subject(nil, []byte("/"+strings.Repeat(" ", mostSubject/3))); good {
		t.Error("a subject is too long")
	}
}

// Channels have subjects of their own, and come back from them as they were, but for one that looks escaped.
func TestChannelsComeBack(t *testing.T) {
	segment := rapid.StringMatching(`[a-zA-Z0-9 !#$()*+\-.@_{~}]{1,8}`)
	rapid.Check(t, func(t *rapid.T) {
		tail, wildcard := "/**", ">"
		rest := rapid.SliceOfN(segment, 1, 4).Draw(t, "segments")
		if rapid.Bool().Draw(t, "single") {
			tail, wildcard, rest = "/*", "*", rest[:1]
		}
		name := "/a/" + strings.Join(rest, "/")
		o, err := parseExport("/a" + tail + " x." + wildcard)
		if err != nil {
			t.Fatal(err)
		}
		back, err := parseTemplate("x."+wildcard, "/a"+tail)
		if err != nil {
			t.Fatal(err)
		}
		subject, good := o.subject(nil, []byte(name))
		if !good || checkSubject(string(subject)) != nil || strings.ContainsAny(string(subject), "*> ") {
			t.Fatalf("%s: %s", name, subject)
		}
		got := string(back.channel(nil, string(subject)))
		if got != name && !strings.Contains(got, "~7E") {
			t.Fatalf("%s: %s: %s", name, subject, got)
		}
	})
}

// Different subjects come to different channels, whatever is in them.
func TestSubjectsStayApart(t *testing.T) {
	p, _ := parseTemplate("x.>", "/x/**")
	token := rapid.StringMatching(`[a%~2E:é ]{1,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := token.Draw(t, "a"), token.Draw(t, "b")
		one, two := p.channel(nil, "x."+a), p.channel(nil, "x."+b)
		if _, err := channel.Check(one, channel.Limits{}); err != nil {
			t.Fatalf("%q: %s: %v", a, one, err)
		}
		same := strings.ReplaceAll(a, "%2E", ".") == strings.ReplaceAll(b, "%2E", ".") || strings.Contains(a+b, " ")
		if string(one) == string(two) && a != b && !same {
			t.Fatalf("%q and %q: %s", a, b, one)
		}
	})
}
