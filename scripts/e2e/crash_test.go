//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// crashes is how often the server is killed in the middle of a feed.
const crashes = 3

// A server with a history file is killed again and again while a feed goes
// through it, and while the file is written anew for the sake of another channel:
// each subscriber has each number once, in order, and none is missing that was
// acknowledged to the publisher; the file has them all; no id stands for two
// messages; and a cursor that is forgotten is told so still. This holds whatever
// --history-sync says, since what is written outlives the process; what it does
// for a loss of power is tested in package loop, with a disk that forgets.
func TestNothingLostByCrashes(t *testing.T) {
	for _, sync := range []string{"always", "interval", "never"} {
		t.Run("sync "+sync, func(t *testing.T) {
			t.Parallel()
			crash(t, sync)
		})
	}
}

func crash(t *testing.T, sync string) {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	file := filepath.Join(t.TempDir(), "history")
	s := &mortal{listen: freeAddress(t), internal: freeAddress(t), flags: []string{
		"--rule=/feed history=100000", "--rule=/noise/* history=10", "--history-file=" + file, "--history-sync=" + sync, "--loops=2"}}
	s.start(t, ctx)
	defer func() { s.kill() }()
	var subs []*follower
	for _, transport := range []string{"long-polling", "websocket", "eventsource", "events"} {
		subs = append(subs, followBy(t, ctx, s, transport))
	}
	var count atomic.Int64
	more := func(numbers int) {
		end := count.Load() + int64(numbers)
		eventually(t, ctx, "numbers to be acknowledged", func() bool { return count.Load() >= end })
	}
	stop, published := make(chan struct{}), make(chan []int, 1)
	go func() { published <- publishUntil(ctx, s, stop, &count) }()
	forgotten := ""
	for n := range crashes {
		more(60)
		time.Sleep(rand.N(300 * time.Millisecond)) // between any two requests or in one, and any two writes
		if n == 0 {
			more(5 * earlyNoise)
			forgotten, _ = s.events(t, ctx, "/feed", "-2").next()
			eventually(t, ctx, "the early noise to leave the file", func() bool { return s.rewritten(t, ctx, file) })
		}
		s.kill()
		time.Sleep(100 * time.Millisecond)
		s.start(t, ctx)
	}
	more(60)
	close(stop)
	acknowledged := <-published
	last := acknowledged[len(acknowledged)-1]
	seen := ids{}
	for _, f := range subs {
		if err := f.judge(ctx, acknowledged, last, seen); err != nil {
			t.Errorf("%s: %v\n%s", f.transport, err, f.log.String())
		}
	}
	if err := kept(s.events(t, ctx, "/feed", "-2"), acknowledged, seen); err != nil {
		t.Errorf("in the file: %v", err)
	}
	if status := s.events(t, ctx, "/noise/early", forgotten).status; forgotten == "" || status != http.StatusBadRequest {
		t.Errorf("the forgotten cursor %q: status %d", forgotten, status)
	}
	t.Logf("%d numbers acknowledged", len(acknowledged))
}

// rewritten tells whether the file has been written anew, without the early noise, of which there was enough for that.
func (s *mortal) rewritten(t *testing.T, ctx context.Context, file string) bool {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	early := int64(earlyNoise * noiseBatch * len(`{"channel":"/noise/early","data":0}`))
	return s.figure(t, ctx, "halley_history_rewrites_total") > 0 && info.Size() < early
}

// ids are which message each id stands for, whoever has seen it.
type ids map[int64]int64

// note notes that id stands for a message, and fails if it did for another one.
func (s ids) note(id, data int64) error {
	if other, ok := s[id]; ok && other != data {
		return fmt.Errorf("id %d stands for %d and for %d", id, data, other)
	}
	s[id] = data
	return nil
}

// stream is an event-stream without Bayeux, read as it comes.
type stream struct {
	status int
	lines  *bufio.Scanner
}

// events asks for a channel's event-stream from a cursor on.
func (s *mortal) events(t *testing.T, ctx context.Context, channel, after string) *stream {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, "GET", "http://"+s.listen+"/events?channel="+channel+"&lastEventId="+after, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return &stream{response.StatusCode, bufio.NewScanner(response.Body)}
}

// next returns the next event's id and message, both empty at the end.
func (s *stream) next() (id, message string) {
	for s.lines.Scan() {
		if text, ok := strings.CutPrefix(s.lines.Text(), "id: "); ok {
			id = text
		}
		if text, ok := strings.CutPrefix(s.lines.Text(), "data: "); ok {
			return id, text
		}
	}
	return "", ""
}

