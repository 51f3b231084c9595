package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"halley/bayeux/client"
	"halley/bayeux/event"
	"halley/loop/hops"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); {
		if time.Now().After(end) {
			t.Fatal("timed out waiting for ", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// fakeClient is the client of an upstream that a test plays.
type fakeClient struct {
	mu        sync.Mutex
	answers   []error // to the next requests, then all are taken
	during    func()  // is called once, while a request is under way
	sent      []string
	patterns  map[string]bool
	connected bool
}

func (f *fakeClient) Run(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func (f *fakeClient) Subscribe(_ context.Context, pattern string, _ client.Handler, _ ...client.SubscribeOption) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.patterns[pattern] = true
	return nil
}

func (f *fakeClient) Unsubscribe(_ context.Context, pattern string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.patterns, pattern)
	return nil
}

func (f *fakeClient) PublishBatch(_ context.Context, list []client.Message) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if during := f.during; during != nil {
		f.during = nil
		f.mu.Unlock()
		during()
		f.mu.Lock()
	}
	var err error
	if len(f.answers) > 0 {
		err, f.answers = f.answers[0], f.answers[1:]
	}
	text := ""
	for _, m := range list {
		text += string(m.Data) + " "
	}
	f.sent = append(f.sent, strings.TrimSpace(text))
	return err
}

func (f *fakeClient) Connected() bool                  { f.mu.Lock(); defer f.mu.Unlock(); return f.connected }
func (f *fakeClient) Disconnect(context.Context) error { return nil }

func (f *fakeClient) all() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.sent)
}

// fakeServer is this server.
type fakeServer struct {
	mu       sync.Mutex
	answers  []error
	got      []string
	missed   []string
	troubles map[string]string
}

func (f *fakeServer) Publish(batch []Publication) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.answers) > 0 {
		err := f.answers[0]
		f.answers = f.answers[1:]
		if err != nil {
			return err
		}
	}
	for _, p := range batch {
		f.got = append(f.got, fmt.Sprintf("%s %s %d", p.Channel, p.Data, len(p.Trail.Via)))
	}
	return nil
}

func (f *fakeServer) WatchChannels(watch func(string, bool)) {
	watch("/a/b", true)
	watch("/x", true)
}

func (f *fakeServer) TellMissed(_ context.Context, pattern string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.missed = append(f.missed, pattern)
	slices.Sort(f.missed)
}

func (f *fakeServer) Trouble(part, why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.troubles[part] = why
}

// rig is a router of one upstream with a fake at each end.
type rig struct {
	*upstream
	router *Router
	client *fakeClient
	server *fakeServer
}

const halleyNode = "00000000000000aa"

func newRig(t *testing.T, prepare func(*rig)) *rig {
	s := Settings{Upstreams: []string{"http://up.test/bayeux"}, Routes: []string{"/a/** both"}, Buffer: 1 << 20, Required: true}
	router, err := New(s, hops.New(nil), quiet())
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{router.upstreams[0], router, &fakeClient{patterns: make(map[string]bool)}, &fakeServer{troubles: make(map[string]string)}}
	r.upstream.client = r.client
	if prepare != nil {
		prepare(r)
	}
	router.Begin(r.server)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan bool)
	go func() {
		router.Run(ctx)
		close(ended)
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(2 * time.Minute):
			t.Error("the router does not end")
		}
	})
	return r
}

// begins begins a session with a halley, or with another server.
func (r *rig) begins(node string, missed ...string) {
	ext := `{}`
	if node != "" {
		ext = `{"halley":{"node":"` + node + `"}}`
	}
	r.began(client.Session{Ext: []byte(ext), Acknowledges: node != "", Missed: missed})
}

func (r *rig) publish(from, to int) {
	for n := from; n <= to; n++ {
		r.router.Offer(event.New([]byte("/a/b"), fmt.Append(nil, n), false))
	}
}

var errCut = errors.New("cut")

