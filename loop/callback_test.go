package loop

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// get is a callback-polling request of messages.
func get(query string, messages ...string) string {
	for _, m := range messages {
		query += "&message=" + url.QueryEscape(m)
	}
	return request("GET", "/bayeux/jsonp?"+query)
}

func TestCallbackPolling(t *testing.T) { eachEncryption(t, testCallbackPolling) }

func testCallbackPolling(t *testing.T, k socketKind) {
	s := k.start(t, nil)
	w := dial(t, s)
	id := w.subscriber("/a")
	for query, name := range map[string]string{
		"jsonp=cb":                          "cb",
		"":                                  "jsonpcallback",
		"jsonp=a.b_c.%24d9":                 "a.b_c.$d9",
		"jsonp=" + strings.Repeat("x", 128): strings.Repeat("x", 128),
	} {
		got := w.ask(get(query, subscribe(id, "/b")))
		equal(t, got.StatusCode, 200)
		equal(t, got.body, fmt.Sprintf(`/**/%s([{"channel":"/meta/subscribe","successful":true,"subscription":"/b"}]);`, name))
		equal(t, got.Header.Get("Content-Type"), "text/javascript;charset=utf-8")
		equal(t, got.Header.Get("X-Content-Type-Options"), "nosniff")
		equal(t, got.Header.Get("Cache-Control"), "no-store")
	}
	for _, query := range []string{"jsonp=", "jsonp=1a", "jsonp=a..b", "jsonp=a.", "jsonp=a(1)", "jsonp=%3Cscript%3E", "jsonp=%C3%A9", "jsonp=%zz", "jsonp=" + strings.Repeat("x", 129)} {
		got := w.ask(get(query, connect(id)))
		equal(t, fmt.Sprint(query, got.StatusCode), query+"400")
		equal(t, strings.HasPrefix(got.Header.Get("Content-Type"), "text/plain"), true)
	}
	equal(t, w.ask(request("GET", "/bayeux?jsonp=cb")).StatusCode, 400)
	equal(t, w.ask(get("jsonp=cb", "{")).StatusCode, 400)
	equal(t, w.ask(request("GET", "/bayeux?message=%5B%5D%")).StatusCode, 400)
	long := dial(t, s)
	equal(t, long.ask(get("", `{"channel":"/a","data":"`+strings.Repeat("x", 9000)+`"}`)).StatusCode, 414)
}

// Message parameters may repeat, each an object or an array; + is a space.
func TestCallbackMessages(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	w := dial(t, s)
	id := w.handshake()
	got := w.ask(get("jsonp=f", subscribe(id, "/a b"), "["+subscribe(id, "/c")+","+subscribe(id, "/d")+"]", "[]", " "+subscribe(id, "/e")+" "))
	body, ok := strings.CutPrefix(strings.TrimSuffix(got.body, ");"), "/**/f(")
	equal(t, ok, true)
	var patterns []any
	for _, m := range decode(t, body) {
		equal(t, m["successful"], true)
		patterns = append(patterns, m["subscription"])
	}
	equal(t, patterns, []string{"/a b", "/c", "/d", "/e"})
	equal(t, w.ask(get("jsonp=f", "[]")).body, "/**/f([]);")
}

// A callback poll is held like any other, its name is kept meanwhile, and what a
// script cannot hold is escaped.
func TestCallbackPollIsHeld(t *testing.T) { eachEncryption(t, testCallbackPollIsHeld) }

func testCallbackPollIsHeld(t *testing.T, k socketKind) {
	s := k.start(t, func(c *Config) { c.Loops = 2 })
	home := dial(t, s)
	for range 4 {
		w := dial(t, s)
		id := home.subscriber("/a")
		poll := strings.Replace(connect(id), "long-polling", "callback-polling", 1)
		w.send(get("jsonp=held", poll))
		eventually(t, func() bool { return isHeld(s, id) })
		mustPublish(t, s, "/a", "\"</script>\u2028\u2029&\"")
		got := w.read()
		want := `/**/held([{"channel":"/a","data":"\u003c/script>\u2028\u2029&"},{"channel":"/meta/connect","successful":true`
		if !strings.HasPrefix(got.body, want) || !strings.HasSuffix(got.body, "}]);") {
			t.Errorf("got %s, want %s…", got.body, want)
		}
		home.bayeux(fmt.Sprintf(`{"channel":"/meta/disconnect","clientId":%q}`, id))
	}
}
