package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// What is kept comes first, numbered, and then what is live; on the plain
// event-stream too.
func TestSubSince(t *testing.T) {
	t.Parallel()
	s, endpoint, internal := server(t, "--rule=/h/** history=100")
	publish := func(n int) {
		t.Helper()
		if code, _, stderr := halley(t, "", "pub", fmt.Sprint("/h/", n%2), fmt.Sprint(n), "--server="+internal); code != 0 {
			t.Fatalf("pub: %d, %s", code, stderr)
		}
	}
	published := 4
	for n := 1; n <= published; n++ {
		publish(n)
	}
	number := firstNumber(t, endpoint, "/h/*")
	line := func(n int) string {
		return fmt.Sprintf("{\"channel\":\"/h/%d\",\"replayId\":%d,\"data\":%d}\n", n%2, number+n-1, n)
	}
	for _, tt := range []struct {
		args []string
		from int
	}{
		{[]string{"/h/*", "--since=tip", "--transport=eventsource"}, 5},
		{[]string{"/h/*", "--since=earliest"}, 1},
		{[]string{"/h/*", fmt.Sprint("--since=", number+1), "--transport=websocket"}, 3},
		{[]string{"/h/*", fmt.Sprint("--since=", number+2), "--transport=events"}, 4},
	} {
		sub := start(t, append([]string{"sub", "--server=" + endpoint}, tt.args...)...)
		if tt.from > published {
			eventually(t, func() bool { return strings.Contains(get(t, internal+"/channels"), "/h/*") }, sub.log)
		}
		want := ""
		for n := tt.from; n <= published; n++ {
			want += line(n)
		}
		eventually(t, func() bool { return sub.out.String() == want }, sub.log)
		published++
		publish(published)
		want += line(published)
		eventually(t, func() bool { return sub.out.String() == want }, sub.log)
		if code := sub.stop(); code != 0 {
			t.Errorf("%v: exit %d, %s", tt.args, code, sub.log)
		}
	}
	code, _, stderr := halley(t, "", "sub", "/h/x", "--since=999", "--server="+endpoint)
	if code != 1 || !strings.Contains(stderr, "The replayId {999} you provided was invalid") {
		t.Errorf("a cursor that stands for nothing: exit %d, %s", code, stderr)
	}
	s.stop()
}

// firstNumber is the number of the first message that is kept of a pattern.
func firstNumber(t *testing.T, endpoint, pattern string) (number int) {
	t.Helper()
	code, stdout, stderr := halley(t, "", "sub", pattern, "--since=earliest", "--count=1", "--server="+endpoint)
	var m struct {
		ReplayID int `json:"replayId"`
	}
	if err := json.Unmarshal([]byte(stdout), &m); err != nil || code != 0 {
		t.Fatalf("exit %d: %v, %s", code, err, stderr)
	}
	return m.ReplayID
}

// A subscriber goes on where it was when the server comes back with its history.
func TestSubSinceSurvivesRestart(t *testing.T) {
	t.Parallel()
	file := "--history-file=" + t.TempDir() + "/history"
	s, endpoint, internal := serverAt(t, unused(t), "--rule=/h history=100", file, "--drain-timeout=100ms")
	sub := subscribe(t, endpoint, internal, 1, "/h", "--since=earliest", "--count=6")
	for n := 1; n <= 3; n++ {
		halley(t, "", "pub", "/h", fmt.Sprint(n), "--server="+internal)
	}
	eventually(t, func() bool { return strings.Count(sub.out.String(), "\n") == 3 }, sub.log)
	s.stop()
	address := strings.TrimSuffix(strings.TrimPrefix(endpoint, "http://"), "/bayeux")
	s, _, internal = serverAt(t, address, "--rule=/h history=100", file)
	for n := 4; n <= 6; n++ {
		halley(t, "", "pub", "/h", fmt.Sprint(n), "--server="+internal)
	}
	if code := <-sub.code; code != 0 {
		t.Errorf("exit %d, %s", code, sub.log)
	}
	last := int64(0)
	for i, line := range strings.Split(strings.TrimSpace(sub.out.String()), "\n") {
		var m struct {
			ReplayID int64 `json:"replayId"`
			Data     int   `json:"data"`
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.Data != i+1 || m.ReplayID <= last {
			t.Errorf("line %d is %s (%v)", i+1, line, err)
		}
		last = m.ReplayID
	}
	s.stop()
}

// A slow subscriber has the first and the last message and few between.
func TestSubRate(t *testing.T) {
	t.Parallel()
	s, endpoint, internal := server(t)
	const messages = 200
	var lines strings.Builder
	for n := 1; n <= messages; n++ {
		fmt.Fprintln(&lines, n)
	}
	first, last := "{\"channel\":\"/a\",\"data\":1}\n", fmt.Sprintf("{\"channel\":\"/a\",\"data\":%d}\n", messages)
	for _, args := range [][]string{{"--rate=2/s"}, {"--conflate"}} {
		begin := time.Now()
		sub := subscribe(t, endpoint, internal, 1, append([]string{"/a"}, args...)...)
		if code, _, stderr := halley(t, lines.String(), "pub", "/a", "-", "--server="+internal); code != 0 {
			t.Fatalf("pub: %d, %s", code, stderr)
		}
		eventually(t, func() bool { return strings.HasSuffix(sub.out.String(), last) }, sub.log)
		got := sub.out.String()
		// One at a time and one more for each turn that can have passed.
		if most := 3 + int(time.Since(begin)/(50*time.Millisecond)); !strings.HasPrefix(got, first) || strings.Count(got, "\n") > min(most, messages-1) {
			t.Errorf("%v: printed %d lines: %s", args, strings.Count(got, "\n"), got)
		}
		sub.stop()
		eventually(t, func() bool { return !strings.Contains(get(t, internal+"/channels"), "/a") }, sub.log)
	}
	s.stop()
}

func TestSubFlagsAreChecked(t *testing.T) {
	for _, args := range [][]string{
		{"--since=yesterday"}, {"--since=0"}, {"--since=-1"}, {"--rate=5"}, {"--rate=0/s"}, {"--rate=NaN/s"}, {"--rate=5/m"},
		{"--since=x", "--transport=events"}, {"--rate=5/s", "--transport=events"}, {"--conflate", "--transport=events"},
	} {
		if code, _, stderr := halley(t, "", append([]string{"sub", "/a"}, args...)...); code != 2 || !strings.Contains(stderr, args[0][:5]) {
			t.Errorf("%v: exit %d, %s", args, code, stderr)
		}
	}
}
