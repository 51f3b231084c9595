package loop

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

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

// A handshake without a cookie gets one; no other request does.
func TestBrowserCookie(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	w := dial(t, s)
	got := w.ask(post(handshakeMessage))
	cookie := got.setCookie()
	if cookie == nil {
		t.Fatal("no cookie")
	}
	equal(t, fmt.Sprint(cookie.Path, cookie.HttpOnly, cookie.SameSite == http.SameSiteLaxMode), "/true"+" true")
	field := "Cookie: other=1; " + browserCookie + "=" + cookie.Value
	equal(t, w.ask(postWith("/bayeux", handshakeMessage, field)).setCookie() == nil, true)
	equal(t, w.ask(postWith("/bayeux", "[]")).setCookie() == nil, true)
	second := w.ask(post(handshakeMessage)).setCookie()
	equal(t, second != nil && second.Value != cookie.Value, true)
	off := start(t, func(c *Config) { c.PollsPerBrowser = 0 })
	equal(t, dial(t, off).ask(post(handshakeMessage)).setCookie() == nil, true)
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
	for i := range s.browsers.shards {
		shard := &s.browsers.shards[i]
		shard.mu.Lock()
		equal(t, len(shard.held), 0)
		shard.mu.Unlock()
	}
}
