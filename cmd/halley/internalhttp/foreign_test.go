package internalhttp

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// call makes a request with a Host of its own.
func (r *rig) call(method, path, host string, header ...string) int {
	r.t.Helper()
	req, err := http.NewRequest(method, "http://halley"+path, strings.NewReader(`{"channel":"/a","data":1}`))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Host = host
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil { // or the connection would end, and count for a while
		r.t.Fatal(err)
	}
	return resp.StatusCode
}

// Without a key a Host has to be an address, localhost or configured: any other
// name may be of somebody who had it lead here.
func TestHosts(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Hosts = []string{"halley.internal", "Push:8081"} })
	for host, want := range map[string]int{
		"127.0.0.1": 200, "127.0.0.1:8081": 200, "[::1]": 200, "[::1]:8081": 200, "10.1.2.3:1": 200, "[fe80::1%25eth0]:80": 200,
		"localhost": 200, "LOCALHOST:8081": 200, "a.localhost": 200, "localhost.": 200,
		"halley.internal": 200, "Halley.Internal:9": 200, "push": 200,
		"evil.example": 403, "evil.example:8081": 403, "127.0.0.1.evil.example": 403, "localhost.evil.example": 403, "notlocalhost": 403,
		"halley.internal.evil.example": 403, "1.2.3": 403,
	} {
		for _, request := range [][2]string{{"POST", "/publish"}, {"GET", "/sessions"}, {"GET", "/debug/pprof/heap"}, {"GET", "/debug/pprof/cmdline"}} {
			if got := r.call(request[0], request[1], host); got != want {
				t.Errorf("%v at %q: %d, want %d", request, host, got, want)
			}
		}
		if got := r.call("GET", "/health/live", host); got != 200 {
			t.Errorf("health at %q: %d", host, got)
		}
	}
}

// What a browser sends for a page of another site or origin is refused, simple GETs
// too; what it sends for a person who types the address is not.
func TestCrossSiteRequests(t *testing.T) {
	r := newRig(t, nil)
	for _, tt := range []struct {
		header []string
		want   int
	}{
		{[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		{[]string{"Sec-Fetch-Site", "same-site"}, 403},
		{[]string{"Sec-Fetch-Site", "same-origin"}, 200},
		{[]string{"Sec-Fetch-Site", "none"}, 200},
		{[]string{"Origin", "http://127.0.0.1:9"}, 403},
		{[]string{"Origin", "null"}, 403},
		{[]string{"Origin", "http://127.0.0.1"}, 200},
		{[]string{"Referer", "http://127.0.0.1/console"}, 200},
		{[]string{"Referer", "http://evil.example/127.0.0.1/"}, 403},
		{[]string{"Origin", "http://127.0.0.1", "Referer", "http://evil.example/"}, 200},
		{[]string{"Sec-Fetch-Site", "cross-site", "Origin", "http://127.0.0.1"}, 403},
		{[]string{"Sec-Fetch-Site", "same-origin", "Origin", "http://evil.example"}, 403},
	} {
		for _, path := range []string{"/debug/pprof/cmdline", "/debug/pprof/heap", "/channels"} {
			if got := r.call("GET", path, "127.0.0.1", tt.header...); got != tt.want {
				t.Errorf("%s with %v: %d, want %d", path, tt.header, got, tt.want)
			}
		}
	}
}

// A form of any page can send three types of bodies without leave: browsers that mark nothing are not taken at their word
// for these. Programs send what they like; a page of the listener's own is marked or sends JSON.
func TestForms(t *testing.T) {
	r := newRig(t, nil)
	const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:60.0) Gecko/20100101 Firefox/60.0"
	for _, tt := range []struct {
		agent, kind string
		want        int
		more        []string
	}{
		{"curl/8.14", "application/x-www-form-urlencoded", 200, nil},
		{"", "text/plain", 200, nil},
		{browser, "application/x-www-form-urlencoded", 403, nil},
		{browser, "Text/Plain; charset=utf-8", 403, nil},
		{browser, "multipart/form-data; boundary=x", 403, nil},
		{browser, "application/json", 200, nil},
		{browser, "text/plain", 200, []string{"Sec-Fetch-Site", "same-origin"}},
		{browser, "text/plain", 200, []string{"Origin", "http://127.0.0.1"}},
	} {
		header := append([]string{"User-Agent", tt.agent, "Content-Type", tt.kind}, tt.more...)
		if got := r.call("POST", "/publish", "127.0.0.1", header...); got != tt.want {
			t.Errorf("%q sends %s, %v: %d, want %d", tt.agent, tt.kind, tt.more, got, tt.want)
		}
	}
	if f := r.listener.Figures(); f.Foreign != 3 {
		t.Errorf("%+v", f)
	}
}
