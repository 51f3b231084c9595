package feeds

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"halley/bayeux/channel"
	"halley/loop/hops"
	"halley/loop/settings"
	"halley/scripts/loopback"
)

// natsServer runs a NATS server with JetStream until the test ends.
func natsServer(t testing.TB, o server.Options) *server.Server {
	t.Helper()
	o.Host, o.NoLog, o.NoSigs, o.JetStream = loopback.Host(), true, true, true
	if o.Port == 0 {
		o.Port = server.RANDOM_PORT
	}
	if o.StoreDir == "" {
		o.StoreDir = t.TempDir()
	}
	s, err := server.NewServer(&o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { stop(s) })
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("NATS is not ready")
	}
	return s
}

func stop(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// publisher is a client of NATS that is nothing to do with the feeds.
func publisher(t testing.TB, s *server.Server) *nats.Conn {
	t.Helper()
	link, err := nats.Connect(s.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	return link
}

// halley is a server as feeds see it: what was published, and told.
type halley struct {
	mu       sync.Mutex
	got      []string
	missed   []string
	troubles map[string]string
	kept     string // pattern of channels with a history
	fail     func(batch []Publication) error
}

func (h *halley) Publish(batch []Publication) error {
	if h.fail != nil { // it may wait
		if err := h.fail(batch); err != nil {
			return err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range batch {
		text := fmt.Sprintf("%s %s", p.Channel, p.Data)
		if p.Binary {
			text += " binary"
		}
		if len(p.Trail.Via) > 0 {
			text += fmt.Sprintf(" via %d", len(p.Trail.Via))
		}
		if p.Here {
			text += " here"
		}
		h.got = append(h.got, text)
	}
	return nil
}

func (h *halley) Kept(name []byte) bool { return h.kept != "" && channel.Matches([]byte(h.kept), name) }

func (h *halley) TellMissed(_ context.Context, pattern string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.missed = append(h.missed, pattern)
}

func (h *halley) Trouble(part, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.troubles == nil {
		h.troubles = make(map[string]string)
	}
	h.troubles[part] = why
}

func (h *halley) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.got)
}

func (h *halley) gaps() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.missed)
}

func (h *halley) trouble(part string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.troubles[part]
}

// expect waits until exactly this was published.
func (h *halley) expect(t testing.TB, want ...string) {
	t.Helper()
	eventually(t, func() bool { return len(h.all()) >= len(want) }, func() string { return fmt.Sprintf("got %q", h.all()) })
	if got := h.all(); !slices.Equal(got, want) {
		t.Fatalf("got %q\nwant %q", got, want)
	}
}

// eventually waits for a condition, which something else brings about.
func eventually(t testing.TB, is func() bool, say ...func() string) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			for _, f := range say {
				t.Error(f())
			}
			t.Fatal("it does not come about")
		}
	}
}

// come waits for figures of the first import: what has come is counted a moment after it was published.
func (f *Feeds) come(t testing.TB, is func(Import) bool) {
	t.Helper()
	of := func() Import { return f.Figures().Imports[0] }
	eventually(t, func() bool { return is(of()) }, func() string { return fmt.Sprintf("%+v", of()) })
}

// start runs feeds until the test ends, or end is called.
func start(t testing.TB, s *server.Server, h *halley, change func(*Settings, *Options)) (f *Feeds, end func()) {
	t.Helper()
	set := Settings{URL: settings.Secret(s.ClientURL()), Name: "test", Buffer: 1 << 20, Required: true}
	o := Options{Node: hops.New(nil), MaxMessage: 1000, MaxDepth: 10, Log: slog.New(slog.DiscardHandler), Limits: channel.Limits{MaxLength: 200, MaxSegments: 16}}
	change(&set, &o)
	f, err := New(set, o)
	if err != nil {
		t.Fatal(err)
	}
	before := connected(t, s, f)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.Run(ctx, h)
	}()
	end = func() {
		cancel()
		<-done
	}
	t.Cleanup(end)
	eventually(t, func() bool { return f.Figures().Connected && connected(t, s, f) > before })
	return f, end
}

// connected is how many connections of the name of feeds have all their subscriptions of core NATS.
func connected(t testing.TB, s *server.Server, f *Feeds) (n int) {
	t.Helper()
	own := uint32(0)
	for _, i := range f.imports {
		if i.stream == "" {
			own++
		}
	}
	all, err := s.Connz(&server.ConnzOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all.Conns {
		if c.Name == "halley "+f.settings.Name && c.NumSubs >= own {
			n++
		}
	}
	return n
}

// flush waits until a server has what was published.
func flush(t testing.TB, link *nats.Conn) {
	t.Helper()
	if err := link.Flush(); err != nil {
		t.Fatal(err)
	}
}

func send(t testing.TB, link *nats.Conn, subject, data string) {
	t.Helper()
	if err := link.Publish(subject, []byte(data)); err != nil {
		t.Fatal(err)
	}
}

// write writes a file, and returns its name.
func write(t testing.TB, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

var errBusy = errors.New("busy")

func lines(text ...string) []string { return text }

func contains(list []string, part string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, part) })
}
