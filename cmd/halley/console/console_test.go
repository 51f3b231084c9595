package console

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-json"
	"go.uber.org/goleak"

	"halley/cmd/halley/console/samples"
	"halley/loop"
	"halley/loop/metric"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

// fake is a server whose figures a test sets.
type fake struct {
	mu      sync.Mutex
	stats   loop.Stats
	reasons []string
	around  Surroundings
	asked   struct{ stats, slow, top int }
}

func (f *fake) Stats() loop.Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked.stats++
	s := f.stats
	s.Loops = slices.Clone(s.Loops)
	return s
}

func (f *fake) Around() Surroundings { return f.around }

func (f *fake) Unready() []string { return f.reasons }

func (f *fake) Slow(context.Context, int) ([]loop.SlowClient, error) {
	f.asked.slow++
	return []loop.SlowClient{{Session: "s1", Address: "10.0.0.1:5", Type: "websocket", Bytes: 7, StuckMs: 8}}, nil
}

func (f *fake) Top(context.Context, int) ([]loop.ChannelRate, error) {
	f.asked.top++
	return []loop.ChannelRate{{Channel: "/a", Events: 4, Given: 400}}, errors.New("a loop is stuck")
}

// While nobody looks a row is added now and then, and nothing else is asked for. A page gets a view each second, with the rates of
// that second and the row that came with it.
func TestBeats(t *testing.T) {
	f := &fake{reasons: []string{"draining"}}
	f.stats.Loops = make([]loop.LoopStats, 2)
	notes := new(Notes)
	c := New(f, About{"halley v1", "host"}, notes)
	now := time.UnixMilli(1_000_000)
	live := read(now, f.Stats(), Surroundings{})
	row := live
	beat := func() {
		now = now.Add(time.Second)
		f.stats.Delivered += 100
		f.stats.Loops[1].Busy += 250 * time.Millisecond
		live, row = c.beat(t.Context(), now, live, row)
	}
	for range 20 {
		beat()
	}
	if f.asked.stats != 1+20/5 || f.asked.slow+f.asked.top > 0 {
		t.Errorf("while nobody looked: %+v", f.asked)
	}
	if table := c.ring.Table(); table.Number != 4 || !slices.Equal(table.Columns["delivered"], []float64{100, 100, 100, 100}) || table.Columns["busy"][3] != 0.25 {
		t.Errorf("the ring has %+v", table)
	}

	w := &watch{endpoint: c.endpoint, t: t}
	w.id, _ = w.say(`[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]`)[0]["clientId"].(string)
	w.say(w.connect())
	w.say(w.message("/meta/subscribe", `,"subscription":"`+figuresChannel+`"`))
	beat() // the first one since the last row
	slog.New(notes.Over(slog.DiscardHandler)).Warn("careful", "why", "so")
	f.stats.QueueDropped = 3
	beat()
	var rows int
	var last view
	for _, message := range w.say(w.connect()) {
		if message["channel"] != figuresChannel {
			continue
		}
		last = view{}
		text, _ := json.Marshal(message["data"])
		if err := json.Unmarshal(text, &last); err != nil {
			t.Fatal(err)
		}
		if last.Row != nil {
			rows++
		}
	}
	if rows != 0 || last.Now["delivered"] != 100 || last.Now["lost"] != 3 || last.At != now.UnixMilli() || len(last.Loops) != 2 || last.Loops[1].Busy != 0.25 {
		t.Errorf("%d rows, %+v", rows, last)
	}
	if last.Health.Level != bad || !slices.Equal(last.Health.Reasons, []string{"draining", "Messages are being lost"}) {
		t.Errorf("health %+v", last.Health)
	}
	if !slices.Equal(last.Top, []channelNow{{"/a", 4, 400}}) || !slices.Equal(last.Slow, []slowNow{{"s1", "10.0.0.1:5", "websocket", 7, 8}}) {
		t.Errorf("top %v, slow %v", last.Top, last.Slow)
	}
	if len(last.Notes) != 1 || last.Notes[0].Text != "careful why=so" || last.Notes[0].Level != "warning" {
		t.Errorf("notes %v", last.Notes)
	}
	for range 3 {
		beat()
	}
	for _, message := range w.say(w.connect()) {
		if data, is := message["data"].(map[string]any); is && data["row"] != nil {
			rows++
		}
	}
	if rows != 1 {
		t.Errorf("%d rows came within five seconds", rows)
	}
}

// The hour is there at once, for whoever opens the page.
func TestHour(t *testing.T) {
	c := New(new(fake), About{"halley v1", "host"}, new(Notes))
	c.ring.Add(time.UnixMilli(5000), change{read(time.Now(), loop.Stats{}, Surroundings{}), read(time.Now(), loop.Stats{}, Surroundings{})}.row())
	text, err := c.Hour()
	var got hour
	if err != nil || json.Unmarshal(text, &got) != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if got.Version != "halley v1" || got.Host != "host" || got.Channel != figuresChannel || len(got.Table.At) != 1 || len(got.Table.Columns) != len(columns()) {
		t.Errorf("%+v", got)
	}
}

