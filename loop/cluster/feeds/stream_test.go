package feeds

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"halley/loop/settings"
)

// stream makes the stream TICKS of the subjects ticks.>.
func stream(t testing.TB, ns *server.Server) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(publisher(t, ns))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "TICKS", Subjects: []string{"ticks.>"}}); err != nil {
		t.Fatal(err)
	}
	return js
}

// store has messages with these numbers in the stream.
func store(t testing.TB, js jetstream.JetStream, subject string, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		if _, err := js.Publish(t.Context(), subject, []byte(fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
	}
}

func numbered(channel string, from, to int) (list []string) {
	for n := from; n < to; n++ {
		list = append(list, fmt.Sprintf("%s %d", channel, n))
	}
	return list
}

// pendingAcks is how many messages of a consumer wait to be acknowledged.
func pendingAcks(t testing.TB, js jetstream.JetStream, f *Feeds) int {
	t.Helper()
	c, err := js.Consumer(t.Context(), "TICKS", f.imports[0].consumer())
	if err != nil {
		t.Fatal(err)
	}
	return c.CachedInfo().NumAckPending + int(c.CachedInfo().NumPending)
}

// A stream is read from where it was left, in order and once, by one server after the other.
func TestStream(t *testing.T) {
	ns := natsServer(t, server.Options{})
	js := stream(t, ns)
	store(t, js, "ticks.A", 0, 600)
	take := func(s *Settings, _ *Options) { s.Imports = lines("js:TICKS:ticks.> /t/** all") }
	first, h := &halley{}, &halley{}
	f, end := start(t, ns, first, take)
	first.expect(t, numbered("/t/A", 0, 600)...)
	store(t, js, "ticks.A", 600, 610)
	first.expect(t, numbered("/t/A", 0, 610)...)
	eventually(t, func() bool { return pendingAcks(t, js, f) == 0 })
	f.come(t, func(i Import) bool { return i.Published == 610 && i.Repeated == 0 && i.Waiting == 0 })
	end()
	store(t, js, "ticks.A", 610, 620)
	start(t, ns, h, take)
	h.expect(t, numbered("/t/A", 610, 620)...)
	if len(h.gaps()) != 0 {
		t.Errorf("told %q", h.gaps())
	}
}

// Of a stream that is new to it a server reads what comes, what there is, or the last message of each subject.
func TestStreamBegins(t *testing.T) {
	for begin, want := range map[string][]string{
		"": lines("/t/C 5"), "new": lines("/t/C 5"),
		"all": lines("/t/A 0", "/t/A 1", "/t/A 2", "/t/B 3", "/t/B 4", "/t/C 5"), "last": lines("/t/A 2", "/t/B 4", "/t/C 5"),
	} {
		ns, h := natsServer(t, server.Options{}), &halley{}
		js := stream(t, ns)
		store(t, js, "ticks.A", 0, 3)
		store(t, js, "ticks.B", 3, 5)
		f, _ := start(t, ns, h, func(s *Settings, _ *Options) { s.Imports = lines("js:TICKS:ticks.> /t/** " + begin) })
		eventually(t, func() bool {
			_, err := js.Consumer(t.Context(), "TICKS", f.imports[0].consumer())
			return err == nil
		})
		store(t, js, "ticks.C", 5, 6)
		h.expect(t, want...)
	}
}

// While the server is busy nothing is acknowledged. What was not acknowledged when a reader ended comes first at the next one.
func TestStreamGoesOn(t *testing.T) {
	ns := natsServer(t, server.Options{})
	js := stream(t, ns)
	take := func(s *Settings, _ *Options) { s.Imports = lines("js:TICKS:ticks.> /t/** all") }
	busy, h := &halley{fail: func([]Publication) error { return errBusy }}, &halley{}
	store(t, js, "ticks.A", 0, 400)
	f, end := start(t, ns, busy, take)
	eventually(t, func() bool { return f.Figures().Imports[0].Received >= 256 })
	end()
	store(t, js, "ticks.A", 400, 410)
	g, _ := start(t, ns, h, take)
	h.expect(t, numbered("/t/A", 0, 410)...)
	eventually(t, func() bool { return pendingAcks(t, js, g) == 0 })
}

// What JetStream sends again though it was published is known, and what did not come is read again.
func TestStreamRepeats(t *testing.T) {
	ns := natsServer(t, server.Options{})
	js := stream(t, ns)
	store(t, js, "ticks.A", 0, 10)
	h := &halley{}
	f, err := New(Settings{URL: settings.Secret(ns.ClientURL()), Name: "n", Buffer: 1 << 20, Imports: lines("js:TICKS:ticks.> /t/** all")}, Options{MaxMessage: 100, MaxDepth: 5})
	if err != nil {
		t.Fatal(err)
	}
	f.server = h
	s := f.imports[0]
	batch := func() (list []jetstream.Msg) {
		t.Helper()
		c, err := s.open(t.Context(), js)
		if err != nil {
			t.Fatal(err)
		}
		if list, err = fetch(t.Context(), c); err != nil || len(list) != 10 {
			t.Fatalf("%d messages, %v", len(list), err)
		}
		return list
	}
	first := batch()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.take(gone, first, 0); !errors.Is(err, context.Canceled) || len(h.all()) != 0 {
		t.Fatalf("took %q, %v", h.all(), err)
	}
	if next, err := s.take(t.Context(), first[:5], 0); err != nil || next != 6 || len(s.published.seen) != 5 {
		t.Fatalf("%d, %v", next, err)
	}
	if _, err := s.take(t.Context(), first[6:], 6); !errors.Is(err, errHole) {
		t.Fatalf("a hole: %v", err)
	}
	for n := 5; n < 10; n++ { // published, and the acknowledgement was lost
		s.published.add(uint64(n + 1))
	}
	c, err := s.open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	again, err := fetch(t.Context(), c)
	if err != nil || len(again) != 5 {
		t.Fatalf("%d messages, %v", len(again), err)
	}
	if _, err := s.take(t.Context(), again, 0); err != nil {
		t.Fatal(err)
	}
	h.expect(t, numbered("/t/A", 0, 5)...)
	if n := f.Figures().Imports[0].Repeated; n != 5 {
		t.Errorf("%d repeated", n)
	}
	for n := range uint64(mostRecent) {
		s.published.add(100 + n)
	}
	if s.published.has(1) || !s.published.has(100) || len(s.published.seen) != mostRecent || len(s.published.order) != mostRecent {
		t.Errorf("%d numbers are remembered", len(s.published.seen))
	}
}

// A stream that is not there is told of, and read once it is there.
func TestNoStream(t *testing.T) {
	ns, h := natsServer(t, server.Options{}), &halley{}
	start(t, ns, h, func(s *Settings, _ *Options) { s.Imports = lines("js:TICKS:ticks.> /t/** all") })
	const part = "feed js:TICKS:ticks.> /t/** all"
	eventually(t, func() bool { return strings.Contains(h.trouble(part), "stream not found") })
	store(t, stream(t, ns), "ticks.A", 0, 1)
	h.expect(t, "/t/A 0")
	eventually(t, func() bool { return h.trouble(part) == "" })
}