// kept reads what is kept up to the last message that was acknowledged: each is
// there once and in order.
func kept(s *stream, acknowledged []int, seen ids) error {
	var id, before int64 = 0, -1
	for i := 0; i < len(acknowledged); {
		_, text := s.next()
		var m numbered
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			return fmt.Errorf("%q with %d of %d: %w", text, i, len(acknowledged), err)
		}
		if err := m.follows(id, before); err != nil {
			return err
		}
		if err := seen.note(m.ReplayID, m.Data); err != nil {
			return err
		}
		switch n := int64(acknowledged[i]); {
		case m.Data > n:
			return fmt.Errorf("%d is missing of %d that were acknowledged", n, len(acknowledged))
		case m.Data == n:
			i++
		}
		id, before = m.ReplayID, m.Data
	}
	return nil
}

// numbered is a message of the feed.
type numbered struct {
	ReplayID int64 `json:"replayId"`
	Data     int64 `json:"data"`
}

func (m numbered) follows(id, before int64) error {
	if m.ReplayID <= id || m.Data <= before {
		return fmt.Errorf("%d with id %d after %d with id %d", m.Data, m.ReplayID, before, id)
	}
	return nil
}

// mortal is a server that is killed and comes back at the same addresses.
type mortal struct {
	listen, internal string
	key              string // that its internal listener asks for, if it does
	flags            []string
	environment      []string // beside the test's own
	command          *exec.Cmd
	log              output
}

func (s *mortal) start(t *testing.T, ctx context.Context) {
	t.Helper()
	arguments := append([]string{"serve", "--listen=" + s.listen, "--internal=" + s.internal}, s.flags...)
	s.command = exec.Command(binary(t), arguments...)
	s.command.Env = append(os.Environ(), s.environment...)
	s.command.Stderr = &s.log
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.log.String())
		}
	})
	eventually(t, ctx, "the server to be ready", func() bool {
		page, err := s.get(ctx, "/metrics")
		return err == nil && strings.Contains(page, "\nhalley_panics_total 0\n") && strings.Contains(page, "\nhalley_ready 1\n")
	})
}

// kill ends the server as a crash does.
func (s *mortal) kill() {
	_ = s.command.Process.Kill()
	_ = s.command.Wait() // killed, that is
}

// publishUntil publishes numbers, one a request, and returns those that the server
// has acknowledged, each of which it counts. Now and then it publishes what is soon forgotten.
func publishUntil(ctx context.Context, s *mortal, stop <-chan struct{}, count *atomic.Int64) (acknowledged []int) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return acknowledged
		case <-ctx.Done():
			return acknowledged
		case <-time.After(2 * time.Millisecond):
		}
		switch {
		case n%5 == 0 && n/5 < earlyNoise:
			s.publish(noise("/noise/early"))
		case n%20 == 0:
			s.publish(noise("/noise/late"))
		}
		if s.publish(fmt.Sprintf(`{"channel":"/feed","data":%d}`, n)) {
			acknowledged = append(acknowledged, n)
			count.Add(1)
		}
	}
}

// Noise is enough for the file to be written anew.
const (
	noiseBatch = 500
	earlyNoise = 22 // batches
)

func noise(channel string) string {
	one := fmt.Sprintf(`{"channel":%q,"data":0}`, channel)
	return "[" + strings.Repeat(one+",", noiseBatch-1) + one + "]"
}

// publish tells whether the server has acknowledged what is published.
func (s *mortal) publish(body string) bool {
	_, err := s.ask(context.Background(), http.MethodPost, "/publish", body)
	return err == nil
}

// follower is a `halley sub` that prints to out.
type follower struct {
	transport string
	out, log  output
}

// output may be read while it is written.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func followBy(t *testing.T, ctx context.Context, s *mortal, transport string) *follower {
	t.Helper()
	f := &follower{transport: transport}
	command := exec.CommandContext(ctx, binary(t), "sub", "/feed", "--since=earliest", "--transport="+transport,
		"--server=http://"+s.listen+"/bayeux")
	command.Stdout, command.Stderr = &f.out, &f.log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // killed, that is
	})
	return f
}

// judge waits until the last number has come, and compares.
func (f *follower) judge(ctx context.Context, acknowledged []int, last int, seen ids) error {
	for !strings.Contains(f.out.String(), fmt.Sprintf(`"data":%d}`, last)) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %d", last)
		case <-time.After(20 * time.Millisecond):
		}
	}
	var id, before int64 = 0, -1
	got := make(map[int64]bool)
	for _, line := range strings.Split(strings.TrimSpace(f.out.String()), "\n") {
		var m numbered
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
		if err := errors.Join(m.follows(id, before), seen.note(m.ReplayID, m.Data)); err != nil {
			return err
		}
		id, before = m.ReplayID, m.Data
		got[m.Data] = true
	}
	for _, n := range acknowledged {
		if !got[int64(n)] {
			return fmt.Errorf("%d is missing of %d that were acknowledged", n, len(acknowledged))
		}
	}
	return nil
}
