package hook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"halley/bayeux"
	"halley/bayeux/reply"
	"halley/loop/settings"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// usual are the default settings for a program at an address, with a time-out that no test meets by chance.
func usual(url string) Settings {
	var s Settings
	settings.Default(&s)
	s.URL, s.Timeout = url, 20*time.Second
	return s
}

// rig is a hook and the program that it asks.
type rig struct {
	*Hook
	t   *testing.T
	log *lines
}

func newRig(t *testing.T, program http.HandlerFunc, adjust func(*Settings)) *rig {
	t.Helper()
	server := httptest.NewServer(program)
	r := rigAt(t, server.URL, adjust)
	t.Cleanup(func() { r.Close(); server.Close() })
	return r
}

func rigAt(t *testing.T, url string, adjust func(*Settings)) *rig {
	t.Helper()
	s := usual(url)
	if adjust != nil {
		adjust(&s)
	}
	log := new(lines)
	h, err := New(s, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return &rig{h, t, log}
}

// lines is a log that several goroutines write.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// start asks as a core does, and tells the verdict when there is one.
func (r *rig) start(q bayeux.Question) <-chan bayeux.Verdict {
	verdict := make(chan bayeux.Verdict, 2)
	if v := r.Decide(q); v.Ruling != bayeux.Wait {
		verdict <- v
	} else {
		r.Ask(q, func(v bayeux.Verdict) { verdict <- v })
	}
	return verdict
}

func (r *rig) ask(q bayeux.Question) bayeux.Verdict {
	r.t.Helper()
	return await(r.t, r.start(q))
}

func await[T any](t *testing.T, from <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(time.Minute):
		t.Fatal("nothing comes")
	}
	return value
}

func subscribe(patterns ...string) bayeux.Question {
	q := bayeux.Question{Operation: bayeux.OpSubscribe}
	for _, p := range patterns {
		q.Patterns = append(q.Patterns, []byte(p))
	}
	return q
}

func publish(name string) bayeux.Question {
	return bayeux.Question{Operation: bayeux.OpPublish, Channel: []byte(name)}
}

// says is a program that gives one answer.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// What is asked comes whole, and signed.
func TestQuestions(t *testing.T) {
	asked := make(chan *http.Request, 1)
	bodies := make(chan string, 1)
	path := secretFile(t, "0123456789abcdef\n")
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		bodies <- string(body)
		asked <- q
	}, func(s *Settings) { s.SecretFile, s.Headers = path, append(s.Headers, "X-A") })
	caller := &bayeux.Caller{Identity: "CN=a", Address: "[2001:db8::1]:4711", Fields: []bayeux.Field{
		{Name: "authorization", Value: "Bearer <x>"}, {Name: "Cookie", Value: "a=1"}, {Name: "cookie", Value: "b=2"}, {Name: "X-A", Value: "1"}, {Name: "x-a", Value: "2"}, {Name: "traceparent", Value: "00-1"},
	}}
	claims := string(grants("").append(ofSubject, "al \"ice").append(ofClaims, `{"n":[1]}`))
	for _, tt := range []struct {
		q    bayeux.Question
		want string
	}{
		{bayeux.Question{Operation: bayeux.OpHandshake, Ext: []byte(`{ "token": "x" }`)},
			`{"version":1,"operation":"handshake","ext":{"token":"x"}`},
		{bayeux.Question{Operation: bayeux.OpSubscribe, Patterns: [][]byte{[]byte("/a"), []byte("/b/**")}, Claims: claims},
			`{"version":1,"operation":"subscribe","patterns":["/a","/b/**"],"subject":"al \"ice","claims":{"n":[1]}`},
		{publish("/a"), `{"version":1,"operation":"publish","channel":"/a"`},
	} {
		tt.q.Caller = caller
		if v := r.ask(tt.q); v.Ruling != bayeux.Allow {
			t.Errorf("%+v", v)
		}
		want := tt.want + `,"identity":"CN=a","address":"2001:db8::1","headers":{"authorization":"Bearer \u003cx\u003e","cookie":"a=1; b=2","x-a":"1, 2"}}`
		body, q := await(t, bodies), await(t, asked)
		if body != want {
			t.Errorf("asked %s\nwant  %s", body, want)
		}
		if q.Method != http.MethodPost || q.Header.Get("Content-Type") != "application/json" || !signed(q.Header.Get(signatureHeader), body) {
			t.Errorf("%s %v", q.Method, q.Header)
		}
	}
	if f := r.Figures(); f.Asked != (ByOperation{1, 1, 1}) || f.Answers != (ByRuling{3, 0}) || f.Latency.Total() != 3 {
		t.Errorf("%+v", f)
	}
}

