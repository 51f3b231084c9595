package token

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"pgregory.net/rapid"

	"halley/bayeux"
	"halley/bayeux/channel"
	"halley/bayeux/reply"
)

// What takes a token is for those whose token names it, a wildcard for those whose patterns cover it wholly.
func TestChannels(t *testing.T) {
	a := opened(t, []byte(secret), nil)
	mine := answer(t, a, greeting(signed(t, "HS256", "", claims(nil)))).Claims
	for _, c := range []struct {
		operation bayeux.Operation
		claims    string
		asked     [][]byte
		reason    string
	}{
		{bayeux.OpSubscribe, mine, nil, ""},
		{bayeux.OpSubscribe, mine, list("/stock/A", "/stock/*", "/stock/a/**", "/user/ann/x"), ""},
		{bayeux.OpSubscribe, mine, list("/stock/A", "/other"), "token_channel"},
		{bayeux.OpSubscribe, mine, list("/**"), "token_channel"},
		{bayeux.OpSubscribe, mine, list("/user/bob/x"), "token_channel"},
		{bayeux.OpSubscribe, mine, list("/user/*"), "token_channel"},
		{bayeux.OpSubscribe, mine, list("/chat/a"), "token_channel"},
		{bayeux.OpPublish, mine, list("/chat/a"), ""},
		{bayeux.OpPublish, mine, list("/stock/A"), "token_channel"},
		{bayeux.OpSubscribe, "", list("/stock/A"), "token_missing"},
		{bayeux.OpPublish, "", nil, ""},
	} {
		q := bayeux.Question{Operation: c.operation, Claims: c.claims, Guarded: c.asked}
		if v := answer(t, a, q); v.Reason != c.reason || (v.Ruling == bayeux.Deny) != (c.reason != "") || v.Advice != (reply.Advice{}) {
			t.Errorf("%d %s: %+v", c.operation, c.asked, v)
		}
	}
}

// However a subject is written, {sub} stands for a part of one segment, and for a different one for each subject.
func TestSubjectsDoNotWiden(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		subject := rapid.OneOf(rapid.StringMatching(`[ -~é]{1,12}`), rapid.SampledFrom([]string{"*", "**", "a/b", "../x", "a/**", "{sub}", "~2F"})).Draw(t, "subject")
		other := rapid.StringMatching(`[ -~é]{1,12}`).Draw(t, "other")
		r, err := newRights(subject, 1, []string{"/user/{sub}", "/x/{sub}/**"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		own := "/user/" + Escape(subject)
		info, err := channel.Check([]byte(own), channel.Limits{})
		if err != nil || info.Segments != 2 || info.Wildcard || !r.allow('s', list(own, "/x/"+Escape(subject)+"/a")) {
			t.Fatalf("%q: %s, %v", subject, own, err)
		}
		if other != subject && r.allow('s', list("/user/"+Escape(other))) {
			t.Fatalf("%q may what %q may", subject, other)
		}
		if r.allow('s', list("/user/*")) || r.allow('s', list("/user/"+Escape(subject)+"x")) {
			t.Fatalf("%q widens", subject)
		}
	})
	if r, err := newRights("", 1, []string{"/user/{sub}", "/open"}, nil); err != nil || r.allow('s', list("/user/")) || !r.allow('s', list("/open")) {
		t.Errorf("nobody: %q, %v", r, err)
	}
}

// A token is looked for in the message, then in the header, then in the cookie.
func TestWhereTokensAre(t *testing.T) {
	ann, bob := signed(t, "HS256", "", claims(nil)), signed(t, "HS256", "", claims(map[string]any{"sub": "bob"}))
	a := opened(t, []byte(secret), func(s *Settings) { s.Cookie = "session" })
	ext := fmt.Appendf(nil, `{"auth":{"token":%q}}`, ann)
	for name, c := range map[string]struct {
		q    bayeux.Question
		want string
	}{
		"ext":             {bayeux.Question{Ext: ext}, "ann"},
		"ext first":       {bayeux.Question{Ext: ext, Caller: by("Authorization", "Bearer "+bob)}, "ann"},
		"bearer":          {bayeux.Question{Caller: by("authorization", "bearer  "+ann)}, "ann"},
		"OAuth":           {bayeux.Question{Caller: by("Authorization", "OAuth "+ann)}, "ann"},
		"another scheme":  {bayeux.Question{Caller: by("Authorization", "Basic YTpi", "Cookie", "session="+bob)}, "bob"},
		"second line":     {bayeux.Question{Caller: by("Authorization", "Basic YTpi", "Authorization", "Bearer "+ann)}, "ann"},
		"cookie":          {bayeux.Question{Caller: by("Cookie", `a=1; session=`+ann+`; session=`+bob)}, "ann"},
		"quoted cookie":   {bayeux.Question{Caller: by("Cookie", `session="`+ann+`"`)}, "ann"},
		"another cookie":  {bayeux.Question{Caller: by("Cookie", "xsession="+ann)}, ""},
		"header first":    {bayeux.Question{Caller: by("Cookie", "session="+bob, "Authorization", "Bearer "+ann)}, "ann"},
		"nothing":         {bayeux.Question{}, ""},
		"unrelated ext":   {bayeux.Question{Ext: []byte(`{"auth":1,"token":"x"}`)}, ""},
		"an event-stream": {bayeux.Question{Operation: bayeux.OpSubscribe, Caller: by("Cookie", "session="+ann), Guarded: list("/stock/A")}, "ann"},
	} {
		if v := answer(t, a, c.q); v.Ruling != bayeux.Allow || Subject(v.Claims) != c.want {
			t.Errorf("%s: %+v", name, v)
		}
	}
	for ext, reason := range map[string]string{`{"auth":{"token":7}}`: "token_malformed", `{"auth":{"token":null}}`: "token_malformed",
		`{"auth":{"token":""}}`: "token_missing", `{"auth":{"token":["x"]}}`: "token_malformed"} {
		if v := answer(t, a, bayeux.Question{Ext: []byte(ext)}); v.Reason != reason {
			t.Errorf("%s: %+v", ext, v)
		}
	}
}

