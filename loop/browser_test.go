package loop

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// browserCookie is the name that CometD's clients know.
const browserCookie = "BAYEUX_BROWSER"

const handshakeMessage = `{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}`

// setCookie is the browser cookie that a response sets, nil if it sets none.
func (a answer) setCookie() *http.Cookie {
	for _, c := range a.Cookies() {
		if c.Name == browserCookie {
			return c
		}
	}
	return nil
}

// fromChrome is what makes a request a browser's.
const fromChrome = "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0"

// A browser's handshake without a cookie gets one; no other request does, and no
// program's.
func TestBrowserCookie(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	w := dial(t, s)
	for field, cookie := range map[string]bool{
		"User-Agent: EventMachine HttpClient": false, "Accept: */*": false, fromChrome: true,
		"Origin: http://h": true, "Sec-Fetch-Site: same-origin": true,
	} {
		equal(t, w.ask(postWith("/bayeux", handshakeMessage, field)).setCookie() != nil, cookie)
	}
	got := w.ask(postWith("/bayeux", handshakeMessage, fromChrome))
	cookie := got.setCookie()
	if cookie == nil {
		t.Fatal("no cookie")
	}
	equal(t, fmt.Sprint(cookie.Path, cookie.HttpOnly, cookie.SameSite == http.SameSiteLaxMode), "/true"+" true")
	equal(t, len(cookie.Value), 16)
	field := fromChrome + "\r\nCookie: other=1; " + browserCookie + "=" + cookie.Value
	equal(t, w.ask(postWith("/bayeux", handshakeMessage, field)).setCookie() == nil, true)
	equal(t, w.ask(postWith("/bayeux", "[]", fromChrome)).setCookie() == nil, true)
	second := w.ask(postWith("/bayeux", handshakeMessage, fromChrome)).setCookie()
	equal(t, second != nil && second.Value != cookie.Value, true)
	off := start(t, func(c *Config) { c.PollsPerBrowser = 0 })
	equal(t, dial(t, off).ask(postWith("/bayeux", handshakeMessage, fromChrome)).setCookie() == nil, true)
}

func TestCookieAttributes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		site   string
		secure bool
		want   string // "" is an error
	}{
		{"lax", false, "; Path=/; HttpOnly; SameSite=Lax"},
		{"strict", true, "; Path=/; HttpOnly; SameSite=Strict; Secure"},
		{"none", true, "; Path=/; HttpOnly; SameSite=None; Secure"},
		{"off", false, "; Path=/; HttpOnly"},
		{"none", false, ""},
		{"Lax", false, ""},
		{"", false, ""},
	} {
		set := func(cfg *Config) { cfg.CookieSameSite, cfg.CookieSecure = c.site, c.secure }
		if c.want == "" {
			if _, err := New(config(set)); err == nil || !strings.Contains(err.Error(), "--cookie-same-site") {
				t.Errorf("%q, secure %v: %v", c.site, c.secure, err)
			}
			continue
		}
		got := dial(t, start(t, set)).ask(postWith("/bayeux", handshakeMessage, fromChrome))
		_, attributes, _ := strings.Cut(got.Header.Get("Set-Cookie"), ";")
		equal(t, ";"+attributes, c.want)
	}
}

// Where no cookie comes, tabs are counted by the name that their handshake gives the
// browser. A name that could be guessed counts nothing.
func TestPollsPerNamedBrowser(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops, c.PollsPerBrowser = 4, 1 })
	home := dial(t, s)
	open := func(name string) string {
		hello := strings.TrimSuffix(handshakeMessage, "}") + `,"ext":{"browser":` + name + `}}`
		id := home.bayeux(hello)[0]["clientId"].(string)
		home.bayeux(connect(id))
		return id
	}
	const ours, theirs = `"0123456789abcdef"`, `"fedcba9876543210"`
	first := dial(t, s)
	firstID := open(ours)
	first.holdConnect(s, firstID)
	second := dial(t, s)
	equal(t, second.bayeux(connect(open(ours)))[0]["advice"].(map[string]any)["multiple-clients"], true)
	for _, name := range []string{theirs, `"short"`, `"short"`, `"` + strings.Repeat("x", 65) + `"`, `"` + strings.Repeat("x", 65) + `"`, `7`, `7`, `["0123456789abcdef"]`} {
		dial(t, s).holdConnect(s, open(name))
	}
	// A cookie counts before a name.
	field := "Cookie: " + browserCookie + "=1f"
	id, third := open(ours), dial(t, s)
	third.send(postWith("/bayeux", connect(id), field))
	eventually(t, func() bool { return isHeld(s, id) })
}

// A browser holds so many polls on all loops together; more are told so. One
// that ends, in whatever way, makes room.
func TestPollsPerBrowser(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops, c.PollsPerBrowser = 4, 2 })
	home := dial(t, s)
	for i, cookie := range []string{"1f", "a-cookie-of-another-server", strings.Repeat("f", 16)} {
		field := "Cookie: " + browserCookie + "=" + cookie
		tab := func() (*wire, string) {
			w, id := dial(t, s), home.subscriber("/a")
			w.send(postWith("/bayeux", connect(id), field))
			return w, id
		}
		first, firstID := tab()
		second, secondID := tab()
		eventually(t, func() bool { return isHeld(s, firstID) && isHeld(s, secondID) })
		third, thirdID := tab()
		advice := third.messages()[0]["advice"].(map[string]any)
		equal(t, advice["multiple-clients"], true)
		equal(t, advice["interval"], multiInterval.Milliseconds())
		equal(t, advice["reconnect"], "retry")

		other, otherID := dial(t, s), home.subscriber("/a") // another browser
		other.holdConnect(s, otherID)

		if i%2 == 0 {
			first.Close()
		} else {
			home.bayeux(fmt.Sprintf(`{"channel":"/meta/disconnect","clientId":%q}`, firstID))
			first.messages()
		}
		eventually(t, func() bool { return !isHeld(s, firstID) })
		third.send(postWith("/bayeux", connect(thirdID), field))
		eventually(t, func() bool { return isHeld(s, thirdID) })
		mustPublish(t, s, "/a", "1")
		for _, w := range []*wire{second, third, other} {
			equal(t, events(w.messages()), []string{"1"})
		}
		// A session keeps its browser's place between its polls, and so until it ends.
		for _, id := range []string{firstID, secondID, thirdID, otherID} {
			home.bayeux(fmt.Sprintf(`{"channel":"/meta/disconnect","clientId":%q}`, id))
		}
	}
	equal(t, s.browsers.held.Len(), 0)
}
