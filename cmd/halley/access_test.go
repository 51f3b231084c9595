package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halley/cmd/halley/config"
)

const tokenSecret = "a secret that is long enough for it\n"

// A server that binds sessions to their tokens serves the commands over each connection type, also when the first token has expired.
func TestClientsWhoseSessionsAreBound(t *testing.T) {
	t.Parallel()
	const lasts = 8 * time.Second // renewed from 70 to 90 percent of that on, which leaves a slow machine a second
	key := secretFile(t)
	s, endpoint, internal := server(t, "--token-keys="+key, "--token-leeway=0s", "--bind-session=token")
	transports := []string{"long-polling", "eventsource", "websocket"}
	var files []string
	var subs []*started
	for i, transport := range transports {
		files = append(files, freshTokens(t, key, "--sub=ann", "--subscribe=/stock/*", "--publish=/stock/*", fmt.Sprint("--for=", lasts)))
		subs = append(subs, subscribe(t, endpoint, internal, i+1, "/stock/*", fmt.Sprint("--count=", len(transports)), "--transport="+transport, "--token-file="+files[i]))
	}
	time.Sleep(lasts) // in which the first tokens expire
	for i, transport := range transports {
		if code, _, stderr := halley(t, "", "pub", "/stock/A", "1", "--bayeux="+endpoint, "--transport="+transport, "--token-file="+files[i]); code != 0 {
			t.Errorf("pub by %s: exit %d, %s", transport, code, stderr)
		}
	}
	for i, sub := range subs {
		if code := <-sub.code; code != 0 || sub.log.String() != "" {
			t.Errorf("sub by %s: exit %d, %s", transports[i], code, sub.log)
		}
	}
	s.stop()
}

// freshTokens is a file with a token that is signed anew all the time.
func freshTokens(t *testing.T, key string, args ...string) (name string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "token")
	write := func() {
		text := signedToken(t, key, args...)
		if err := errors.Join(os.WriteFile(name+".new", []byte(text), 0o600), os.Rename(name+".new", name)); err != nil {
			t.Error(err)
		}
	}
	write()
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-over:
				return
			case <-time.After(200 * time.Millisecond):
				write()
			}
		}
	}()
	t.Cleanup(func() {
		close(over)
		<-ended
	})
	return name
}

// secretFile is a file with a secret for tokens.
func secretFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(tokenSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// signedToken is what `halley token` prints.
func signedToken(t *testing.T, key string, args ...string) string {
	t.Helper()
	code, out, stderr := halley(t, "", append([]string{"token", "--key=" + key}, args...)...)
	if code != 0 {
		t.Errorf("token %v: exit %d, %s", args, code, stderr)
	}
	return strings.TrimSpace(out)
}

// say posts a batch with header fields and returns the replies.
func say(t *testing.T, endpoint, body string, fields ...string) (replies []map[string]any) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || json.Unmarshal(text, &replies) != nil || len(replies) == 0 {
		t.Fatalf("%s: %d %s %v", body, response.StatusCode, text, err)
	}
	return replies
}

