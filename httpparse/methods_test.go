package httpparse

import (
	"strings"
	"testing"
)

func TestMethods(t *testing.T) {
	rows := []row{
		{"asterisk", request("OPTIONS * HTTP/1.1", "Host: a"), "OPTIONS * 1.1 keep host=a"},
		{"asterisk of a GET", request("GET * HTTP/1.1", "Host: a"), "400 request target @4"},
		{"more than an asterisk", request("OPTIONS *a HTTP/1.1", "Host: a"), "400 request target @8"},
		{"asterisk with a query", request("OPTIONS *?a HTTP/1.1", "Host: a"), "400 request target @8"},
		{"CONNECT", request("CONNECT b:443 HTTP/1.1", "Host: a"), "CONNECT  1.1 keep host=a"},
		{"CONNECT without port", request("CONNECT b HTTP/1.1", "Host: a"), "400 request target @8"},
		{"CONNECT with an empty port", request("CONNECT b: HTTP/1.1", "Host: a"), "400 request target @8"},
		{"CONNECT with a path", request("CONNECT / HTTP/1.1", "Host: a"), "400 request target @8"},
		{"CONNECT in absolute form", request("CONNECT http://b:1/ HTTP/1.1", "Host: a"), "400 request target @8"},
		{"small letters", request("get / HTTP/1.1", "Host: a"), "OTHER / 1.1 keep host=a"},
		{"unknown", request("PROPFIND / HTTP/1.1", "Host: a"), "OTHER / 1.1 keep host=a"},
		{"marks", request("M-SEARCH / HTTP/1.1", "Host: a"), "OTHER / 1.1 keep host=a"},
		{"longest", request(strings.Repeat("M", 32)+" / HTTP/1.1", "Host: a"), "OTHER / 1.1 keep host=a"},
		{"too long", request(strings.Repeat("M", 33)+" / HTTP/1.1", "Host: a"), "400 method @33"},
		{"no token", request("G(T / HTTP/1.1", "Host: a"), "400 method @1"},
		{"colon", request("GET: / HTTP/1.1", "Host: a"), "400 method @3"},
		{"beyond ASCII", request("G\xc9T / HTTP/1.1", "Host: a"), "400 method @1"},
		{"TLS", "\x16\x03\x01\x02\x00", "400 control byte @0"},
	}
	for _, m := range methodNames[1 : len(methodNames)-1] {
		rows = append(rows, row{m, request(m+" /a HTTP/1.1", "Host: a"), m + " /a 1.1 keep host=a"})
	}
	runRows(t, Limits{}, rows)
}

func TestTargets(t *testing.T) {
	with := func(target string) string { return request("GET "+target+" HTTP/1.1", "Host: a") }
	at := func(n string) string { return "400 request target @" + n }
	runRows(t, Limits{}, []row{
		{"query", with("/a/b?c=d&e"), "GET /a/b?c=d&e 1.1 keep host=a"},
		{"empty query", with("/a?"), "GET /a? 1.1 keep host=a"},
		{"two question marks", with("/a?b?c"), "GET /a?b?c 1.1 keep host=a"},
		{"escapes stay", with("/%2e%2E/%zz?%41"), "GET /%2e%2E/%zz?%41 1.1 keep host=a"},
		{"two slashes", with("//b/c"), "GET //b/c 1.1 keep host=a"},
		{"dots", with("/../a"), "GET /../a 1.1 keep host=a"},
		{"all visible", with("/!\"$%&'()*+,-./:;<=>@[\\]^_`{|}~"), "GET /!\"$%&'()*+,-./:;<=>@[\\]^_`{|}~ 1.1 keep host=a"},
		{"fragment", with("/a#b"), at("6")},
		{"fragment in the query", with("/a?b#c"), at("8")},
		{"beyond ASCII", with("/a\xc3\xa9"), at("6")},
		{"beyond ASCII in the query", with("/a?0123456789\x80"), at("17")},
		{"tab", with("/a\tb"), at("6")},
		{"space", with("/a b"), "400 version @7"},
		{"empty", with(""), at("4")},
	})
}

func TestVersions(t *testing.T) {
	with := func(version string) string { return request("GET / "+version, "Host: a") }
	const wrong = "400 version @6"
	runRows(t, Limits{}, []row{
		{"1.1", with("HTTP/1.1"), "GET / 1.1 keep host=a"},
		{"1.0", with("HTTP/1.0"), "GET / 1.0 host=a"},
		{"1.2", with("HTTP/1.2"), "GET / 1.1 keep host=a"},
		{"1.9", with("HTTP/1.9"), "GET / 1.1 keep host=a"},
		{"0.9", with("HTTP/0.9"), "505 version not supported @6"},
		{"2.0", with("HTTP/2.0"), "505 version not supported @6"},
		{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400 request target @4"},
		{"small letters", with("http/1.1"), wrong},
		{"other name", with("HTTQ/1.1"), wrong},
		{"two digits", with("HTTP/1.10"), wrong},
		{"leading zero", with("HTTP/01.1"), wrong},
		{"letter", with("HTTP/1.x"), wrong},
		{"comma", with("HTTP/1,1"), wrong},
		{"no minor", with("HTTP/1"), "400 version @12"},
		{"no name", with("1.1"), "400 version @9"},
		{"space after", with("HTTP/1.1 "), wrong},
		{"two spaces before", with(" HTTP/1.1"), wrong},
		{"none, with a space", with(""), wrong},
		{"none", "GET /\r\n", "400 request line @5"},
		{"only a method", "GET\r\n", "400 request line @3"},
		{"only a method and a space", "GET \r\n", "400 request line @4"},
		{"tab for a space", "GET\t/ HTTP/1.1\r\n", "400 method @3"},
		{"two spaces before the target", "GET  / HTTP/1.1\r\n", "400 request target @4"},
		{"known before the fields", "GET / HTTP/3.0\r\nHost", "505 version not supported @6"},
	})
}