// What is published here goes to the upstream once it is there, in order, and as much together as fits. What comes of a request
// decides whether it goes again.
func TestForward(t *testing.T) {
	t.Parallel()
	refusal := func(code int, at ...int) error {
		e := new(client.BatchError)
		for _, i := range at {
			e.Refused = append(e.Refused, client.Refusal{Index: i, Err: &client.BayeuxError{Code: code}})
		}
		return e
	}
	dial := &net.OpError{Op: "dial", Err: errCut}
	for name, tt := range map[string]struct {
		node   string
		answer error
		want   []string
		counts [3]uint64 // out, refused, unconfirmed
	}{
		"all are taken":                 {halleyNode, nil, []string{"1 2 3", "4"}, [3]uint64{4, 0, 0}},
		"some are refused":              {"", refusal(403, 0, 2), []string{"1 2 3", "4"}, [3]uint64{2, 2, 0}},
		"the upstream is busy":          {"", refusal(503, 1, 2), []string{"1 2 3", "2 3", "4"}, [3]uint64{4, 0, 0}},
		"the session is lost":           {"", refusal(402, 0, 1, 2), []string{"1 2 3", "1 2 3", "4"}, [3]uint64{4, 0, 0}},
		"there is no session":           {"", client.ErrNoSession, []string{"1 2 3", "1 2 3", "4"}, [3]uint64{4, 0, 0}},
		"nobody listens":                {"", dial, []string{"1 2 3", "1 2 3", "4"}, [3]uint64{4, 0, 0}},
		"lost on the way to a halley":   {halleyNode, errCut, []string{"1 2 3", "1 2 3", "4"}, [3]uint64{4, 0, 0}},
		"lost on the way to others":     {"", errCut, []string{"1 2 3", "4"}, [3]uint64{1, 0, 3}},
		"too large together":            {"", &client.StatusError{Status: 413}, []string{"1 2 3", "1", "2 3", "4"}, [3]uint64{4, 0, 0}},
		"too large for one of its kind": {"", &client.CloseError{Code: 1009}, []string{"1 2 3", "1", "2 3", "4"}, [3]uint64{4, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(r *rig) { r.client.answers = []error{tt.answer} })
			r.publish(1, 3)
			r.router.Offer(event.New([]byte("/x"), []byte("0"), false)) // of no route
			time.Sleep(10 * time.Millisecond)
			if sent := r.client.all(); len(sent) > 0 {
				t.Errorf("sent %q before there is a session", sent)
			}
			r.begins(tt.node)
			until(t, "the first messages", func() bool { return len(r.client.all()) > 0 && r.figures().Waiting == 0 })
			r.publish(4, 4)
			until(t, "all", func() bool { return slices.Equal(r.client.all(), tt.want) && r.figures().Waiting == 0 })
			until(t, "the counters", func() bool {
				f := r.figures()
				return [3]uint64{f.Out, f.OutRefused, f.Unconfirmed} == tt.counts
			})
		})
	}
}

// What may have come to a halley that was started again since is not repeated: the new one does not know it.
func TestForwardToAnother(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(r *rig) {
		r.client.answers = []error{errCut}
		r.client.during = func() { r.begins("00000000000000bb") } // by the next attempt it is there for certain
	})
	r.begins(halleyNode)
	r.publish(1, 1)
	until(t, "the first message", func() bool { return len(r.client.all()) > 0 })
	r.publish(2, 2)
	until(t, "the second message", func() bool { return r.figures().Waiting == 0 })
	if got := r.client.all(); !slices.Equal(got, []string{"1", "2"}) || r.figures().Unconfirmed != 1 {
		t.Errorf("sent %q, %+v", got, r.figures())
	}
}