// An operation that --hook-on does not name is not asked about.
func TestOperationsThatAreNotAskedAbout(t *testing.T) {
	r := newRig(t, says(403, ""), func(s *Settings) { s.On = "handshake, publish" })
	if v := r.ask(subscribe("/a")); v.Ruling != bayeux.Allow {
		t.Errorf("%+v", v)
	}
	for _, q := range []bayeux.Question{publish("/a"), {Operation: bayeux.OpHandshake}} {
		if v := r.ask(q); v.Ruling != bayeux.Deny {
			t.Errorf("%+v", v)
		}
	}
}

// The patterns of an answer decide from then on: what they allow is not asked about, and what they do not is asked about or denied.
func TestGivenPatterns(t *testing.T) {
	var asked atomic.Int32
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1); asked.Load() == 1 {
			io.WriteString(w, `{"allow":true,"subject":"alice","subscribe":["/stock/*","/news/**"],"publish":[]}`)
		} else {
			w.WriteHeader(403)
		}
	}, func(s *Settings) { s.On = "handshake,subscribe" })
	given := r.ask(bayeux.Question{Operation: bayeux.OpHandshake}).Claims
	if grants(given).subject() != "alice" {
		t.Errorf("%q", given)
	}
	for _, tt := range []struct {
		q     bayeux.Question
		want  bayeux.Ruling
		asked int32
	}{
		{subscribe("/stock/A"), bayeux.Allow, 0}, {subscribe("/stock/*", "/news/a/*"), bayeux.Allow, 0}, {subscribe("/news/**"), bayeux.Allow, 0},
		{subscribe("/stock/**"), bayeux.Deny, 1}, {subscribe("/stock/A", "/a"), bayeux.Deny, 1}, {subscribe("/**"), bayeux.Deny, 1},
		{publish("/stock/A"), bayeux.Deny, 0}, {publish("/a"), bayeux.Deny, 0},
	} {
		before := asked.Load()
		tt.q.Claims = given
		if v := r.ask(tt.q); v.Ruling != tt.want || asked.Load()-before != tt.asked {
			t.Errorf("%s %s: %+v, asked %d times", tt.q.Patterns, tt.q.Channel, v, asked.Load()-before)
		}
	}
}

