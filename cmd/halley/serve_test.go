package main

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-json"

	"halley/cmd/halley/feed"
)

// subscribe starts `halley sub` and waits until the server knows it.
func subscribe(t *testing.T, endpoint, internal string, subscribers int, args ...string) *started {
	t.Helper()
	s := start(t, append([]string{"sub", "--server=" + endpoint}, args...)...)
	want := fmt.Sprintf(`"subscribers":%d`, subscribers)
	eventually(t, func() bool { return strings.Contains(get(t, internal+"/channels"), want) }, s.log)
	return s
}

func TestMetrics(t *testing.T) {
	s, endpoint, internal := server(t)
	sub := subscribe(t, endpoint, internal, 1, "/a", "--count=1")
	halley(t, "", "pub", "/a", "1", "--server="+internal)
	<-sub.code
	get(t, strings.Replace(endpoint, "/bayeux", "/nothing", 1))
	for _, want := range []string{"halley_handshakes_total 1\n", "halley_messages_published_total 1\n", "halley_messages_delivered_total 1\n", "halley_http_errors_total 1\n", "halley_loop_lag_seconds{loop=\"1\"}"} {
		// A loop that is late is told of as it was.
		eventually(t, func() bool { return strings.Contains(get(t, internal+"/metrics"), want) }, s.log)
	}
	s.stop()
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	return string(body)
}

func TestPublishAndSubscribe(t *testing.T) {
	s, endpoint, internal := server(t)
	sub := subscribe(t, endpoint, internal, 1, "/chat/**", "--count=6")
	steps := []struct {
		stdin string
		args  []string
		code  int
		err   string
	}{
		{"", []string{"/chat/a", `{"p": 1.10, "n":12345678901234567890}`}, 0, ""},
		{"1\n\n\"b\"\nbad\n", []string{"/chat/a", "-"}, 1, "line 4: not JSON"},
		{"{\"channel\":\"/chat/b/c\",\"data\":[3]}\n{\"data\":5}\n{\"channel\":\"/meta/x\",\"data\":1}\n", []string{"-"}, 1, "line 3 on /meta/x"},
		{"", []string{"/chat/d", `"bayeux"`, "--bayeux=" + endpoint}, 0, ""},
		{"", []string{"/chat/d", "{\n\"lines\": 2\n}"}, 0, ""},
	}
	for _, step := range steps {
		code, _, stderr := halley(t, step.stdin, append([]string{"pub", "--server=" + internal}, step.args...)...)
		if code != step.code || !strings.Contains(stderr, step.err) {
			t.Errorf("pub %v: exit %d, %s", step.args, code, stderr)
		}
	}
	if code := <-sub.code; code != 0 {
		t.Errorf("sub: exit %d, %s", code, sub.log)
	}
	want := `{"channel":"/chat/a","data":{"p": 1.10, "n":12345678901234567890}}
{"channel":"/chat/a","data":1}
{"channel":"/chat/a","data":"b"}
{"channel":"/chat/b/c","data":[3]}
{"channel":"/chat/d","data":"bayeux"}
{"channel":"/chat/d","data":{"lines":2}}
`
	if got := sub.out.String(); got != want {
		t.Errorf("printed\n%swant\n%s", got, want)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("serve: exit %d, %s", code, s.log)
	}
}

// recorded names the recorded feed: $HALLEY_FEED, by default a file beside the project, and a synthetic one
// where that is absent.
func recorded() string {
	name := cmp.Or(os.Getenv("HALLEY_FEED"), "../../../shared/data/trades-2013-10-07.csv.gz")
	if _, err := os.Stat(name); err != nil {
		return feed.Synthetic
	}
	return name
}

