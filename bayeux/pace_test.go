package bayeux

import (
	"strings"
	"testing"
)

// While its loop asks for it, polls are advised to wait, and the usual interval again afterwards; websockets are not.
func TestPace(t *testing.T) {
	p, pace := newPlayer(t, ""), int64(0)
	p.configure(nil)
	p.config.Pace = func() int64 { return pace }
	p.run("post 1\n" + `{"channel":"/meta/handshake"}`)
	connects := func(kind string) string {
		return p.run("post 2 type=" + kind + "\n" + `{"channel":"/meta/connect","connectionType":"` + kind + `","clientId":"$1","advice":{"timeout":0}}`)
	}
	for i, c := range []struct {
		kind string
		pace int64
		want string
	}{
		{"long-polling", 0, `"interval":0`}, {"long-polling", 700, `"interval":700`}, {"websocket", 700, `"interval":0`},
		{"long-polling", 300, `"interval":300`}, {"long-polling", 0, `"interval":0`},
	} {
		pace = c.pace
		if got := connects(c.kind); !strings.Contains(got, c.want) {
			t.Errorf("connect %d, %s: %s", i, c.kind, got)
		}
	}
}