// A later answer changes what it says something of, and nothing else.
func TestLaterAnswersAdd(t *testing.T) {
	r := newRig(t, says(200, `{"allow":true,"claims":{"n":2},"publish":["/c"]}`), nil)
	q := subscribe("/a")
	q.Claims = string(grants("").append(ofSubject, "alice").append(ofClaims, `1`).list(ofSubscribe, []string{"/x"}).list(ofPublish, []string{"/a", "/b"}))
	got := grants(r.ask(q).Claims)
	if want := grants("ualice\ns/x\nc{\"n\":2}\np/c\n"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// program is a program that fails in some way, and says how that is called.
type program struct {
	name string
	kind failure
	do   http.HandlerFunc
}

func failing(stuck <-chan struct{}) []program {
	return []program{
		{"500", badStatus, says(500, "oh")},
		{"404", badStatus, says(404, "")},
		{"redirect", badStatus, func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, "/elsewhere", http.StatusTemporaryRedirect)
		}},
		{"garbage", badAnswer, says(200, "<html>log in</html>")},
		{"half of it", badAnswer, says(200, `{"allow":true`)},
		{"no verdict", badAnswer, says(200, `{}`)},
		{"twice", badAnswer, says(200, `{"allow":false,"allow":true}`)},
		{"twice, by another case", badAnswer, says(200, `{"allow":false,"\u0041LLOW":true}`)},
		{"array", badAnswer, says(200, `[{"allow":true}]`)},
		{"text for allow", badAnswer, says(200, `{"allow":"yes"}`)},
		{"pattern that is none", badAnswer, says(200, `{"allow":true,"subscribe":["stock"]}`)},
		{"control characters", badAnswer, says(200, `{"allow":true,"subject":"a\ns/**"}`)},
		{"advice", badAnswer, says(200, `{"allow":true,"advice":{"reconnect":"never"}}`)},
		{"more than can be kept", badAnswer, says(200, `{"allow":true,"claims":"`+strings.Repeat("x", bayeux.MaxClaims)+`"}`)},
		{"10 MB", badAnswer, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"allow":true,"claims":"%s"}`, strings.Repeat("x", 10<<20))
		}},
		{"endless", badAnswer, func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := io.WriteString(w, strings.Repeat(" ", 4096)); err != nil {
					return
				}
			}
		}},
		{"closes", unreachable, func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }},
		{"closes within", unreachable, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, `{"allow":`)
			panic(http.ErrAbortHandler)
		}},
		{"no HTTP", unreachable, func(w http.ResponseWriter, _ *http.Request) {
			c, _, _ := w.(http.Hijacker).Hijack()
			io.WriteString(c, "SSH-2.0\r\n\r\n")
			c.Close()
		}},
		{"never", timedOut, func(http.ResponseWriter, *http.Request) { <-stuck }},
		{"stops within", timedOut, func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"allow":`)
			w.(http.Flusher).Flush()
			<-stuck
		}},
	}
}

// However the program fails, the stated verdict holds, soon.
func TestFailures(t *testing.T) {
	for _, holds := range []string{"deny", "allow"} {
		stuck := make(chan struct{})
		for _, p := range failing(stuck) {
			t.Run(holds+" "+p.name, func(t *testing.T) {
				r := newRig(t, p.do, func(s *Settings) {
					s.Failure = holds
					if p.kind == timedOut {
						s.Timeout = 50 * time.Millisecond
					}
				})
				t.Cleanup(func() {
					if p.kind == timedOut {
						select {
						case stuck <- struct{}{}: // the server waits for its handler
						case <-time.After(time.Minute):
						}
					}
				})
				for _, q := range []bayeux.Question{{Operation: bayeux.OpHandshake}} {
					v := r.ask(q)
					switch {
					case holds == "allow" && v.Ruling != bayeux.Allow:
						t.Errorf("%+v", v)
					case holds == "deny" && (v.Ruling != bayeux.Deny || v.Reason != "hook_unavailable" || v.Advice.Reconnect != reply.Retry || v.Advice.Interval < 1000):
						t.Errorf("%+v", v)
					}
				}
				var want ByFailure
				want[p.kind] = 1
				if f := r.Figures(); f.Failures != want || f.Answers != (ByRuling{}) {
					t.Errorf("%+v", f)
				}
				if text := r.log.String(); strings.Count(text, "kind="+p.kind.String()) != 1 {
					t.Errorf("log %s", text)
				}
			})
		}
	}
}