// Nothing goes back to the upstream that it came from, nor further than it may.
func TestForwardNotBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.begins(halleyNode)
	offer := func(data string, trail event.Trail) {
		r.router.Offer(event.New([]byte("/a/b"), []byte(data), false).Trailed(trail))
	}
	far := event.Trail{}
	for n := range event.MaxHops {
		far = far.Past(fmt.Sprintf("%016x", n))
	}
	offer("1", event.Trail{Via: []string{halleyNode}})
	offer("2", event.Trail{Origin: halleyNode, Number: 1})
	offer("3", far)
	offer("4", event.Trail{Via: []string{"00000000000000cc"}})
	until(t, "the last", func() bool { return len(r.client.all()) > 0 && r.figures().Waiting == 0 })
	if got := r.client.all(); !slices.Equal(got, []string{"4"}) || r.figures().Hops != 1 {
		t.Errorf("sent %q, %+v", got, r.figures())
	}
}

// What comes is published in order, again while the server is busy, and without what can never be published.
func TestComes(t *testing.T) {
	t.Parallel()
	busy := errors.New("busy")
	r := newRig(t, func(r *rig) {
		r.server.answers = []error{busy, busy, &Refusal{0, "bad"}, ErrTooLarge, nil, ErrTooLarge}
	})
	r.begins("")
	for n := range 4 {
		r.inbox.mu.Lock()
		r.inbox.list = append(r.inbox.list, Publication{Channel: []byte("/a"), Data: fmt.Append(nil, n)})
		r.inbox.mu.Unlock()
	}
	r.came(client.Message{Channel: "/a", Data: []byte("4")})
	r.came(client.Message{Channel: "/a", Data: []byte("5"), Ext: event.Trail{Via: []string{r.node.Node()}}.Ext(false)})
	until(t, "the last", func() bool {
		r.server.mu.Lock()
		defer r.server.mu.Unlock()
		return slices.Contains(r.server.got, "/a 5 2")
	})
	if want := []string{"/a 1 0", "/a 3 0", "/a 4 1", "/a 5 2"}; !slices.Equal(r.server.got, want) || r.figures().InRefused != 2 {
		t.Errorf("published %q, %+v", r.server.got, r.figures())
	}
}

// Losing and finding the upstream is seen where it must, and what may have been missed is told.
func TestLostAndFound(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	trouble := func() string {
		r.server.mu.Lock()
		defer r.server.mu.Unlock()
		return r.server.troubles["upstream http://up.test/bayeux"]
	}
	missed := func(want ...string) {
		t.Helper()
		until(t, fmt.Sprint("gaps ", want), func() bool {
			r.server.mu.Lock()
			defer r.server.mu.Unlock()
			if !slices.Equal(r.server.missed, want) {
				return false
			}
			r.server.missed = nil
			return true
		})
	}
	until(t, "the subscription", func() bool { return r.figures().Subscriptions == 1 })
	if trouble() == "" || r.figures().Connected {
		t.Error("it is ready before it begins")
	}
	r.begins("")
	if trouble() != "" || !r.figures().Connected {
		t.Error("it is not ready")
	}
	r.failed(fmt.Errorf("%w: %w", client.ErrPassedOver, errCut))
	if trouble() != "" || !r.figures().Connected {
		t.Error("it is not ready for a connection type that is passed over")
	}
	r.failed(errCut)
	if trouble() != "cut" || r.figures().Connected {
		t.Error("it is ready without its upstream")
	}
	r.client.mu.Lock()
	r.client.connected = true
	r.client.mu.Unlock()
	until(t, "the upstream", func() bool { return trouble() == "" })
	missed("/a/b")
	r.failed(&client.DroppedError{Channels: map[string]uint64{"/a/c": 1}})
	missed("/a/c")
	r.failed(&client.DroppedError{})
	missed("/a/**")
	r.begins(halleyNode, "/a/b")
	missed("/a/b")
	r.failed(errCut) // which acknowledges: nothing is missed
	until(t, "the upstream again", func() bool { return r.figures().Connected })
	time.Sleep(10 * time.Millisecond)
	missed()
	r.failed(&client.SubscriptionError{Pattern: "/a/b", Err: &client.BayeuxError{Code: 403}})
	until(t, "the subscription's end", func() bool { return r.figures().Subscriptions == 0 })
}
