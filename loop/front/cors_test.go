package front

import (
	"strings"
	"testing"
)

// An admitted page is told which fields it may send, those that it asks for if these can be echoed; others the methods.
func TestPreflight(t *testing.T) {
	f := ready(t, func(s *Settings) { s.AllowOrigin = []string{"https://a.example"} })
	const allow = "Allow: GET, POST, OPTIONS\r\n"
	for asked, allowed := range map[string]string{
		"content-type": "content-type", "x-api-key, authorization": "x-api-key, authorization",
		"": usualHeaders, "a b": usualHeaders, "a,,b": usualHeaders, "a\"": usualHeaders, strings.Repeat("x", maxHeadersAsked+1): usualHeaders,
	} {
		for origin, want := range map[string]string{
			"https://a.example": allow + "Access-Control-Allow-Methods: GET, POST\r\nAccess-Control-Allow-Headers: " + allowed +
				"\r\nAccess-Control-Max-Age: 86400\r\n",
			"https://b.example": allow,
			"http://h":          allow,
		} {
			q := parse(t, "OPTIONS /bayeux/x", "Origin: "+origin, "Access-Control-Request-Headers: "+asked)
			if got := f.Preflight(q, f.Route(q).Origin); got != want {
				t.Errorf("%s asks for %.20s: %q", origin, asked, got)
			}
		}
	}
	for line, want := range map[string]string{"OPTIONS /page": "Allow: GET, HEAD, OPTIONS\r\n", "OPTIONS *": allow, "OPTIONS /events": "Allow: GET, OPTIONS\r\n"} {
		if got := f.Preflight(parse(t, line), 0); got != want {
			t.Errorf("%s: %q", line, got)
		}
	}
}