func TestAnswers(t *testing.T) {
	begin := time.Now()
	for _, tt := range []struct {
		status int
		body   string
		want   bayeux.Verdict
	}{
		{200, "", bayeux.Verdict{}},
		{204, "", bayeux.Verdict{}},
		{200, " \n", bayeux.Verdict{}},
		{403, "", bayeux.Verdict{Ruling: bayeux.Deny}},
		{403, `{"reason":"banned"}`, bayeux.Verdict{Ruling: bayeux.Deny, Reason: "banned"}},
		{403, `{"allow":true,"subject":"x"}`, bayeux.Verdict{Ruling: bayeux.Deny}},
		{200, `{"allow":true}`, bayeux.Verdict{}},
		{200, `{"allow":true,"later":{"fields":[1]}}`, bayeux.Verdict{}},
		{200, `{"allow":false,"reason":"no_seat","advice":{"reconnect":"retry","interval":9000}}`,
			bayeux.Verdict{Ruling: bayeux.Deny, Reason: "no_seat", Advice: reply.Advice{Reconnect: reply.Retry, Interval: 9000}}},
		{200, `{"allow":false,"advice":{"reconnect":"none"}}`, bayeux.Verdict{Ruling: bayeux.Deny, Advice: reply.Advice{Reconnect: reply.None}}},
		{200, `{"allow":true,"subject":"a","claims":{ "x" : 1 },"subscribe":["/a/*"],"publish":[]}`, bayeux.Verdict{Claims: "ua\nc{\"x\":1}\ns/a/*\np\n"}},
		{200, `{"allow":true,"claims":null}`, bayeux.Verdict{}},
	} {
		r := newRig(t, says(tt.status, tt.body), nil)
		if got := r.ask(publish("/a")); got != tt.want {
			t.Errorf("%d %s: %+v, want %+v", tt.status, tt.body, got, tt.want)
		}
	}
	r := newRig(t, says(200, `{"allow":true,"expiresIn":90.5}`), nil)
	v := r.ask(publish("/a"))
	if after := time.UnixMilli(v.Expiry).Sub(begin); after < 90*time.Second || after > 2*time.Minute {
		t.Errorf("expires after %v", after)
	}
	if until := r.Until(v.Claims); until != v.Expiry {
		t.Errorf("another's expiry is bounded by %d, not %d", until, v.Expiry)
	}
	r = newRig(t, says(200, `{"allow":true,"subject":"a"}`), nil)
	q := publish("/a")
	q.Claims = v.Claims
	if later := r.ask(q); r.Until(later.Claims) != v.Expiry || r.Until("ua\n") != 0 {
		t.Errorf("after an answer without: %+v", later)
	}
}

// The connections are used again. One that has been closed meanwhile is tried once more on another, and a fresh one that breaks is not.
func TestOneRetryOnIdleConnections(t *testing.T) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	var connections, breaks atomic.Int32
	go func() {
		for {
			c, err := socket.Accept()
			if err != nil {
				return
			}
			n := connections.Add(1)
			go func() {
				defer c.Close()
				buffer := make([]byte, 64<<10)
				for answers := 0; ; answers++ {
					if _, err := c.Read(buffer); err != nil {
						return
					}
					if breaks.Load() == 1 && answers > 0 || breaks.Load() == 2 {
						return // just as the next request comes
					}
					fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-N: %d\r\n\r\n", n)
				}
			}()
		}
	}()
	r := rigAt(t, "http://"+socket.Addr().String(), nil)
	for i, want := range []int32{1, 1, 1} {
		if v := r.ask(publish("/a")); v.Ruling != bayeux.Allow || connections.Load() != want {
			t.Errorf("question %d: %+v, %d connections", i, v, connections.Load())
		}
	}
	breaks.Store(1)
	if v := r.ask(publish("/a")); v.Ruling != bayeux.Allow || connections.Load() != 2 {
		t.Errorf("after a break: %+v, %d connections", v, connections.Load())
	}
	breaks.Store(2)
	if v := r.ask(publish("/a")); v.Ruling != bayeux.Deny || connections.Load() != 3 { // the idle one, and one more
		t.Errorf("with nothing but breaks: %+v, %d connections", v, connections.Load())
	}
	if v := r.ask(publish("/a")); v.Ruling != bayeux.Deny || connections.Load() != 4 {
		t.Errorf("on a fresh one: %+v, %d connections", v, connections.Load())
	}
}

// So many questions are with the program at once, so many wait, and further ones have the stated verdict at once.
func TestQueueIsBounded(t *testing.T) {
	stuck, came := make(chan struct{}), make(chan struct{}, 100)
	var most, now atomic.Int32
	r := newRig(t, func(http.ResponseWriter, *http.Request) {
		for n := now.Add(1); n > most.Load(); n = now.Load() {
			most.Store(n)
		}
		came <- struct{}{}
		<-stuck
		now.Add(-1)
	}, func(s *Settings) { s.Connections, s.Queue = 3, 5 })
	var waiting []<-chan bayeux.Verdict
	for range 8 {
		waiting = append(waiting, r.start(publish("/a")))
	}
	for range 3 {
		await(t, came)
	}
	for range 10 {
		if v := r.ask(publish("/a")); v.Ruling != bayeux.Deny {
			t.Errorf("%+v", v)
		}
	}
	if f := r.Figures(); f.Open != 3 || f.Waiting != 5 || f.Failures[queueFull] != 10 {
		t.Errorf("%+v", f)
	}
	close(stuck)
	for _, verdict := range waiting {
		if v := await(t, verdict); v.Ruling != bayeux.Allow {
			t.Errorf("%+v", v)
		}
	}
	if most.Load() != 3 {
		t.Errorf("%d at once", most.Load())
	}
	if f := r.Figures(); f.Answers[bayeux.Allow] != 8 || f.Waiting != 0 {
		t.Errorf("%+v", f)
	}
}