// Every subscriber has every row, in order, digit for digit.
func TestReplayReachesEveryone(t *testing.T) {
	t.Parallel()
	const subscribers, from, to = 5, 34_200_000, 34_210_000
	name := recorded()
	t.Logf("feed: %s", name)
	want := rows(t, name, from, to)
	s, endpoint, internal := server(t)
	var subs []*started
	for i := range subscribers {
		subs = append(subs, subscribe(t, endpoint, internal, i+1, "/stock/*", fmt.Sprintf("--count=%d", strings.Count(want, "\n"))))
	}
	code, out, stderr := halley(t, "", "pub", "--server="+internal, "--csv="+name, "--channel=/stock/{symbol}",
		"--time=ms_since_midnight", fmt.Sprint("--from=", from), fmt.Sprint("--to=", to), "--speed=20")
	if code != 0 || !strings.Contains(out, fmt.Sprintf("published %d, refused 0", strings.Count(want, "\n"))) {
		t.Errorf("pub: exit %d, %s %s", code, out, stderr)
	}
	for i, sub := range subs {
		if code := <-sub.code; code != 0 || sub.out.String() != want {
			t.Errorf("subscriber %d: exit %d, %d of %d bytes, %s", i, code, len(sub.out.String()), len(want), sub.log)
		}
	}
	if code := s.stop(); code != 0 {
		t.Errorf("serve: exit %d, %s", code, s.log)
	}
}

// rows is what a subscriber prints of a window of the feed.
func rows(t *testing.T, name string, from, to float64) string {
	t.Helper()
	f, err := feed.Open(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := feed.NewRows(f, feed.Options{Channel: "/stock/{symbol}", Time: "ms_since_midnight", From: &from, To: &to})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for {
		row, err := r.Next(nil)
		if err == io.EOF {
			return b.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "{\"channel\":%q,\"data\":%s}\n", row.Channel, row.Data)
	}
}

func TestReplayCountsBadRows(t *testing.T) {
	s, _, internal := server(t)
	file := filepath.Join(t.TempDir(), "f.csv")
	text := "t,s\n1,A\nx,B\n3,C%\n4,D\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, stderr := halley(t, "", "pub", "--server="+internal, "--csv="+file, "/x/{s}", "--time=t")
	if code != 1 || !strings.Contains(out, "published 2, refused 2") {
		t.Errorf("exit %d, %s", code, out)
	}
	for _, want := range []string{"row on line 3: t is", "row on line 4 on /x/C%", "2 of 4 messages were refused"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("errors %s, want %q in them", stderr, want)
		}
	}
	s.stop()
}

// A message that several patterns have is printed once, but for the snapshots that
// come with each of them, and the demo's channels are the server's own.
func TestDemo(t *testing.T) {
	s, endpoint, internal := server(t, "--demo", "--demo-rate=500", "--internal-key=k")
	code, out, stderr := halley(t, "", "sub", "--server="+endpoint, "/stock/*", "/stock/HLY", "/**", "--count=100")
	seen, channels := map[string]bool{}, map[string]bool{}
	for l := range strings.Lines(out) {
		var m struct {
			Channel string
			Data    struct {
				Symbol string
				Price  float64
			}
		}
		if err := json.Unmarshal([]byte(l), &m); err != nil || m.Channel != "/stock/"+m.Data.Symbol || m.Data.Price <= 0 {
			t.Errorf("line %s: %v", l, err)
		}
		seen[l], channels[m.Channel] = true, true
	}
	if again := 100 - len(seen); code != 0 || again > 2*len(channels) || len(channels) > 20 {
		t.Errorf("exit %d, %d lines again of %d channels, %s", code, again, len(channels), stderr)
	}
	code, _, stderr = halley(t, "", "pub", "/stock/HLY", "1", "--bayeux="+endpoint)
	if code != 1 || !strings.Contains(stderr, "403:") {
		t.Errorf("a session published to the demo: exit %d, %s", code, stderr)
	}
	code, _, stderr = halley(t, "", "pub", "/chat/x", "1", "--server="+internal)
	if code != 1 || !strings.Contains(stderr, "401") {
		t.Errorf("published without the key: exit %d, %s", code, stderr)
	}
	t.Setenv("HALLEY_INTERNAL_KEY", "k")
	if code, _, stderr = halley(t, "", "pub", "/chat/x", "-1", "--server="+internal); code != 2 {
		t.Errorf("-1 without --: exit %d, %s", code, stderr)
	}
	if code, _, stderr = halley(t, "", "pub", "--server="+internal, "--", "/chat/x", "-1"); code != 0 {
		t.Errorf("with the key: exit %d, %s", code, stderr)
	}
	s.stop()
}

