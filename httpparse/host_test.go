package httpparse

import "testing"

func TestHost(t *testing.T) {
	with := func(host string) string { return request("GET / HTTP/1.1", "Host: "+host) }
	good := func(host string) row { return row{host, with(host), "GET / 1.1 keep host=" + host} }
	bad := func(host string) row { return row{"bad " + host, with(host), "400 host @16"} }
	runRows(t, Limits{}, []row{
		good("a"), good("example.com"), good("example.com:80"), good("example.com:"), good("example.com:65535"),
		good("127.0.0.1:8080"), good("a_b.example"), good("xn--bcher-kva.example"), good("a%20b"), good("a!$&'()*+;=~"),
		good("[::1]"), good("[::1]:8080"), good("[::]"), good("[1:2:3:4:5:6:7:8]"), good("[2001:DB8::a:b]"),
		good("[::ffff:192.0.2.1]"), good("[1:2:3:4:5:6:192.0.2.255]"), good("[1::]"), good("[1:2:3:4:5:6:7::]"),

		bad(""), bad(":80"), bad("a:65536"), bad("a:123456"), bad("a:8o"), bad("a:80:80"), bad("a:-1"), bad("a: 80"),
		bad("a b"), bad("a\tb"), bad("a,b"), bad("a, b"), bad("a/b"), bad("a?b"), bad("a#b"), bad("u@a"), bad("http://a"),
		bad("a\\b"), bad(`"a"`), bad("<a>"), bad("a%2"), bad("a%zz"), bad("a%"), bad("\xc3\xa9"), bad("a|b"), bad("{a}"),
		bad("["), bad("[]"), bad("[::1"), bad("::1"), bad("[::1]x"), bad("x[::1]"), bad("[::1%25eth0]"), bad("[v1.a]"),
		bad("[1]"), bad("[1:2:3:4:5:6:7]"), bad("[1:2:3:4:5:6:7:8:9]"), bad("[1:2:3:4:5:6:7:8::]"), bad("[1::2::3]"),
		bad("[12345::]"), bad("[:1]"), bad("[1:]"), bad("[1:::2]"), bad("[::g]"), bad("[::1.2.3]"), bad("[::1.2.3.256]"),
		bad("[::1.2.3.4.5]"), bad("[::01.2.3.4]"), bad("[1.2.3.4]"), bad("[1:2:3:4:5:6:7:1.2.3.4]"),

		{"missing", request("GET / HTTP/1.1", "X: y"), "400 host missing @24"},
		{"missing, no fields", request("GET / HTTP/1.1"), "400 host missing @18"},
		{"missing in HTTP/1.0", request("GET / HTTP/1.0"), "GET / 1.0"},
		{"bad in HTTP/1.0", request("GET / HTTP/1.0", "Host: a b"), "400 host @16"},
		{"twice", request("GET / HTTP/1.1", "Host: a", "Host: b"), "400 repeated field @25"},
		{"twice the same", request("GET / HTTP/1.1", "Host: a", "X: y", "hOST: a"), "400 repeated field @31"},
		{"twice in HTTP/1.0", request("GET / HTTP/1.0", "Host: a", "Host: a"), "400 repeated field @25"},
		{"after others", request("GET / HTTP/1.1", "Accept: */*", "Host:a "), "GET / 1.1 keep host=a accept=*/*"},
	})
}

func TestAbsoluteForm(t *testing.T) {
	with := func(target string) string { return request("GET "+target+" HTTP/1.1", "Host: field") }
	const wrong = "400 request target @4"
	runRows(t, Limits{}, []row{
		{"host of the target", with("http://target/p?q"), "GET /p?q 1.1 keep host=target"},
		{"port", with("http://target:8080/p"), "GET /p 1.1 keep host=target:8080"},
		{"scheme in capitals", with("HTTP://target/"), "GET / 1.1 keep host=target"},
		{"https", with("https://target/p"), "GET /p 1.1 keep host=target"},
		{"no path", with("http://target"), "GET / 1.1 keep host=target"},
		{"no path but a query", with("http://target?q"), "GET /?q 1.1 keep host=target"},
		{"slash in the query", with("http://target?q/r"), "GET /?q/r 1.1 keep host=target"},
		{"scheme in the query", with("/p?u=http://x/"), "GET /p?u=http://x/ 1.1 keep host=field"},
		{"IPv6", with("http://[::1]:80/"), "GET / 1.1 keep host=[::1]:80"},
		{"HTTP/1.0 without Host", request("GET http://target/ HTTP/1.0"), "GET / 1.0 host=target"},
		{"HTTP/1.1 without Host", request("GET http://target/ HTTP/1.1"), "400 host missing @31"},
		{"Host is checked still", request("GET http://target/ HTTP/1.1", "Host: a b"), "400 host @29"},
		{"empty Host", request("GET http://target/ HTTP/1.1", "Host:"), "GET / 1.1 keep host=target"},
		{"empty Host, HTTP/1.0", request("GET http://target/ HTTP/1.0", "Host: "), "GET / 1.0 host=target"},
		{"empty Host twice", request("GET http://target/ HTTP/1.1", "Host:", "Host:"), "400 repeated field @36"},
		{"user", with("http://user@target/"), wrong},
		{"no host", with("http:///p"), wrong},
		{"only a port", with("http://:80/"), wrong},
		{"bad port", with("http://target:x/"), wrong},
		{"no slashes", with("http:target"), wrong},
		{"one slash", with("http:/target"), wrong},
		{"other scheme", with("ftp://target/"), wrong},
		{"no scheme", with("://target/"), wrong},
		{"scheme after a question mark", with("a?http://target/"), wrong},
		{"relative", with("p/q"), wrong},
	})
}
