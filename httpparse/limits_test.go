package httpparse

import (
	"strings"
	"testing"
)

func TestLimits(t *testing.T) {
	target := func(n int) string {
		return request("GET /"+strings.Repeat("a", n-1)+" HTTP/1.1", "Host: a")
	}
	l := Limits{MaxTarget: 40, MaxHeader: 200, MaxHeaderFields: 4}
	runRows(t, l, []row{
		{"target at the limit", target(40), "GET /" + strings.Repeat("a", 39) + " 1.1 keep host=a"},
		{"target beyond it", target(41), "414 request target too long @44"},
		{"target beyond it with a query", request("GET /?"+strings.Repeat("a", 39)+" HTTP/1.1", "Host: a"), "414 request target too long @44"},
		{"target without end", "GET /" + strings.Repeat("a", 300), "414 request target too long @88"},
		{"method without end", strings.Repeat("M", 300), "414 request target too long @88"},
		{"NUL behind the target's limit", "GET /" + strings.Repeat("a", 100) + "\x00", "414 request target too long @88"},
		{"NUL before it", "GET /" + strings.Repeat("a", 50) + "\x00", "400 control byte @55"},
		{"head at the limit", get("X: " + strings.Repeat("a", 200-25-2-5)), "GET / 1.1 keep host=a"},
		{"head beyond it", get("X: " + strings.Repeat("a", 200-25-2-4)), "431 header too large @200"},
		{"head without end", get("X: " + strings.Repeat("a", 400)), "431 header too large @200"},
		{"line end across the limit", get("X: " + strings.Repeat("a", 200-25-3-1)), "431 header too large @200"},
		{"NUL behind the head's limit", get("X: "+strings.Repeat("a", 200)) + "\x00", "431 header too large @200"},
		{"empty lines count", "\r\n\r\n" + get("X: "+strings.Repeat("a", 200-25-2-8)), "431 header too large @200"},
		{"fields at the limit", get("A: 1", "B: 2", "C: 3"), "GET / 1.1 keep host=a"},
		{"fields beyond it", get("A: 1", "B: 2", "C: 3", "D: 4"), "431 too many fields @43"},
		{"a long body is no head", get("Content-Length: 300") + strings.Repeat("x", 300), "GET / 1.1 length=300 keep host=a"},
	})
}

func TestTinyLimits(t *testing.T) {
	runRows(t, Limits{MaxTarget: 1, MaxHeader: 20, MaxHeaderFields: 1}, []row{
		{"all at the limit", request("GET / HTTP/1.0"), "GET / 1.0"},
		{"head before the request line", "GET / HTTP/1.0" + strings.Repeat("0", 20), "414 request target too long @20"},
		{"target", request("GET /a HTTP/1.0"), "414 request target too long @5"},
	})
}

func TestDefaultLimits(t *testing.T) {
	line := func(n int) string { return "GET /" + strings.Repeat("a", n-15) + " HTTP/1.1" }
	fields := func(n int) []string { return strings.Split(strings.Repeat("X: y\n", n-1)+"Host: a", "\n") }
	for _, r := range []row{
		{"request line of 8,000 bytes", request(line(8000), "Host: a"), "GET /" + strings.Repeat("a", 7985) + " 1.1 keep host=a"},
		{"target of 8 KiB", request(line(8192+14), "Host: a"), "GET /" + strings.Repeat("a", 8191) + " 1.1 keep host=a"},
		{"longer target", request(line(8192+15), "Host: a"), "414 request target too long @8196"},
		{"100 fields", request("GET / HTTP/1.1", fields(100)...), "GET / 1.1 keep host=a"},
		{"101 fields", request("GET / HTTP/1.1", fields(101)...), "431 too many fields @616"},
		{"16 KiB", get("X: " + strings.Repeat("a", 16384-25-3-4)), "GET / 1.1 keep host=a"},
		{"more than 16 KiB", get("X: " + strings.Repeat("a", 16384-25-3-3)), "431 header too large @16384"},
	} {
		var l Limits
		if got := feed(&l, r.in); got != r.want {
			t.Errorf("%s: got %.80s, want %.80s", r.name, got, r.want)
		}
		if got := feed(&l, strings.Split(r.in, "")...); got != r.want {
			t.Errorf("%s byte by byte: got %.80s, want %.80s", r.name, got, r.want)
		}
	}
}
