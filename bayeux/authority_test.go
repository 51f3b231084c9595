package bayeux

import (
	"fmt"
	"strings"
	"testing"

	"halley/bayeux/message"
	"halley/bayeux/reply"
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

// What an authority keeps with a session is bounded, and goes with the session.
func TestClaimsAreBounded(t *testing.T) {
	a, s, post := authorized(t)
	a.says.Claims = strings.Repeat("x", MaxClaims+1)
	if got := post(`{"channel":"/meta/handshake"}`); !strings.Contains(got, `"403::claims_too_long"`) {
		t.Errorf("claims that are too long: %s", got)
	}
	a.says = Verdict{Claims: a.says.Claims[1:], Expiry: 1000}
	post(`{"channel":"/meta/handshake"}`)
	if len(s.grants.claims) != 1 || s.grants.ends.Len() != 1 || s.Claims() != MaxClaims {
		t.Errorf("%d claims of %d bytes and %d ends for one session", len(s.grants.claims), s.Claims(), s.grants.ends.Len())
	}
	s.grants.give(0, 0, Verdict{Claims: "short"})
	if s.Claims() != len("short") {
		t.Errorf("%d bytes are counted of claims that take the place of longer ones", s.Claims())
	}
	var fx Effects
	s.Tick(2000, &fx)
	if len(s.grants.claims) != 0 || s.Claims() != 0 || s.grants.ends.Len() != 0 || s.Stats().Sessions != 0 {
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