// Channels take a token unless a rule opens them; claims name what a client may do.
func TestTokens(t *testing.T) {
	key := secretFile(t)
	s, endpoint, internal := server(t, "--token-keys="+key, "--token-cookie=session", "--rule=/open/** subscribe=any publish=session")
	token := signedToken(t, key, "--sub=ann", "--subscribe=/stock/**", "--subscribe=/user/{sub}", "--publish=/chat/*")
	for name, fields := range map[string][]string{"bearer": {"Authorization", "Bearer " + token}, "OAuth": {"Authorization", "OAuth " + token},
		"cookie": {"Cookie", "session=" + token}, "nobody": nil} {
		hello := say(t, endpoint, `{"channel":"/meta/handshake","version":"1.0"}`, fields...)[0]
		if (hello["ext"].(map[string]any)["auth"] != nil) != (fields != nil) {
			t.Errorf("%s: the handshake's reply %v", name, hello)
		}
		id := hello["clientId"]
		for _, c := range []struct{ message, refusal, stranger string }{
			{`"channel":"/meta/subscribe","subscription":"/stock/*"`, "", "token_missing"},
			{`"channel":"/meta/subscribe","subscription":["/user/ann","/stock/A"]`, "", "token_missing"},
			{`"channel":"/meta/subscribe","subscription":"/user/bob"`, "token_channel", "token_missing"},
			{`"channel":"/meta/subscribe","subscription":"/**"`, "token_channel", "token_missing"},
			{`"channel":"/meta/subscribe","subscription":"/open/*"`, "", ""},
			{`"channel":"/chat/a","data":1`, "", "token_missing"},
			{`"channel":"/stock/A","data":1`, "token_channel", "token_missing"},
			{`"channel":"/open/a","data":1`, "", ""},
		} {
			reply := say(t, endpoint, fmt.Sprintf(`{%s,"clientId":%q}`, c.message, id))[0]
			want := c.refusal
			if fields == nil {
				want = c.stranger
			}
			if got, _ := reply["error"].(string); got != map[bool]string{true: "403::" + want}[want != ""] {
				t.Errorf("%s: %s: %v, want %s", name, c.message, reply, want)
			}
		}
	}
	stream := func(fields ...string) int {
		r, _ := http.NewRequest(http.MethodGet, strings.TrimSuffix(endpoint, "/bayeux")+"/events?channel=/stock/A", nil)
		if len(fields) > 0 {
			r.Header.Set(fields[0], fields[1])
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	if bearer, cookie, none := stream("Authorization", "Bearer "+token), stream("Cookie", "session="+token), stream(); bearer != 200 || cookie != 200 || none != 403 {
		t.Errorf("/events: %d by header, %d by cookie, %d without a token", bearer, cookie, none)
	}
	page := get(t, internal+"/metrics")
	for _, want := range []string{"halley_tokens_verified_total 1\n", `halley_tokens_refused_total{reason="channel"}`, `halley_tokens_refused_total{reason="missing"}`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s on the metrics page", want)
		}
	}
	s.stop()
	for _, want := range []string{"with no login", `"publish":"nothing","subscribe":"nothing"`, "with a token a client may"} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("no %s in the log: %s", want, s.log)
		}
	}
	if strings.Contains(s.log.String(), strings.TrimSpace(tokenSecret)) || strings.Contains(s.log.String(), token) {
		t.Error("a secret or a token is in the log")
	}
}

// A fresh token by /service/auth keeps a session; a bad one changes nothing. What a session is bound to is asked for.
func TestFreshTokens(t *testing.T) {
	key := secretFile(t)
	s, endpoint, _ := server(t, "--token-keys="+key, "--token-required", "--bind-session=token")
	first, second := signedToken(t, key, "--sub=ann", "--for=1m"), signedToken(t, key, "--sub=ann", "--for=2h", "--publish=/chat/*")
	greeting := `{"channel":"/meta/handshake","version":"1.0"}`
	if got := say(t, endpoint, greeting)[0]; got["error"] != "403::token_missing" || got["advice"].(map[string]any)["reconnect"] != "none" {
		t.Errorf("without a token: %v", got)
	}
	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	id := say(t, endpoint, greeting, bearer(first)...)[0]["clientId"]
	chat := fmt.Sprintf(`{"channel":"/chat/a","data":1,"clientId":%q}`, id)
	refresh := func(token string) map[string]any {
		return say(t, endpoint, fmt.Sprintf(`{"channel":"/service/auth","data":{"token":%q},"clientId":%q}`, token, id))[0]
	}
	if got := say(t, endpoint, chat, bearer(first)...)[0]; got["error"] != "403::token_channel" {
		t.Errorf("with the first token: %v", got)
	}
	if got := refresh("x"); got["error"] != "403::token_malformed" {
		t.Errorf("a bad token: %v", got)
	}
	if got := refresh(second); got["successful"] != true || got["ext"].(map[string]any)["auth"].(map[string]any)["expiresIn"].(float64) < 7e6 {
		t.Errorf("a fresh token: %v", got)
	}
	if got := say(t, endpoint, chat, bearer(second)...)[0]; got["successful"] != true {
		t.Errorf("with the second token: %v", got)
	}
	connect := fmt.Sprintf(`{"channel":"/meta/connect","connectionType":"long-polling","advice":{"timeout":0},"clientId":%q}`, id)
	for _, fields := range [][]string{nil, bearer(signedToken(t, key, "--sub=bob"))} {
		for _, message := range []string{connect, chat} {
			if got := say(t, endpoint, message, fields...)[0]; got["error"] != "402::session_unknown" {
				t.Errorf("a stranger with the clientId: %v", got)
			}
		}
	}
	if got := say(t, endpoint, connect, bearer(second)...)[0]; got["successful"] != true {
		t.Errorf("its own client: %v", got)
	}
	s.stop()
}

