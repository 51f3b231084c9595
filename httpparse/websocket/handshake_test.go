package websocket

import (
	"encoding/base64"
	"strings"
	"testing"
)

// good is the request of RFC 6455, 1.3.
func good() Request {
	return Request{
		GET: true, Minor: 1, Connection: true,
		Upgrade: []byte("websocket"), Key: []byte("dGhlIHNhbXBsZSBub25jZQ=="), Version: []byte("13"),
	}
}

func TestCheck(t *testing.T) {
	for _, r := range []struct {
		name   string
		change func(*Request)
		want   Refusal
	}{
		{"as in the RFC", func(*Request) {}, 0},
		{"upper case", func(q *Request) { q.Upgrade = []byte("WebSocket") }, 0},
		{"one of several", func(q *Request) { q.Upgrade = []byte("h2c/2.0 ,\twebsocket") }, 0},
		{"subprotocol", func(q *Request) { q.Protocols = []byte("bayeux") }, 0},
		{"subprotocols", func(q *Request) { q.Protocols = []byte("bayeux.1 , chat,,x") }, 0},
		{"empty subprotocols", func(q *Request) { q.Protocols = []byte{} }, 0},
		{"key of any bits", func(q *Request) { q.Key = []byte("AZaz09+/AZaz09+/AZaz09==") }, 0},

		{"POST", func(q *Request) { q.GET = false }, RefusalMethod},
		{"body", func(q *Request) { q.Body = true }, RefusalMethod},
		{"HTTP/1.0", func(q *Request) { q.Minor = 0 }, RefusalHTTP},
		{"no Connection", func(q *Request) { q.Connection = false }, RefusalUpgrade},
		{"no Upgrade", func(q *Request) { q.Upgrade = nil }, RefusalUpgrade},
		{"other Upgrade", func(q *Request) { q.Upgrade = []byte("h2c") }, RefusalUpgrade},
		{"almost", func(q *Request) { q.Upgrade = []byte("websockets, web socket, websocket/13") }, RefusalUpgrade},
		{"no version", func(q *Request) { q.Version = nil }, RefusalVersion},
		{"version 8", func(q *Request) { q.Version = []byte("8") }, RefusalVersion},
		{"version 013", func(q *Request) { q.Version = []byte("013") }, RefusalVersion},
		{"versions", func(q *Request) { q.Version = []byte("13, 8") }, RefusalVersion},
		{"no key", func(q *Request) { q.Key = nil }, RefusalKey},
		{"empty key", func(q *Request) { q.Key = []byte{} }, RefusalKey},
		{"15 bytes", func(q *Request) { q.Key = []byte("dGhlIHNhbXBsZSBub25j") }, RefusalKey},
		{"17 bytes", func(q *Request) { q.Key = []byte("dGhlIHNhbXBsZSBub25jZWU=") }, RefusalKey},
		{"18 bytes", func(q *Request) { q.Key = []byte("dGhlIHNhbXBsZSBub25jZWVl") }, RefusalKey},
		{"two keys", func(q *Request) { q.Key = append(q.Key, q.Key...) }, RefusalKey},
		{"other alphabet", func(q *Request) { q.Key = []byte("dGhlIHNhbXBsZSBub25j-Q==") }, RefusalKey},
		{"padding inside", func(q *Request) { q.Key = []byte("dGhlIHNhbXBsZSBub2=jZQ==") }, RefusalKey},
		{"subprotocol with space", func(q *Request) { q.Protocols = []byte("bayeux one") }, RefusalProtocol},
		{"subprotocol with slash", func(q *Request) { q.Protocols = []byte("chat, a/b") }, RefusalProtocol},
	} {
		q := good()
		r.change(&q)
		if got := q.Check(); got != r.want {
			t.Errorf("%s: %v, want %v", r.name, got, r.want)
		}
	}
}

// TestRefusals: every refusal has a name, and only the version is answered with 426 and what goes with it.
func TestRefusals(t *testing.T) {
	for r := Refusal(1); r < RefusalCount; r++ {
		status, version := 400, false
		if r == RefusalVersion {
			status, version = 426, true
		}
		if r.Status() != status || strings.Contains(r.Fields(), "Sec-WebSocket-Version: 13\r\n") != version || r.Error() == "" {
			t.Errorf("%d: %d %q %q", r, r.Status(), r.Fields(), r)
		}
	}
}

func TestAppendResponse(t *testing.T) {
	const head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	key := good().Key
	if got := AppendResponse([]byte("before"), key, nil); string(got) != "before"+head {
		t.Errorf("%q", got)
	}
	if got := AppendResponse(nil, key, []byte("chat")); string(got) != head+"Sec-WebSocket-Protocol: chat\r\n" {
		t.Errorf("%q", got)
	}
}

func TestProtocol(t *testing.T) {
	for _, r := range []struct{ offered, accepted, want string }{
		{"", "chat", ""},
		{"chat", "chat", "chat"},
		{"chat, superchat", "superchat", "superchat"},
		{"chat ,superchat", "chat superchat", "chat"},
		{"chat, superchat", "Chat", ""},
	} {
		got := Protocol([]byte(r.offered), func(name []byte) bool {
			return strings.Contains(" "+r.accepted+" ", " "+string(name)+" ")
		})
		if string(got) != r.want {
			t.Errorf("%q: %q", r.offered, got)
		}
	}
	if got := Protocol([]byte(" ,,chat"), func([]byte) bool { return true }); string(got) != "chat" {
		t.Errorf("of a list that begins with nothing: %q", got)
	}
}

func TestHandshakeDoesNotAllocate(t *testing.T) {
	q, dst := good(), make([]byte, 0, 256)
	q.Protocols = []byte("chat, superchat")
	allocs := testing.AllocsPerRun(100, func() {
		if r := q.Check(); r != 0 {
			t.Fatal(r)
		}
		dst = AppendResponse(dst[:0], q.Key, Protocol(q.Protocols, func([]byte) bool { return true }))
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func FuzzKey(f *testing.F) {
	f.Add("dGhlIHNhbXBsZSBub25jZQ==")
	f.Add("AZaz09+/AZaz09+/AZaz09==")
	f.Add("dGhlIHNhbXBsZSBub25jZWU=")
	f.Fuzz(func(t *testing.T, key string) {
		raw, err := base64.StdEncoding.DecodeString(key)
		want := err == nil && len(raw) == 16 && !strings.ContainsAny(key, "\r\n") // which the decoder skips
		if validKey([]byte(key)) != want {                                        // the invariant: what decodes to 16 bytes
			t.Fatalf("%q: %v", key, !want)
		}
	})
}
