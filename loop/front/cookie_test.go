package front

import "testing"

// The cookie has the attributes that the settings say.
func TestCookieAttributes(t *testing.T) {
	for _, c := range []struct {
		sameSite string
		secure   bool
		want     string
	}{
		{"lax", false, "; Path=/; HttpOnly; SameSite=Lax"},
		{"strict", true, "; Path=/; HttpOnly; SameSite=Strict; Secure"},
		{"none", true, "; Path=/; HttpOnly; SameSite=None; Secure"},
		{"off", false, "; Path=/; HttpOnly"},
	} {
		f := ready(t, func(s *Settings) { s.CookieSameSite, s.CookieSecure = c.sameSite, c.secure })
		if got := string(f.AppendCookie(nil, 0x1f)); got != "Set-Cookie: BAYEUX_BROWSER=000000000000001f"+c.want+"\r\n" {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// A cookie of ours is a number; another server's is made one; without one, or where none is counted, it is 0.
func TestBrowser(t *testing.T) {
	named := func(name []byte) uint64 { return 1000 + uint64(len(name)) }
	counting, not := ready(t, nil), ready(t, func(s *Settings) { s.CountBrowsers = false })
	for cookie, want := range map[string]uint64{
		"BAYEUX_BROWSER=1f": 0x1f, "a=b; BAYEUX_BROWSER=000000000000001f": 0x1f, "BAYEUX_BROWSER=0": 1001, "BAYEUX_BROWSER=xyz": 1003,
		"BAYEUX_BROWSER=": 0, "a=b": 0, "": 0,
	} {
		q := parse(t, "POST /bayeux", "Cookie: "+cookie)
		if got := counting.Browser(q, named); got != want {
			t.Errorf("%s: %d", cookie, got)
		}
		if got := not.Browser(q, named); got != 0 {
			t.Errorf("%s: %d, though none is counted", cookie, got)
		}
	}
}