// What can never work keeps the server from starting, and names the flag.
func TestBadTokenSettings(t *testing.T) {
	garbage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }))
	defer garbage.Close()
	key := secretFile(t)
	for want, args := range map[string][]string{
		"--token-keys":      {"--token-keys=/does/not/exist"},
		"--token-jwks":      {"--token-jwks=http://id.example/keys"},
		"--token-jwks http": {"--token-jwks=" + garbage.URL},
		"--token-algorithm": {"--token-keys=" + key, "--token-algorithm=none"},
		"--token-leeway":    {"--token-keys=" + key, "--token-leeway=11m"},
		"--bind-session":    {"--bind-session=token"},
		"--rule":            {"--rule=/a publish=token"},
	} {
		code, _, stderr := halley(t, "", append([]string{"serve", "--listen=127.0.0.1:0", "--internal="}, args...)...)
		if code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit %d, %s", args, code, stderr)
		}
	}
}

func TestTokenCommand(t *testing.T) {
	key := secretFile(t)
	if parts := strings.Split(signedToken(t, key, "--sub=ann"), "."); len(parts) != 3 {
		t.Errorf("%q is no token", parts)
	}
	for want, args := range map[string][]string{
		"--key":   {"--key=/does/not/exist", "--sub=ann"},
		"--for":   {"--key=" + key, "--sub=ann", "--for=1ms"},
		"pattern": {"--key=" + key, "--publish=chat"},
		"--sub":   {"--key=" + key}, // and so neither channels nor a name
	} {
		if code, _, stderr := halley(t, "", append([]string{"token"}, args...)...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit %d, %s", args, code, stderr)
		}
	}
	for _, args := range [][]string{{"--sub=ann"}, {"--sub=ann", "--publish=/a"}} {
		code, _, stderr := halley(t, "", append([]string{"token", "--key=" + key}, args...)...)
		if warned := strings.Contains(stderr, "opens no channel"); code != 0 || warned != (len(args) == 1) {
			t.Errorf("%v: exit %d, %s", args, code, stderr)
		}
	}
}

// Who may do what is told with and without tokens; that anybody may publish is a doubt where others than this host come.
func TestWhoMay(t *testing.T) {
	for _, c := range []struct {
		change func(*config.Serve)
		lines  int
		first  string
		doubt  bool
	}{
		{func(*config.Serve) {}, 1, "[publish all channels subscribe all channels]", true},
		{func(c *config.Serve) { c.Loop.Listen = []string{"127.0.0.1:1", "unix:/run/x"} }, 1, "[publish all channels subscribe all channels]", false},
		{func(c *config.Serve) { c.Loop.Rules = []string{"/** publish=internal"} }, 1,
			"[publish all channels subscribe all channels but [/** publish=internal]]", false},
		{func(c *config.Serve) { c.Loop.Rules = []string{"/a publish=internal"} }, 1, "[publish all channels subscribe all channels but [/a publish=internal]]", true},
		{func(c *config.Serve) { c.Loop.Rules = []string{"/* publish=internal"} }, 1, "[publish all channels subscribe all channels but [/* publish=internal]]", true},
		{func(c *config.Serve) { c.Access.Token.Keys = "k" }, 2, "[publish nothing subscribe nothing but [/** subscribe=token publish=token]]", false},
	} {
		s := config.Serve{}
		s.Loop.Listen = []string{":8080"}
		c.change(&s)
		lines := whoMay(&s)
		if got := fmt.Sprint(lines[0].may); len(lines) != c.lines || got != c.first {
			t.Errorf("%d lines, %s, want %s", len(lines), got, c.first)
		}
		if found := openDoubt(&s); strings.Contains(found, "may publish") != c.doubt {
			t.Errorf("%s: doubt %q", c.first, found)
		}
	}
}

