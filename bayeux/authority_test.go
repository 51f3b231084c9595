package bayeux

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"halley/bayeux/event"
	"halley/bayeux/message"
	"halley/bayeux/reply"
	"halley/bayeux/rules"
)

// scripted is an authority that says what it is told to and remembers the last question.
type scripted struct {
	says  Verdict
	asked Question
}

func (a *scripted) Fields() []string { return nil }

func (a *scripted) Decide(q Question) Verdict {
	a.asked = q.clone()
	return a.says
}

func (a *scripted) Ask(Question, func(Verdict)) {}

// authorized is a Server with a scripted authority, and what posts a batch to it.
func authorized(t *testing.T) (a *scripted, s *Server, post func(body string) string) {
	a = new(scripted)
	config := testConfig()
	config.Authority = a
	s = NewServer(config, 0)
	caller := &Caller{Address: "192.0.2.1:4711", Identity: "CN=a", Fields: []Field{{"Authorization", "Bearer 1"}, {"authorization", "2"}}}
	return a, s, func(body string) string {
		var batch message.Batch
		if err := config.Scanner.Scan([]byte(body), &batch); err != nil {
			t.Fatal(err)
		}
		var fx Effects
		s.Handle(0, Request{Caller: caller}, &batch, &fx)
		return string(fx.Messages(&fx.List[len(fx.List)-1]))
	}
}

// A question says what is asked, of which session, with what was kept of it, and who asks.
func TestQuestions(t *testing.T) {
	a, s, post := authorized(t)
	a.says.Claims = "sub=1"
	_, rest, _ := strings.Cut(post(`{"channel":"/meta/handshake","ext":{"token":"t"}}`), `"clientId":"`)
	id, _, _ := strings.Cut(rest, `"`)
	q := a.asked
	if q.Operation != OpHandshake || q.Session != (Address{}) || q.Claims != "" || string(q.Ext) != `{"token":"t"}` {
		t.Errorf("a handshake: %+v", q)
	}
	if q.Caller.Address != "192.0.2.1:4711" || q.Caller.Identity != "CN=a" || q.Caller.Field("AUTHORIZATION") != "Bearer 1" || q.Caller.Field("Cookie") != "" {
		t.Errorf("its caller: %+v", q.Caller)
	}
	at, _ := s.Find([]byte(id))
	a.says.Claims = ""
	post(`{"channel":"\/meta\/subscribe","clientId":"` + id + `","subscription":["/\u0061/*","/b","/b"]}`)
	if q = a.asked; q.Operation != OpSubscribe || fmt.Sprintf("%s", q.Patterns) != "[/a/* /b]" || q.Session != at || q.Claims != "sub=1" {
		t.Errorf("a subscribe: %+v", q)
	}
	post(`{"channel":"/\u0061","clientId":"` + id + `"}`)
	if q = a.asked; q.Operation != OpPublish || string(q.Channel) != "/a" || q.Session != at || q.Claims != "sub=1" {
		t.Errorf("a publish: %+v", q)
	}
	if name := (*Caller)(nil).Field("Cookie"); name != "" {
		t.Errorf("nobody has the cookie %q", name)
	}
}

// A question names the patterns for which a rule wants a token, and the data of a service channel. Where
// nobody looks at tokens, what takes one is denied.
func TestGuardedChannels(t *testing.T) {
	config, a := testConfig(), new(scripted)
	for _, text := range []string{"/** subscribe=token publish=token", "/open/** subscribe=any publish=session"} {
		rule, err := rules.Parse(text, config.Channel)
		if err != nil {
			t.Fatal(err)
		}
		config.Rules = append(config.Rules, rule)
	}
	config.Authority = a
	s := NewServer(config, 0)
	id := greet(t, s, "")
	for _, c := range []struct{ message, guarded, data string }{
		{`"channel":"/meta/subscribe","subscription":["/open/a","/b","/service/x","/open/*","/*"]`, "[/b /*]", ""},
		{`"channel":"/open/a","data":1`, "[]", ""},
		{`"channel":"/b","data":1`, "[/b]", ""},
		{`"channel":"/service/x","data":{"a":1}`, "[]", `{"a":1}`},
	} {
		post(t, s, nil, "{"+c.message+`,"clientId":"`+id+`"}`)
		if got := fmt.Sprintf("%s", a.asked.Guarded); got != c.guarded || string(a.asked.Data) != c.data {
			t.Errorf("%s: %s %s", c.message, got, a.asked.Data)
		}
	}
	config.Authority = nil
	s = NewServer(config, 0)
	id = greet(t, s, "")
	for message, denied := range map[string]bool{
		`"channel":"/meta/subscribe","subscription":["/open/a","/b"]`: true, `"channel":"/b","data":1`: true,
		`"channel":"/meta/subscribe","subscription":"/open/a"`: false, `"channel":"/open/a","data":1`: false,
	} {
		if got := post(t, s, nil, "{"+message+`,"clientId":"`+id+`"}`); strings.Contains(got, `"403::token_unavailable"`) != denied {
			t.Errorf("%s without an authority: %s", message, got)
		}
	}
}