// What waits is bounded by its bytes too.
func TestQueueIsBoundedInBytes(t *testing.T) {
	p := pool{most: 1, room: 1000}
	stuck := make(chan struct{})
	took := 0
	for range 100 {
		if p.submit(job{1 << 20, func() { <-stuck }}) {
			took++
		}
	}
	close(stuck)
	p.done.Wait()
	if took != 1+maxWaitingBytes>>20 || p.bytes != 0 || p.waiting != nil {
		t.Errorf("%d of 100 were taken, %d bytes are left", took, p.bytes)
	}
}

// Once the program has not answered some questions, nobody waits for the time-out, until it answers again.
func TestDeadProgramHoldsNobody(t *testing.T) {
	var dead atomic.Bool
	dead.Store(true)
	stuck := make(chan struct{})
	r := newRig(t, func(http.ResponseWriter, *http.Request) {
		if dead.Load() {
			<-stuck
		}
	}, func(s *Settings) { s.Timeout = 100 * time.Millisecond })
	defer close(stuck)
	for range failuresInRow {
		if v := r.ask(publish("/a")); v.Reason != "hook_unavailable" {
			t.Fatalf("%+v", v)
		}
	}
	r.shutUntil(time.Now().Add(time.Hour)) // the pause is short, and this machine may be slow
	for range 1000 {
		if v := r.Decide(publish("/a")); v.Ruling != bayeux.Deny || v.Reason != "hook_unavailable" {
			t.Fatalf("%+v", v)
		}
	}
	if f := r.Figures(); f.Asked[bayeux.OpPublish] != failuresInRow || f.Failures[shut] != 1000 || !f.Shut {
		t.Errorf("%+v", f)
	}
	dead.Store(false)
	r.shutUntil(time.Now())
	for end := time.Now().Add(time.Minute); r.ask(publish("/a")).Ruling != bayeux.Allow; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it is not asked again")
		}
	}
	if f := r.Figures(); f.Shut {
		t.Errorf("%+v", f)
	}
	if text := r.log.String(); strings.Count(text, "asked now and then alone") != 1 || strings.Count(text, "answers again") != 1 {
		t.Error(text)
	}
}

// shutUntil has a program that is not asked be so until then.
func (r *rig) shutUntil(then time.Time) {
	r.breaker.mu.Lock()
	defer r.breaker.mu.Unlock()
	r.breaker.until = then
}

// Questions that wait while the program is found dead are not sent to it.
func TestDeadProgramIsNotSentWhatWaits(t *testing.T) {
	crash := make(chan struct{})
	r := newRig(t, func(http.ResponseWriter, *http.Request) { <-crash; panic(http.ErrAbortHandler) }, func(s *Settings) { s.Connections = 1 })
	var waiting []<-chan bayeux.Verdict
	for range 20 {
		waiting = append(waiting, r.start(publish("/a")))
	}
	close(crash)
	for _, verdict := range waiting {
		if v := await(t, verdict); v.Reason != "hook_unavailable" {
			t.Errorf("%+v", v)
		}
	}
	if f := r.Figures(); f.Asked[bayeux.OpPublish] != failuresInRow || f.Failures[shut] != 20-failuresInRow {
		t.Errorf("%+v", f)
	}
}

// What has waited for a connection for too long is answered without one, and does not count against the program.
func TestTimeOutWhileWaiting(t *testing.T) {
	r := newRig(t, says(200, ""), nil)
	for range 2 * failuresInRow {
		q := publish("/a")
		if v := r.Hook.ask(&q, []byte("{}"), time.Now().Add(-time.Hour)); v.Reason != "hook_unavailable" {
			t.Errorf("%+v", v)
		}
	}
	if f := r.Figures(); f.Failures[timedOut] != 2*failuresInRow || f.Asked != (ByOperation{}) || f.Shut {
		t.Errorf("%+v", f)
	}
}