// The clients of the command line show the token of a file. A subscriber's session goes on with each fresh one, or is
// followed by another, and nothing is missing.
func TestClientsWithTokens(t *testing.T) {
	t.Parallel()
	key := secretFile(t)
	s, endpoint, internal := server(t, "--token-keys="+key, "--token-leeway=0s", "--rule=/stock/** history=1000")
	mine := filepath.Join(t.TempDir(), "publisher")
	if err := os.WriteFile(mine, []byte(signedToken(t, key, "--sub=ann", "--publish=/stock/*")), 0o600); err != nil {
		t.Fatal(err)
	}
	sub := subscribe(t, endpoint, internal, 1, "/stock/*", "--since=earliest", "--token-file="+freshTokens(t, key, "--sub=bob", "--subscribe=/stock/*", "--for=2s"))
	published := 0
	publish := func() {
		t.Helper()
		if code, _, stderr := halley(t, "", "pub", "/stock/A", fmt.Sprint(published), "--bayeux="+endpoint, "--token-file="+mine); code != 0 {
			t.Fatalf("pub: exit %d, %s", code, stderr)
		}
		published++
	}
	eventually(t, func() bool {
		publish()
		time.Sleep(50 * time.Millisecond)
		page := get(t, internal+"/metrics")
		return !strings.Contains(page, "halley_sessions_lapsed_total 0\n") || !strings.Contains(page, "halley_tokens_refreshed_total 0\n")
	}, sub.log)
	for range 3 {
		publish()
	}
	sub.endsWith(t, published)
	s.stop()
}

// The plain event-stream shows the token in a header, and a fresh one when the server has ended it with the one before.
func TestEventsWithTokens(t *testing.T) {
	t.Parallel()
	key := secretFile(t)
	s, endpoint, internal := server(t, "--token-keys="+key, "--token-leeway=0s", "--rule=/stock/** history=1000")
	to := []string{"/stock/*", "--since=earliest", "--transport=events"}
	stale := filepath.Join(t.TempDir(), "stale")
	if err := os.WriteFile(stale, []byte(signedToken(t, key, "--sub=bob", "--subscribe=/stock/*", "--for=1s")), 0o600); err != nil {
		t.Fatal(err)
	}
	sub := subscribe(t, endpoint, internal, 1, append(to, "--token-file="+freshTokens(t, key, "--sub=bob", "--subscribe=/stock/*", "--for=2s"))...)
	published := 0
	publish := func() {
		t.Helper()
		if code, _, stderr := halley(t, "", "pub", "/stock/A", fmt.Sprint(published), "--server="+internal); code != 0 {
			t.Fatalf("pub: exit %d, %s", code, stderr)
		}
		published++
	}
	eventually(t, func() bool {
		publish()
		time.Sleep(50 * time.Millisecond)
		return !strings.Contains(get(t, internal+"/metrics"), "halley_sessions_lapsed_total 0\n")
	}, sub.log)
	publish()
	sub.endsWith(t, published)
	for file, want := range map[string]string{stale: "token_expired\": --token-file needs a fresh token", stale + "x": "no such file"} {
		code, _, stderr := halley(t, "", append([]string{"sub", "--server=" + endpoint, "--token-file=" + file}, to...)...)
		if code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, %s", file, code, stderr)
		}
	}
	s.stop()
}

// endsWith waits until a subscriber has the messages 0 to n-1, ends it, and checks that they came once and in order.
func (s *started) endsWith(t *testing.T, n int) {
	t.Helper()
	eventually(t, func() bool { return strings.Count(s.out.String(), "\n") >= n }, s.log)
	if code := s.stop(); code != 0 {
		t.Errorf("sub: exit %d, %s", code, s.log)
	}
	for i, line := range strings.Split(strings.TrimSpace(s.out.String()), "\n") {
		if want := fmt.Sprintf(`"data":%d}`, i); !strings.HasSuffix(line, want) {
			t.Errorf("line %d is %s", i, line)
		}
	}
}