// post has a server handle a batch, and returns the messages of its last effect.
func post(t *testing.T, s *Server, caller *Caller, body string) string {
	t.Helper()
	var batch message.Batch
	if err := s.cfg.Scanner.Scan([]byte(body), &batch); err != nil {
		t.Fatal(err)
	}
	var fx Effects
	s.Handle(0, Request{Caller: caller, Type: WebSocket}, &batch, &fx)
	return string(fx.Messages(&fx.List[len(fx.List)-1]))
}

// greet makes a session with that ext and returns its clientId.
func greet(t *testing.T, s *Server, ext string) string {
	_, rest, _ := strings.Cut(post(t, s, nil, `{"channel":"/meta/handshake"`+ext+`}`), `"clientId":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// watcher is asked whenever a session is used.
type watcher struct{ scripted }

func (*watcher) Watches() bool { return true }

// Who may not use a session is told that there is none, and gets nothing of it. A connect
// that brings credentials is asked about in any case.
func TestUse(t *testing.T) {
	config, a := testConfig(), new(watcher)
	config.Authority = a
	s := NewServer(config, 0)
	id := greet(t, s, "")
	post(t, s, nil, `{"channel":"/meta/subscribe","subscription":"/a","clientId":"`+id+`"}`)
	post(t, s, nil, `{"channel":"/a","data":1,"clientId":"`+id+`"}`)
	a.says = Verdict{Ruling: Deny, Unknown: true}
	for _, message := range []string{
		`"channel":"/meta/connect","connectionType":"websocket"`, `"channel":"/meta/unsubscribe","subscription":"/a"`,
		`"channel":"/meta/disconnect"`, `"channel":"/meta/subscribe","subscription":"/b"`, `"channel":"/b","data":1`,
	} {
		got := post(t, s, nil, "[{"+message+`,"clientId":"`+id+`"},{"channel":"/c","data":1,"clientId":"`+id+`"}]`)
		if strings.Count(got, `"402::session_unknown"`) != 2 || strings.Contains(got, `"channel":"/a"`) {
			t.Errorf("%s: %s", message, got)
		}
	}
	var fx Effects
	s.Open(0, Request{}, []byte(id), &fx)
	if e := fx.List[0]; e.Kind != Refuse || e.Status != 404 || s.Stats().Sessions != 1 {
		t.Errorf("a stranger's stream: %+v", e)
	}
	a.says = Verdict{}
	if got := post(t, s, nil, `{"channel":"/meta/disconnect","clientId":"`+id+`"}`); !strings.Contains(got, `"successful":true`) {
		t.Errorf("the session's own client: %s", got)
	}

	plain := new(scripted)
	config.Authority = plain
	s = NewServer(config, 0)
	id = greet(t, s, "")
	connect := `{"channel":"/meta/connect","connectionType":"websocket","clientId":"` + id + `"`
	post(t, s, nil, connect+`}`)
	if plain.asked.Operation != OpHandshake {
		t.Errorf("a plain connect was asked about: %+v", plain.asked)
	}
	plain.says = Verdict{Ruling: Deny, Reason: "token_expired"}
	if got := post(t, s, nil, connect+`,"ext":{"auth":{"token":"t"}}}`); plain.asked.Operation != OpUse || !strings.Contains(got, `"403::token_expired"`) ||
		!strings.Contains(got, `"reconnect":"handshake"`) {
		t.Errorf("a connect with credentials: %+v\n%s", plain.asked, got)
	}
}

// guard lets a stranger have sessions of his own alone.
type guard struct{ stranger bool }

func (*guard) Fields() []string            { return nil }
func (*guard) Watches() bool               { return true }
func (*guard) Ask(Question, func(Verdict)) {}

func (a *guard) Decide(q Question) (v Verdict) {
	if a.stranger && q.Session != (Address{}) {
		v.Ruling, v.Unknown = Deny, true
	}
	return v
}

// What a stranger with another's clientId sends brings him nothing of the session, whatever is wrong with it: not before the
// authority has allowed the use of it.
func TestStrangersHearNothing(t *testing.T) {
	for _, message := range []string{
		`"channel":"/meta/other"`, `"channel":"no/channel","data":1`, `"channel":5`, `"channel":"/b","id":{},"data":1`, `"data":1`,
		`"channel":"/meta/subscribe","subscription":"/meta/x"`, `"channel":"/meta/handshake"`, `"channel":"/meta/subscribe"`,
		`"channel":"/shut","data":1`,
	} {
		config, a := testConfig(), new(guard)
		rule, err := rules.Parse("/shut publish=internal", config.Channel)
		if err != nil {
			t.Fatal(err)
		}
		config.Authority, config.Rules = a, rules.Rules{rule}
		s := NewServer(config, 0)
		id := greet(t, s, "")
		post(t, s, nil, `{"channel":"/meta/subscribe","subscription":"/a","clientId":"`+id+`"}`)
		s.Deliver(0, event.New([]byte("/a"), []byte(`"secret"`), false))
		a.stranger = true
		if got := post(t, s, nil, `{`+message+`,"clientId":"`+id+`"}`); strings.Contains(got, "secret") {
			t.Errorf("%s: %s", message, got)
		}
		a.stranger = false
		if got := post(t, s, nil, `{"channel":"/b","data":1,"clientId":"`+id+`"}`); !strings.Contains(got, "secret") {
			t.Errorf("%s: the session's own client hears %s", message, got)
		}
	}
}

// An event-stream without Bayeux is no way around what a handshake takes, and its session has what that gives.
func TestEventStreamsShakeHands(t *testing.T) {
	a, s, _ := authorized(t)
	open := func(conn uint32) *Effect {
		var fx Effects
		s.OpenEvents(0, Request{To: ReplyTo{Conn: conn}, Caller: &Caller{Address: "192.0.2.1:1"}}, []byte(`"/a"`), Cursor{}, &fx)
		return &fx.List[len(fx.List)-1]
	}
	a.says = Verdict{Ruling: Deny, Reason: "token_missing"}
	if e := open(1); a.asked.Operation != OpHandshake || a.asked.Caller.Address != "192.0.2.1:1" || e.Kind != Refuse || e.Status != 403 || s.Stats().Sessions != 0 {
		t.Errorf("%+v, and then %+v", a.asked, e)
	}
	a.says = Verdict{Claims: "c", Expiry: 1000}
	if e := open(2); a.asked.Operation != OpSubscribe || a.asked.Claims != "c" || e.Kind != Stream {
		t.Errorf("%+v, and then %+v", a.asked, e)
	}
	var fx Effects
	if s.Tick(2000, &fx); s.Stats().Sessions != 0 {
		t.Error("its session outlives what was given")
	}
}

// A clientId that is wrong in its secret alone is counted, and no other.
func TestGuessedClientIDs(t *testing.T) {
	s := NewServer(testConfig(), 0)
	id := greet(t, s, "")
	flip := func(at int) string { return id[:at] + string(id[at]^1) + id[at+1:] }
	for id, guesses := range map[string]uint64{id: 0, flip(len(id) - 3): 1, flip(0): 0, "x": 0, "": 0} {
		before := s.Stats().Guessed
		post(t, s, nil, `{"channel":"/a","data":1,"clientId":"`+id+`"}`)
		if got := s.Stats().Guessed - before; got != guesses {
			t.Errorf("%q counts as %d guesses", id, got)
		}
	}
}

// Clients that come back to a server which has started anew have clientIds of no session that is there, and so they are no
// guesses.
func TestClientIDsOfAnEarlierRunAreNoGuesses(t *testing.T) {
	const clients = 100
	run := func(seed uint64) (*Server, []string) {
		cfg, random, ids := testConfig(), rand.New(rand.NewPCG(seed, 0)), []string(nil)
		cfg.Random = func(p []byte) {
			for i := range p {
				p[i] = byte(random.Uint32())
			}
		}
		s := NewServer(cfg, 0)
		for range clients {
			ids = append(ids, greet(t, s, ""))
		}
		return s, ids
	}
	_, before := run(1)
	s, now := run(2)
	for i, id := range before {
		post(t, s, nil, `{"channel":"/meta/connect","connectionType":"long-polling","clientId":"`+id+`"}`)
		s.Open(0, Request{To: ReplyTo{Conn: 1}}, []byte(id), new(Effects))
		s.Open(0, Request{To: ReplyTo{Conn: 1}}, []byte(now[i]), new(Effects))
	}
	if got := s.Stats().Guessed; got != 0 {
		t.Errorf("%d guesses", got)
	}
}

// What an authority keeps with a session is bounded, and goes with the session.
func TestClaimsAreBounded(t *testing.T) {
	a, s, post := authorized(t)
	a.says.Claims = strings.Repeat("x", MaxClaims+1)
	if got := post(`{"channel":"/meta/handshake"}`); !strings.Contains(got, `"403::claims_too_long"`) {
		t.Errorf("claims that are too long: %s", got)
	}
	a.says = Verdict{Claims: a.says.Claims[1:], Expiry: 1000}
	post(`{"channel":"/meta/handshake"}`)
	if len(s.grants.claims) != 1 || s.grants.ends.Len() != 1 || s.Kept().Claims != MaxClaims {
		t.Errorf("%d claims of %d bytes and %d ends for one session", len(s.grants.claims), s.Kept().Claims, s.grants.ends.Len())
	}
	s.grants.give(0, 0, Verdict{Claims: "short"})
	if s.Kept().Claims != len("short") {
		t.Errorf("%d bytes are counted of claims that take the place of longer ones", s.Kept().Claims)
	}
	var fx Effects
	s.Tick(2000, &fx)
	if len(s.grants.claims) != 0 || s.Kept().Claims != 0 || s.grants.ends.Len() != 0 || s.Stats().Sessions != 0 {
		t.Errorf("%d claims and %d ends are left", len(s.grants.claims), s.grants.ends.Len())
	}
}

// Sessions whose time is over together end by parts.
func TestManyExpireTogether(t *testing.T) {
	a := &scripted{says: Verdict{Expiry: 1000}}
	config := testConfig()
	config.Authority, config.MaxSessions = a, 2*expiryBatch
	s := NewServer(config, 0)
	var batch message.Batch
	if err := config.Scanner.Scan([]byte(`{"channel":"/meta/handshake"}`), &batch); err != nil {
		t.Fatal(err)
	}
	var fx Effects
	for range expiryBatch + 1 {
		s.Handle(0, Request{}, &batch, &fx)
	}
	if !s.Tick(1100, &fx) || s.Stats().Sessions != 1 {
		t.Errorf("%d sessions are left after the first part", s.Stats().Sessions)
	}
	if s.Tick(1200, &fx) || s.Stats().Sessions != 0 {
		t.Errorf("%d sessions are left after the second", s.Stats().Sessions)
	}
}

// What a turn has no time for is left for the next turn, and need not wait for the clock.
func TestExpiryGoesOnInTheNextTurn(t *testing.T) {
	const sessions = 20
	config := testConfig()
	config.TurnWork = 1
	s := NewServer(config, 0)
	var batch message.Batch
	if err := config.Scanner.Scan([]byte(`{"channel":"/meta/handshake"}`), &batch); err != nil {
		t.Fatal(err)
	}
	var fx Effects
	for range sessions {
		s.Handle(0, Request{}, &batch, &fx)
	}
	late, turns := config.MaxInterval.Milliseconds()+1000+wheelTick/2, 0
	for more := true; more; turns++ {
		s.BeginTurn()
		s.Spend(1)
		more = s.Tick(late, &fx)
	}
	if left := s.Stats().Sessions; left != 0 || turns < sessions/2 {
		t.Errorf("%d sessions are left after %d turns", left, turns)
	}
}

// A reason is the text of a 403 if it is a word; else the usual error says no.
func TestReasons(t *testing.T) {
	for reason, told := range map[string]string{
		"":                               "403::handshake_denied",
		"token_expired":                  "403::token_expired",
		"v1.2-x":                         "403::v1.2-x",
		"two words":                      "403::handshake_denied",
		"a:b":                            "403::handshake_denied",
		"\"":                             "403::handshake_denied",
		"é":                              "403::handshake_denied",
		strings.Repeat("x", maxReason):   "403::" + strings.Repeat("x", maxReason),
		strings.Repeat("x", maxReason+1): "403::handshake_denied",
	} {
		if got := (Verdict{Reason: reason}).code(reply.HandshakeDenied).String(); got != told {
			t.Errorf("%q: %s", reason, got)
		}
	}
}

// Only batches that an authority may be asked about are worth a look at their caller.
func TestMayAsk(t *testing.T) {
	scanner := testConfig().Scanner
	for body, may := range map[string]bool{
		`[]`:                              false,
		`{"channel":"/meta/connect"}`:     false,
		`{"channel":"/meta/unsubscribe"}`: false,
		`[{"channel":"/meta/connect"},{"channel":"/meta/disconnect"}]`: false,
		`{"channel":"/meta/handshake"}`:                                true,
		`{"channel":"/meta/subscribe"}`:                                true,
		`[{"channel":"/meta/connect"},{"channel":"/a"}]`:               true,
		`{}`: true,
	} {
		var batch message.Batch
		if err := scanner.Scan([]byte(body), &batch); err != nil {
			t.Fatal(err)
		}
		if MayAsk(&batch) != may {
			t.Errorf("%s: %v", body, !may)
		}
	}
}