// A program that answers badly is asked on: one client whose question it cannot answer must not shut it for others.
func TestBadAnswersDoNotShut(t *testing.T) {
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		if body, _ := io.ReadAll(q.Body); strings.Contains(string(body), "/bad") {
			w.WriteHeader(500)
		}
	}, nil)
	for range 5 * failuresInRow {
		r.ask(publish("/bad"))
	}
	if v := r.ask(publish("/a")); v.Ruling != bayeux.Allow {
		t.Errorf("%+v", v)
	}
}

// A hook that is closed leaves no question open, however stuck the program is.
func TestClose(t *testing.T) {
	stuck, came := make(chan struct{}), make(chan struct{}, 10)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came <- struct{}{}; <-stuck }))
	defer server.Close()
	defer close(stuck)
	r := rigAt(t, server.URL, func(s *Settings) { s.Connections, s.Timeout = 2, time.Minute })
	var waiting []<-chan bayeux.Verdict
	for range 5 {
		waiting = append(waiting, r.start(publish("/a")))
	}
	await(t, came)
	r.Close()
	for _, verdict := range waiting {
		if v := await(t, verdict); v.Ruling != bayeux.Deny {
			t.Errorf("%+v", v)
		}
	}
	if v := r.ask(publish("/a")); v.Ruling != bayeux.Deny {
		t.Errorf("%+v", v)
	}
}

// Many clients at once, each with its own verdict.
func TestManyAtOnce(t *testing.T) {
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		var asked question
		json.NewDecoder(q.Body).Decode(&asked)
		w.Header().Set("Cache-Control", "max-age=60")
		fmt.Fprintf(w, `{"allow":%t,"reason":"not_%s"}`, strings.HasSuffix(asked.Channel, "0"), strings.TrimPrefix(asked.Channel, "/c"))
	}, nil)
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for i := range 100 {
				n := (g*37 + i) % 60
				v := r.ask(publish(fmt.Sprintf("/c%d", n)))
				if allowed := n%10 == 0; (v.Ruling == bayeux.Allow) != allowed || !allowed && v.Reason != fmt.Sprintf("not_%d", n) {
					t.Errorf("/c%d: %+v", n, v)
				}
			}
		})
	}
	group.Wait()
	if f := r.Figures(); f.Hits == 0 || f.Kept != 60 || f.Hits+f.Answers[0]+f.Answers[1] != 800 {
		t.Errorf("%+v", f)
	}
}

// An answer over TLS counts only from whom the authority vouches for.
func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(says(200, ""))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	defer server.Close()
	ca := caFile(t, server.Certificate())
	r := rigAt(t, server.URL, func(s *Settings) { s.CA = ca })
	if v := r.ask(publish("/a")); v.Ruling != bayeux.Allow {
		t.Errorf("%+v, %s", v, r.log)
	}
	r.Close()
	stranger := rigAt(t, server.URL, nil)
	if v := stranger.ask(publish("/a")); v.Ruling != bayeux.Deny || stranger.Figures().Failures[unreachable] != 1 {
		t.Errorf("%+v", v)
	}
	stranger.Close()
}

// Without a program nothing is asked; a name that nobody has, a port that nobody listens on.
func TestNobodyThere(t *testing.T) {
	for _, url := range []string{"http://127.0.0.1:1/hook", "http://nobody.invalid/hook"} {
		r := rigAt(t, url, nil)
		if v := r.ask(publish("/a")); v.Ruling != bayeux.Deny || v.Reason != "hook_unavailable" {
			t.Errorf("%s: %+v", url, v)
		}
	}
}

// A panic is a denial.
func TestFaultOfOurOwn(t *testing.T) {
	r := newRig(t, says(200, ""), nil)
	p := r.poster
	r.poster = nil
	v := r.ask(publish("/a"))
	if r.poster = p; v.Ruling != bayeux.Deny || r.Figures().Failures[fault] != 1 {
		t.Errorf("%+v", v)
	}
}
