package front

import (
	"strings"
	"testing"
)

// Callback-polling passes by what browsers check of other requests, so the server
// checks which page it is for.
func TestCallbackOrigins(t *testing.T) {
	list := ready(t, func(s *Settings) { s.AllowOrigin = []string{"https://a.example"} })
	any := ready(t, func(s *Settings) { s.AllowOrigin = []string{"*"} })
	strict := ready(t, func(s *Settings) { s.CallbackUnnamed = false })
	off := ready(t, func(s *Settings) { s.CallbackPolling = false })
	for _, c := range []struct {
		front  *Front
		fields string
		status int
	}{
		{list, "", 0}, // an old browser, a program
		{list, "Sec-Fetch-Site: same-origin", 0},
		{list, "Sec-Fetch-Site: none", 0},
		{list, "Sec-Fetch-Site: same-site", 0},
		{list, "Sec-Fetch-Site: same-site;Referer: https://other.h/", 403},
		{list, "Sec-Fetch-Site: cross-site", 403},
		{list, "Sec-Fetch-Site: cross-site;Referer: https://a.example/page", 0},
		{list, "Sec-Fetch-Site: cross-site;Referer: https://a.example", 0},
		{list, "Sec-Fetch-Site: cross-site;Referer: https://a.example.evil/", 403},
		{list, "Sec-Fetch-Site: cross-site;Referer: https://evil/?https://a.example/", 403},
		{list, "Sec-Fetch-Site: cross-site;Referer: /https://a.example/", 403},
		{list, "Sec-Fetch-Site: cross-site;Origin: https://a.example", 0},
		{list, "Sec-Fetch-Site: cross-site;Origin: null;Referer: https://a.example/", 403},
		{list, "Referer: https://evil.example/page", 403},
		{list, "Referer: http://h/page", 0}, // the server's own
		{list, "Referer: http://h?x", 0},
		{list, "Origin: https://evil.example", 403},
		{any, "Sec-Fetch-Site: cross-site", 0},
		{any, "Referer: https://evil.example/page", 0},
		{strict, "", 403},
		{strict, "Sec-Fetch-Site: same-site", 403},
		{strict, "Sec-Fetch-Site: same-origin", 0},
		{strict, "Referer: http://h/page", 0},
		{off, "Sec-Fetch-Site: same-origin", 403},
	} {
		var fields []string
		if c.fields != "" {
			fields = strings.Split(c.fields, ";")
		}
		d := c.front.Route(parse(t, "GET /bayeux?jsonp=f&message=%5B%5D", fields...))
		if d.Refusal.Status != c.status || d.NotAdmitted != (c.status == 403 && c.front != off) {
			t.Errorf("%s: %+v", c.fields, d)
		}
	}
}

// The answer calls the function that the query names, decoded, or the specification's.
func TestCallbackNames(t *testing.T) {
	f := ready(t, nil)
	for query, name := range map[string]string{
		"message=x":                     "jsonpcallback",
		"message=x&jsonp=f":             "f",
		"jsonp=a%2Eb&message=x&jsonp=c": "a.b",
	} {
		if d := f.Route(parse(t, "GET /bayeux?"+query)); d.Refusal.Status != 0 || d.Callback != name {
			t.Errorf("%s: %+v", query, d)
		}
	}
	for _, query := range []string{"message=x&jsonp=", "message=x&jsonp=a%2", "message=x&jsonp=alert(1)"} {
		if d := f.Route(parse(t, "GET /bayeux?"+query)); d.Refusal.Status != 400 {
			t.Errorf("%s: %+v", query, d)
		}
	}
}
