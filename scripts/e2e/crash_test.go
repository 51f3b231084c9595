//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// crashes is how often the server is killed in the middle of a feed.
const crashes = 3

// A server with a history file is killed again and again while a feed goes
// through it: each subscriber has each number once, in order, and none is missing
// that was acknowledged to the publisher.
func TestNothingLostByCrashes(t *testing.T) {
	for _, sync := range []string{"always", "never"} {
		t.Run("sync "+sync, func(t *testing.T) { crash(t, sync) })
	}
}

func crash(t *testing.T, sync string) {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := &mortal{listen: freeAddress(t), internal: freeAddress(t), flags: []string{
		"--rule=/feed history=100000", "--history-file=" + filepath.Join(t.TempDir(), "history"), "--history-sync=" + sync, "--loops=2"}}
	s.start(t, ctx)
	defer func() { s.kill() }()
	var subs []*follower
	for _, transport := range []string{"long-polling", "websocket", "eventsource", "events"} {
		subs = append(subs, followBy(t, ctx, s, transport))
	}
	stop, published := make(chan struct{}), make(chan []int, 1)
	go func() { published <- publishUntil(ctx, s, stop) }()
	for range crashes {
		time.Sleep(700 * time.Millisecond)
		s.kill()
		time.Sleep(100 * time.Millisecond)
		s.start(t, ctx)
	}
	time.Sleep(700 * time.Millisecond)
	close(stop)
	acknowledged := <-published
	if len(acknowledged) < 200 {
		t.Fatalf("only %d numbers were acknowledged", len(acknowledged))
	}
	last := acknowledged[len(acknowledged)-1]
	for _, f := range subs {
		if err := f.judge(ctx, acknowledged, last); err != nil {
			t.Errorf("%s: %v\n%s", f.transport, err, f.log.String())
		}
	}
	t.Logf("%d numbers acknowledged", len(acknowledged))
}

// mortal is a server that is killed and comes back at the same addresses.
type mortal struct {
	listen, internal string
	flags            []string
	command          *exec.Cmd
}

func (s *mortal) start(t *testing.T, ctx context.Context) {
	t.Helper()
	arguments := append([]string{"serve", "--listen=" + s.listen, "--internal=" + s.internal}, s.flags...)
	s.command = exec.Command(binary(t), arguments...)
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	(&process{internal: "http://" + s.internal}).await(t, ctx, "halley_panics_total 0")
}

// kill ends the server as a crash does.
func (s *mortal) kill() {
	_ = s.command.Process.Kill()
	_ = s.command.Wait() // killed, that is
}

// publishUntil publishes numbers, one a request, and returns those that the server
// has acknowledged.
func publishUntil(ctx context.Context, s *mortal, stop <-chan struct{}) (acknowledged []int) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return acknowledged
		case <-ctx.Done():
			return acknowledged
		case <-time.After(2 * time.Millisecond):
		}
		body := strings.NewReader(fmt.Sprintf(`{"channel":"/feed","data":%d}`, n))
		response, err := http.Post("http://"+s.internal+"/publish", "application/json", body)
		if err != nil {
			continue
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			acknowledged = append(acknowledged, n)
		}
	}
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
func (f *follower) judge(ctx context.Context, acknowledged []int, last int) error {
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
		var m struct {
			ReplayID int64 `json:"replayId"`
			Data     int64 `json:"data"`
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
		if m.ReplayID <= id || m.Data <= before {
			return fmt.Errorf("%d with id %d after %d with id %d", m.Data, m.ReplayID, before, id)
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