// Run ends with its context, and lets go of who waits.
func TestRunEnds(t *testing.T) {
	c := New(new(fake), About{}, new(Notes))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { c.Run(ctx); close(done) }()
	cancel()
	select {
	case <-done:
	case <-time.After(deadline):
		t.Fatal("Run goes on")
	}
	if _, err := c.Talk(t.Context(), []byte("[]")); !errors.Is(err, errClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// Every figure that the console names is one that the server has: a counter that is renamed is renamed here.
func TestFiguresThatAreNamedExist(t *testing.T) {
	known := make(map[string]bool)
	for _, m := range metric.List(&loop.Stats{}) {
		known[m.Name] = true
	}
	for _, tr := range troubles() {
		name, label, labelled := strings.Cut(tr.metric, " ")
		if labelled && !slices.Contains(causes(), label) {
			t.Errorf("no client is refused for %q", label)
		}
		if !known[name] || !strings.HasSuffix(name, "_total") || tr.what == "" {
			t.Errorf("%+v is no counter", tr)
		}
	}
	all := read(time.Now(), loop.Stats{}, Surroundings{}).values
	for _, name := range []string{"connections", "sessions", "messages_published_total", "messages_delivered_total", "messages_received_total",
		"received_bytes_total", "sent_bytes_total", "queue_messages", "memory_bytes", "max_connections", "kept_bytes queues", "history_events_read_total"} {
		if _, has := all[name]; !has {
			t.Errorf("there is no %s", name)
		}
	}
	for _, name := range strings.Fields("panics_total connections_refused_total memory_refused_total slow_closed_total handshakes_damped_total") {
		if !known[name] {
			t.Errorf("a concern looks at %s, which there is not", name)
		}
	}
}

// causes are those for which clients are refused.
func causes() (names []string) {
	for i := range len(loop.ByCause{}) {
		names = append(names, loop.ByCause{}.Label(i))
	}
	return names
}

// Each concern is told while it lasts and for a minute after; what is usual is well.
func TestVerdict(t *testing.T) {
	usual := func() loop.Stats {
		s := loop.Stats{Connections: 5, MostConnected: 100}
		s.Loops = make([]loop.LoopStats, 1)
		return s
	}
	for words, unusual := range map[string]func(*loop.Stats){
		"A panic was recovered: a fault of this server":          func(s *loop.Stats) { s.Panics = 1 },
		"Messages are being lost":                                func(s *loop.Stats) { s.Shed = 1 },
		"Connections are refused: --max-connections is reached":  func(s *loop.Stats) { s.Refused = 1 },
		"Nearly as many connections as --max-connections allows": func(s *loop.Stats) { s.Connections = 91 },
		"Publishes and sessions are refused: memory is short":    func(s *loop.Stats) { s.MemoryRefused = 1 },
		"An event loop is behind":                                func(s *loop.Stats) { s.Loops[0].Lag = time.Second },
		"An event loop has little time left":                     func(s *loop.Stats) { s.Loops[0].Busy = 900 * time.Millisecond },
		"Clients that do not read are being closed":              func(s *loop.Stats) { s.SlowClosed = 1 },
		"Handshakes of a storm are refused":                      func(s *loop.Stats) { s.Damped = 1 },
		"Turns of the event loops are long": func(s *loop.Stats) {
			for range manyTurns {
				s.Loops[0].Lengths.Observe(time.Second)
			}
		},
	} {
		d, now := newDoctor(), time.Now()
		d.examine(change{read(now, usual(), Surroundings{}), read(now.Add(time.Second), usual(), Surroundings{})})
		if h := d.verdict(read(now, usual(), Surroundings{}), nil); h.Level != well || len(h.Reasons) > 0 {
			t.Errorf("usual: %+v", h)
		}
		s := usual()
		unusual(&s)
		now = now.Add(time.Second)
		d.examine(change{read(now.Add(-time.Second), usual(), Surroundings{}), read(now, s, Surroundings{})})
		if h := d.verdict(read(now.Add(stays-1), s, Surroundings{}), nil); h.Level != attention || !slices.Equal(h.Reasons, []string{words}) {
			t.Errorf("%s: %+v", words, h)
		}
		if h := d.verdict(read(now.Add(stays), s, Surroundings{}), []string{"not listening"}); h.Level != bad || !slices.Equal(h.Reasons, []string{"not listening"}) {
			t.Errorf("a minute after %s: %+v", words, h)
		}
	}
}

// What the server keeps for the console does not grow.
func TestRingHoldsAnHour(t *testing.T) {
	if bytes := samples.Kept * (8 + 4*len(columns())); bytes > 64<<10 {
		t.Errorf("an hour takes %d bytes", bytes)
	}
}
