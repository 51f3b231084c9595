package httpparse

import "testing"

func TestConnection(t *testing.T) {
	old := func(lines ...string) string {
		return request("GET / HTTP/1.0", append([]string{"Host: a"}, lines...)...)
	}
	const (
		keep   = "GET / 1.1 keep host=a"
		closes = "GET / 1.1 host=a"
	)
	runRows(t, Limits{}, []row{
		{"none", get(), keep},
		{"keep-alive", get("Connection: keep-alive"), keep},
		{"close", get("Connection: close"), closes},
		{"in any case", get("CONNECTION: CLOSE"), closes},
		{"in a list", get("Connection: x, close ,y"), closes},
		{"on a second line", get("Connection: x", "Connection: close"), closes},
		{"close wins", get("Connection: close, keep-alive"), closes},
		{"close wins, other line", get("Connection: close", "Connection: keep-alive"), closes},
		{"empty elements", get("Connection: ,,\t,close"), closes},
		{"prefix", get("Connection: closed"), keep},
		{"suffix", get("Connection: not-close"), keep},
		{"parameter", get("Connection: close;x"), keep},
		{"empty", get("Connection:"), keep},
		{"HTTP/1.0", old(), "GET / 1.0 host=a"},
		{"HTTP/1.0 keep-alive", old("Connection: Keep-Alive"), "GET / 1.0 keep host=a"},
		{"HTTP/1.0 keep-alive in a list", old("Connection: TE, keep-alive"), "GET / 1.0 keep host=a"},
		{"HTTP/1.0 both", old("Connection: keep-alive, close"), "GET / 1.0 host=a"},
		{"HTTP/1.0 Proxy-Connection", old("Proxy-Connection: keep-alive"), "GET / 1.0 host=a"},
		{"upgrade", get("Connection: keep-alive, Upgrade", "Upgrade: websocket"), "GET / 1.1 keep upgrade host=a upgrade=websocket"},
		{"upgrade without the option", get("Upgrade: websocket"), "GET / 1.1 keep host=a upgrade=websocket"},
	})
}

func TestExpect(t *testing.T) {
	post := func(version string, lines ...string) string {
		return request("POST / HTTP/"+version, append([]string{"Host: a"}, lines...)...)
	}
	const expect = "Expect: 100-continue"
	runRows(t, Limits{}, []row{
		{"length", post("1.1", expect, "Content-Length: 1") + "x", "POST / 1.1 length=1 continue keep host=a"},
		{"length before", post("1.1", "Content-Length: 1", expect) + "x", "POST / 1.1 length=1 continue keep host=a"},
		{"chunked", post("1.1", expect, "Transfer-Encoding: chunked"), "POST / 1.1 chunked continue keep host=a"},
		{"in any case", post("1.1", "Expect: 100-Continue", "Content-Length: 1") + "x", "POST / 1.1 length=1 continue keep host=a"},
		{"no body", post("1.1", expect), "POST / 1.1 keep host=a"},
		{"empty body", post("1.1", expect, "Content-Length: 0"), "POST / 1.1 length=0 keep host=a"},
		{"HTTP/1.0", post("1.0", expect, "Content-Length: 1") + "x", "POST / 1.0 length=1 host=a"},
		{"twice", post("1.1", expect, expect, "Content-Length: 1") + "x", "POST / 1.1 length=1 continue keep host=a"},
		{"another", post("1.1", "Expect: 200-ok"), "417 expectation @26"},
		{"another besides", post("1.1", "Expect: 100-continue, x"), "417 expectation @26"},
		{"empty", post("1.1", "Expect:"), "417 expectation @26"},
		{"prefix", post("1.1", "Expect: 100-continued"), "417 expectation @26"},
	})
}

func TestKeptFields(t *testing.T) {
	all := get("Accept: 1", "Access-Control-Request-Headers: 2", "Access-Control-Request-Method: 3", "Authorization: 4",
		"Content-Type: 5", "Cookie: 6", "Last-Event-ID: 7", "Origin: 8", "Sec-WebSocket-Extensions: 9",
		"Sec-WebSocket-Key: 10", "Sec-WebSocket-Protocol: 11", "Sec-WebSocket-Version: 12", "Upgrade: 13",
		"Referer: 14", "Sec-Fetch-Site: 15", "User-Agent: 16")
	rows := []row{
		{"all", all, "GET / 1.1 keep host=a accept=1 ac-headers=2 ac-method=3 authorization=4 type=5 cookie=6 last-event=7 " +
			"origin=8 ws-extensions=9 ws-key=10 ws-protocol=11 ws-version=12 upgrade=13 referer=14 site=15 agent=16"},
		{"lists keep the first line", get("Accept: 1", "Accept: 2", "Upgrade: 3", "Upgrade: 4", "Cookie: 5", "Cookie: 6"),
			"GET / 1.1 keep host=a accept=1 cookie=5 upgrade=3"},
		{"nothing stays from the request before", all + get(), "GET / 1.1 keep host=a accept=1 ac-headers=2 ac-method=3 " +
			"authorization=4 type=5 cookie=6 last-event=7 origin=8 ws-extensions=9 ws-key=10 ws-protocol=11 ws-version=12 " +
			"upgrade=13 referer=14 site=15 agent=16 | GET / 1.1 keep host=a"},
		{"names of the same length and ends", get("Sec-WebSocket-Xxxxocol: 1", "Transfer-Encoxing: 2", "Sec-WebXocket-Key: 3"), "GET / 1.1 keep host=a"},
		{"short names", get("A: 1", "Te: 2", "Via: 3"), "GET / 1.1 keep host=a"},
		{"long name", get("Access-Control-Request-Headers-And-More-Than-That: 1"), "GET / 1.1 keep host=a"},
	}
	for _, name := range []string{"Access-Control-Request-Method", "Authorization", "Content-Type", "Last-Event-ID", "Origin",
		"Referer", "Sec-Fetch-Site", "Sec-WebSocket-Key", "Sec-WebSocket-Version"} {
		in := get(name+": x", name+": x")
		rows = append(rows, row{name + " twice", in, describeError(Error{KindRepeatedField, 25 + len(name) + 5})})
	}
	runRows(t, Limits{}, rows)
}

// TestKnownNames checks that the hash separates the known names, and that lookup finds each in any case
// and none that differs from one in a byte.
func TestKnownNames(t *testing.T) {
	for f := fieldOther + 1; f < fieldCount; f++ {
		name := []byte(fieldNames[f])
		if got := lookup(name); got != f {
			t.Errorf("lookup(%s) = %d, want %d", name, got, f)
		}
		for i := range name {
			changed := []byte(fieldNames[f])
			if c := name[i]; c != '-' {
				changed[i] = c - 0x20
				if got := lookup(changed); got != f {
					t.Errorf("lookup(%s) = %d, want %d", changed, got, f)
				}
			}
			changed[i] = '_'
			if got := lookup(changed); got != fieldOther {
				t.Errorf("lookup(%s) = %d", changed, got)
			}
		}
	}
}
