package loop

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// Nothing of a request stands in an answer that a browser could take for a page: not in an error, nor in its header. What
// a script or a reply repeats is escaped, and its type is said.
func TestNothingIsReflected(t *testing.T) {
	t.Parallel()
	const mark = "<svg/onload=x>"
	escaped := url.QueryEscape(mark)
	s := start(t, func(c *Config) { c.AllowOrigin = []string{"https://a.example"} })
	for _, text := range []string{
		request("GET", "/"+escaped),
		request("GET", "/"+mark),
		request(mark, "/"),
		request("GET", "/bayeux?jsonp="+escaped+"&message=%5B%5D"),
		request("GET", "/bayeux?jsonp=f&message="+escaped),
		request("GET", "/bayeux?jsonp=f&message=%"+mark),
		request("GET", "/bayeux?tunnelInit=iframe&x="+escaped),
		request("GET", "/bayeux/"+mark, "Accept: text/event-stream"),
		request("GET", "/events?channel="+escaped),
		request("GET", "/bayeux", "Origin: "+mark, "Upgrade: "+mark),
		request("OPTIONS", "/bayeux", "Origin: https://a.example", "Access-Control-Request-Headers: "+mark),
		request("OPTIONS", "/bayeux", "Origin: "+mark, "Access-Control-Request-Headers: x"),
		upgradeRequest("Sec-WebSocket-Protocol: " + mark + "\r\n"),
		upgradeRequest("Origin: " + mark + "\r\n"),
		postWith("/bayeux", mark, mark+": x"),
		postWith("/bayeux", "["+mark+"]", "Content-Type: "+mark),
		postWith("/bayeux", "message="+escaped, "Cookie: "+browserCookie+"="+mark, "User-Agent: Mozilla/"+mark),
		postWith("/nothing", mark, "Content-Encoding: "+mark),
	} {
		got := dial(t, s).ask(text)
		var header strings.Builder
		got.Header.Write(&header)
		if all := header.String() + got.Status + got.body; strings.Contains(all, "svg") {
			t.Errorf("%.80q is answered %q", text, all)
		}
		kind := got.Header.Get("Content-Type")
		if strings.HasPrefix(kind, "text/") && !strings.HasPrefix(kind, "text/html") && !strings.HasPrefix(kind, "text/event-stream") && got.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%.80q: a browser may guess that %s is something else", text, kind)
		}
	}
	// What Bayeux has a reply repeat: the id, and the channel in an error.
	message := fmt.Sprintf(`{"channel":"/%s","id":%q,"clientId":%q}`, mark, mark, mark)
	got := dial(t, s).ask(post(message))
	equal(t, got.Header.Get("Content-Type"), "application/json;charset=utf-8")
	got = dial(t, s).ask(request("GET", "/bayeux?jsonp=f&message="+url.QueryEscape(message)))
	equal(t, got.StatusCode, 200)
	if strings.Contains(got.body, "<") || got.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("a script says %q", got.body)
	}
}
