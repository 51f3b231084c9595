package access

import (
	"testing"

	"halley/bayeux"
)

// A session is of use from its own address alone, whatever the port, an IPv6 one by its /64.
func TestBoundToAddress(t *testing.T) {
	b := binding{bindAddress}
	for _, c := range []struct {
		made, used string
		same       bool
	}{
		{"192.0.2.1:4711", "192.0.2.1:4712", true}, {"192.0.2.1:4711", "192.0.2.2:4711", false}, {"192.0.2.1:1", "[::ffff:192.0.2.1]:2", true},
		{"[2001:db8::1]:1", "[2001:db8::2]:2", true}, {"[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false}, {"[fe80::1%eth0]:1", "[fe80::2%eth0]:1", true},
		{"192.0.2.1", "192.0.2.1:1", true}, {"", "", true}, {"", "192.0.2.1:1", true}, {"192.0.2.1:1", "", false}, {"@", "@", true},
	} {
		kept := b.Decide(bayeux.Question{Caller: &bayeux.Caller{Address: c.made}}).Claims
		for _, operation := range []bayeux.Operation{bayeux.OpUse, bayeux.OpPublish, bayeux.OpSubscribe} {
			v := b.Decide(bayeux.Question{Operation: operation, Claims: kept, Caller: &bayeux.Caller{Address: c.used}})
			if (v.Ruling == bayeux.Allow) != c.same || v.Unknown == c.same {
				t.Errorf("made from %q, used from %q: %+v", c.made, c.used, v)
			}
		}
	}
}

// A session is bound by the first of its messages that has the browser's cookie.
func TestBoundToCookie(t *testing.T) {
	b := binding{bindCookie}
	with := func(cookie string) *bayeux.Caller {
		return &bayeux.Caller{Fields: []bayeux.Field{{Name: "cookie", Value: "a=b"}, {Name: "Cookie", Value: cookie}}}
	}
	claims := ""
	for _, step := range []struct {
		caller *bayeux.Caller
		fits   bool
	}{
		{with(""), true}, {nil, true}, {with("BAYEUX_BROWSER=1"), true}, {with("x=y; BAYEUX_BROWSER=1"), true}, {with("BAYEUX_BROWSER=2"), false}, {with(""), false},
		{nil, false}, {with("BAYEUX_BROWSER=1"), true},
	} {
		v := b.Decide(bayeux.Question{Operation: bayeux.OpUse, Claims: claims, Caller: step.caller})
		if (v.Ruling == bayeux.Allow) != step.fits || v.Unknown == step.fits {
			t.Errorf("%+v, bound to %q: %+v", step.caller, claims, v)
		}
		if v.Claims != "" {
			claims = v.Claims
		}
	}
}