// The keys of back-ends are read again when their file changes, and stay as they are if it is bad.
func TestKeysAreReadAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("orders first-0123456789 publish=/orders/* listings metrics\n")
	s, _, internal := server(t, "--internal-keys="+path)
	ask := func(k string) int {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, internal+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+k)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if text, _ := io.ReadAll(answer.Body); answer.StatusCode == 200 && !strings.Contains(string(text), `halley_internal_key_requests_total{key="orders"}`) {
			t.Errorf("the metrics name no key: %s", text)
		}
		return answer.StatusCode
	}
	if got := ask("first-0123456789"); got != 200 {
		t.Fatalf("%d, %s", got, s.log)
	}
	for channel, want := range map[string]int{"/orders/1": 0, "/stock/A": 1} {
		if code, _, stderr := halley(t, "", "pub", channel, "1", "--server="+internal, "--internal-key=first-0123456789"); code != want || code == 1 && !strings.Contains(stderr, "not good for this channel") {
			t.Errorf("%s: exit %d, %s", channel, code, stderr)
		}
	}
	write("orders")
	eventually(t, func() bool { return strings.Contains(s.log.String(), "what was read before stays in force") }, s.log)
	if got := ask("first-0123456789"); got != 200 {
		t.Errorf("after a bad file: %d", got)
	}
	write("orders second-0123456789 metrics\n")
	eventually(t, func() bool { return ask("second-0123456789") == 200 }, s.log)
	if got := ask("first-0123456789"); got != 401 {
		t.Errorf("the old key: %d", got)
	}
	if log := s.log.String(); !strings.Contains(log, "changed orders") || !strings.Contains(log, "others may read") || strings.Contains(log, "0123456789") {
		t.Error(log)
	}
	s.stop()
}

func TestSubEnds(t *testing.T) {
	t.Parallel()
	s, endpoint, internal := server(t)
	sub := subscribe(t, endpoint, internal, 1, "/a", "--timeout=1m")
	if code := sub.stop(); code != 0 {
		t.Errorf("interrupted: exit %d, %s", code, sub.log)
	}
	sub = subscribe(t, endpoint, internal, 1, "/b", "--timeout=1m", "--count=2")
	if code := sub.stop(); code != 1 || !strings.Contains(sub.log.String(), "0 of 2 messages came") {
		t.Errorf("interrupted before the count: exit %d, %s", code, sub.log)
	}
	if code, _, _ := halley(t, "", "sub", "--server="+endpoint, "/a", "--timeout=100ms", "--count=2"); code != 1 {
		t.Errorf("timed out before the count: exit %d", code)
	}
	if code, _, stderr := halley(t, "", "sub", "--server="+endpoint, "/meta/connect"); code != 1 || !strings.Contains(stderr, "403:") {
		t.Errorf("a meta channel: exit %d, %s", code, stderr)
	}
	s.stop()
}

// A subscriber outlives the server's restart.
func TestSubSurvivesRestart(t *testing.T) {
	t.Parallel()
	s, endpoint, internal := serverAt(t, unused(t), "--drain-timeout=500ms")
	sub := subscribe(t, endpoint, internal, 1, "/chat/a", "--count=2")
	halley(t, "", "pub", "/chat/a", "1", "--server="+internal)
	if code := s.stop(); code != 0 {
		t.Errorf("serve: exit %d, %s", code, s.log)
	}
	address := strings.TrimSuffix(strings.TrimPrefix(endpoint, "http://"), "/bayeux")
	s, _, internal = serverAt(t, address)
	eventually(t, func() bool { return strings.Contains(get(t, internal+"/channels"), "/chat/a") }, sub.log)
	halley(t, "", "pub", "/chat/a", "2", "--server="+internal)
	if code := <-sub.code; code != 0 {
		t.Errorf("sub: exit %d, %s", code, sub.log)
	}
	if got, want := sub.out.String(), "{\"channel\":\"/chat/a\",\"data\":1}\n{\"channel\":\"/chat/a\",\"data\":2}\n"; got != want {
		t.Errorf("printed %s, want %s", got, want)
	}
	s.stop()
}