// A session goes on with a fresh token of its subject. One in a header that is older, bad or another's changes nothing.
func TestRefresh(t *testing.T) {
	a := opened(t, []byte(secret), nil)
	token := func(subject string, d time.Duration) string {
		return signed(t, "HS256", "", claims(map[string]any{"sub": subject, "exp": time.Now().Add(d).Unix()}))
	}
	first := answer(t, a, greeting(token("ann", time.Hour)))
	publish := func(claims, data string) bayeux.Question {
		return bayeux.Question{Operation: bayeux.OpPublish, Channel: []byte(Refresh), Data: []byte(data), Claims: claims}
	}
	data := func(token string) string { return fmt.Sprintf(`{"token":%q}`, token) }
	later := answer(t, a, publish(first.Claims, data(token("ann", 2*time.Hour))))
	if later.Ruling != bayeux.Allow || later.Expiry < first.Expiry+3_000_000 || later.Claims == first.Claims {
		t.Errorf("a fresh token: %+v", later)
	}
	if v := answer(t, a, publish(first.Claims, data(token("ann", time.Minute)))); v.Ruling != bayeux.Allow || v.Expiry > first.Expiry {
		t.Errorf("one for a shorter time, which the client wants: %+v", v)
	}
	if v := answer(t, a, publish("", data(token("ann", time.Hour)))); v.Ruling != bayeux.Allow || Subject(v.Claims) != "ann" {
		t.Errorf("of a session without one: %+v", v)
	}
	for d, reason := range map[string]string{data(token("bob", time.Hour)): "token_subject", data(token("ann", -time.Hour)): "token_expired", "{}": "token_missing",
		"": "token_missing", "7": "token_missing", `{"token":7}`: "token_malformed"} {
		if v := answer(t, a, publish(first.Claims, d)); v.Reason != reason || v.Advice != (reply.Advice{}) {
			t.Errorf("%s: %+v", d, v)
		}
	}
	for _, operation := range []bayeux.Operation{bayeux.OpSubscribe, bayeux.OpPublish} {
		for name, header := range map[string]string{"older": token("ann", time.Minute), "bad": "x", "another's": token("bob", 3*time.Hour)} {
			q := bayeux.Question{Operation: operation, Claims: first.Claims, Caller: by("Authorization", "Bearer "+header)}
			if v := answer(t, a, q); v.Ruling != bayeux.Allow || v.Claims != "" || v.Expiry != 0 {
				t.Errorf("a header's token that is %s: %+v", name, v)
			}
		}
		q := bayeux.Question{Operation: operation, Claims: first.Claims, Caller: by("Authorization", "Bearer "+token("ann", 2*time.Hour))}
		if v := answer(t, a, q); v.Expiry <= first.Expiry {
			t.Errorf("a header's token that is fresh: %+v", v)
		}
	}
	use := bayeux.Question{Operation: bayeux.OpUse, Claims: first.Claims, Ext: fmt.Appendf(nil, `{"auth":{"token":%q}}`, token("ann", -time.Hour))}
	if v := answer(t, a, use); v.Reason != "token_expired" || v.Advice.Reconnect != reply.Handshake {
		t.Errorf("a connect with a bad token: %+v", v)
	}
	if n := a.Figures().Refreshed; n < 4 {
		t.Errorf("%d sessions went on", n)
	}
}

