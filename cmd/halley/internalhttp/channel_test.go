package internalhttp

import (
	"testing"

	"halley/bayeux"
	"halley/loop/presence"
)

func TestOneChannel(t *testing.T) {
	p := presence.New(presence.Settings{}, presence.Source{
		Has: func([]byte) bool { return true }, Identity: func(claims string) string { return claims }, Publish: func(string, []string) bool { return true },
	})
	t.Cleanup(p.Close)
	r := newRig(t, func(o *Options) { o.Presence = p })
	r.expect("GET", "/channels/stock/*", "", 200, `{"channel":"/stock/*","subscribers":3}`)
	r.expect("GET", "/channels/nobody", "", 200, `{"channel":"/nobody","subscribers":0}`)
	r.expect("GET", "/channels/chat/a", "", 200, `{"channel":"/chat/a","subscribers":0,"presence":{"sessions":0,"identities":[]}}`)
	for slot, identity := range []string{"bob", "alice", "", "alice"} {
		p.Joined(bayeux.Attendee{Session: bayeux.Address{Slot: uint32(slot)}, Claims: identity}, "/chat/a")
	}
	r.expect("GET", "/channels/chat/a", "", 200,
		`{"channel":"/chat/a","subscribers":0,"presence":{"sessions":4,"identities":[{"identity":"alice","sessions":2},{"identity":"bob","sessions":1}]}}`)
	if status, body, _ := r.do("GET", "/channels/chat/a?limit=1", ""); status != 200 || len(body) > 130 {
		t.Errorf("%d %s", status, body)
	}
	r.expect("GET", "/channels/chat/a?limit=0", "", 400, `{"error":"limit must be a number from 1 to 100000"}`)
}