// Who is refused at a handshake is told to come with another token where that may help, after a while, else to stop.
func TestAdvice(t *testing.T) {
	for why := noToken; why < refusals; why++ {
		v := why.verdict(bayeux.OpHandshake)
		cures := why == expired || why == notYet || why == unavailable || why == wrongSignature || why == unknownKey
		if (v.Advice.Reconnect == reply.Handshake) != cures || (v.Advice.Reconnect == reply.None) == cures || cures && v.Advice.Interval < 1000 {
			t.Errorf("%s: %+v", why, v)
		}
		if v.Reason != "token_"+why.String() || why.verdict(bayeux.OpPublish).Advice != (reply.Advice{}) {
			t.Errorf("%s: %+v", why, v)
		}
	}
	strict := opened(t, []byte(secret), func(s *Settings) { s.Required = true })
	if v := answer(t, strict, bayeux.Question{}); v.Reason != "token_missing" {
		t.Errorf("a handshake without a token that is required: %+v", v)
	}
	if v := answer(t, opened(t, []byte(secret), nil), bayeux.Question{}); v.Ruling != bayeux.Allow {
		t.Errorf("a handshake without a token: %+v", v)
	}
}

// Who comes to a bound session with a token that has just expired is told to come again with a fresh one, not to stop. Who has
// none or another's is told to stop.
func TestBoundAndStale(t *testing.T) {
	s := usual()
	s.Keys = file(t, []byte(secret))
	a, err := New(s, true, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	shows := func(own map[string]any) *bayeux.Caller {
		return by("Authorization", "Bearer "+signed(t, "HS256", "", claims(own)))
	}
	has := answer(t, a, bayeux.Question{Caller: shows(nil)}).Claims
	for name, c := range map[string]struct {
		caller *bayeux.Caller
		advice reply.Reconnect
	}{
		"expired": {shows(map[string]any{"exp": 1}), reply.Handshake}, "another's": {shows(map[string]any{"sub": "bob"}), reply.None}, "none": {by(), reply.None},
	} {
		v := answer(t, a, bayeux.Question{Operation: bayeux.OpUse, Claims: has, Caller: c.caller})
		if v.Ruling != bayeux.Deny || !v.Unknown || v.Advice.Reconnect != c.advice || (v.Advice.Interval > 0) != (c.advice == reply.Handshake) {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// A session that is bound to its token is nobody's without one of its subject, but on the websocket that has shown it.
func TestBound(t *testing.T) {
	s := usual()
	s.Keys = file(t, []byte(secret))
	a, err := New(s, true, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	bearer := func(subject string) *bayeux.Caller {
		return by("Authorization", "Bearer "+signed(t, "HS256", "", claims(map[string]any{"sub": subject})))
	}
	ann, bob, nobody := bearer("ann"), bearer("bob"), by()
	socket, other := by(), by()
	socket.Socket, other.Socket = 7, 8
	q := greeting(signed(t, "HS256", "", claims(nil)))
	q.Caller = socket
	onSocket, byPoll := answer(t, a, q).Claims, answer(t, a, bayeux.Question{Caller: ann}).Claims
	for name, c := range map[string]struct {
		claims string
		caller *bayeux.Caller
		fits   bool
	}{
		"its poll": {byPoll, ann, true}, "another's": {byPoll, bob, false}, "nobody's": {byPoll, nobody, false}, "any socket": {byPoll, other, false},
		"unknown": {byPoll, nil, false}, "its socket": {onSocket, socket, true}, "another socket": {onSocket, other, false},
		"its token elsewhere": {onSocket, ann, true}, "none elsewhere": {onSocket, nobody, false}, "no token ever": {"", bob, true},
	} {
		for _, operation := range []bayeux.Operation{bayeux.OpUse, bayeux.OpPublish, bayeux.OpSubscribe} {
			v := answer(t, a, bayeux.Question{Operation: operation, Claims: c.claims, Caller: c.caller})
			if (v.Ruling == bayeux.Allow) != c.fits || v.Unknown == c.fits {
				t.Errorf("%s: %+v", name, v)
			}
		}
	}
	if v := answer(t, a, greeting(signed(t, "HS256", "", claims(map[string]any{"sub": nil})))); v.Reason != "token_claims" {
		t.Errorf("a token of nobody, to which a session is to be bound: %+v", v)
	}
	v := answer(t, a, bayeux.Question{Operation: bayeux.OpUse, Claims: onSocket, Caller: other, Ext: q.Ext})
	if v.Ruling != bayeux.Allow || !sameSocket(&bayeux.Question{Caller: other}, rights(v.Claims)) {
		t.Errorf("on a new socket with its token: %+v", v)
	}
	q.Operation, q.Claims, q.Ext = bayeux.OpPublish, onSocket, greeting(signed(t, "HS256", "", claims(map[string]any{"sub": "bob"}))).Ext
	if v := answer(t, a, q); v.Reason != "token_subject" || v.Unknown {
		t.Errorf("another's token on its socket: %+v", v)
	}
	if !a.Watches() || opened(t, []byte(secret), nil).Watches() {
		t.Error("sessions are watched if they are bound, and only then")
	}
}
