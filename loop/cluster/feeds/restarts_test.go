package feeds

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"halley/bayeux/event"
)

// restarting is a NATS server with its files that is stopped and started anew at one address.
type restarting struct {
	t    *testing.T
	at   server.Options
	runs *server.Server
}

func newRestarting(t *testing.T) *restarting {
	t.Helper()
	r := &restarting{t: t, at: server.Options{StoreDir: t.TempDir()}}
	r.runs = natsServer(t, r.at)
	address := r.runs.Addr().String()
	port, err := strconv.Atoi(address[strings.LastIndexByte(address, ':')+1:])
	if err != nil {
		t.Fatal(err)
	}
	r.at.Port = port
	return r
}

func (r *restarting) again() {
	r.t.Helper()
	stop(r.runs)
	r.runs = natsServer(r.t, r.at)
}

// A stream is imported in order and without a loss, however often its server starts anew and this one is busy. What is doubled was
// published and not acknowledged; it is known, and not published again.
func TestStreamThroughRestarts(t *testing.T) {
	r := newRestarting(t)
	random := rand.New(rand.NewPCG(1, 2))
	refusals := 0
	h := &halley{fail: func([]Publication) error {
		if refusals++; refusals%3 == 0 {
			return errBusy
		}
		return nil
	}}
	js := stream(t, r.runs)
	f, _ := start(t, r.runs, h, func(s *Settings, _ *Options) { s.Imports = lines("js:TICKS:ticks.> /t/** all") })
	const rounds, each = 4, 150
	for round := range rounds {
		for n := range each {
			if _, err := js.PublishAsync("ticks.A", []byte(fmt.Sprint(round*each+n))); err != nil {
				t.Fatal(err)
			}
		}
		<-js.PublishAsyncComplete()
		target := round*each + random.IntN(each)
		eventually(t, func() bool { return len(h.all()) >= target }, func() string { return fmt.Sprintf("%d of %d, %+v", len(h.all()), target, f.Figures()) })
		r.again()
		eventually(t, func() bool { return f.Figures().Connected })
		var err error
		if js, err = jetstream.New(publisher(t, r.runs)); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool {
			_, err := js.Stream(t.Context(), "TICKS")
			return err == nil
		})
	}
	h.expect(t, numbered("/t/A", 0, rounds*each)...)
	f.come(t, func(i Import) bool { return i.Published == rounds*each && i.Refused == 0 })
}

// What is exported comes in order and at most once, and each message is counted once: as taken, unconfirmed or dropped.
func TestExportThroughRestarts(t *testing.T) {
	r := newRestarting(t)
	h := &halley{}
	f, _ := start(t, r.runs, h, func(s *Settings, _ *Options) { s.Exports = lines("/a/** a.>") })
	got := make(chan *nats.Msg, 10_000)
	listen := func() {
		link := publisher(t, r.runs)
		if _, err := link.ChanSubscribe("a.>", got); err != nil {
			t.Fatal(err)
		}
		flush(t, link)
	}
	listen()
	const messages = 3000
	for n := range messages {
		f.Offer(event.New([]byte("/a/b"), []byte(fmt.Sprint(n)), false))
		if n%1000 == 999 {
			r.again()
			listen()
			eventually(t, func() bool { return f.Figures().Connected })
		}
	}
	eventually(t, func() bool {
		e := f.Figures().Exports[0]
		return e.Exported+e.Unconfirmed+e.Overflowed == messages
	}, func() string { return fmt.Sprintf("%+v", f.Figures()) })
	const last = messages
	f.Offer(event.New([]byte("/a/b"), []byte(fmt.Sprint(last)), false))
	var numbers []int
	for n := 0; n != last; {
		m := <-got
		var err error
		if n, err = strconv.Atoi(string(m.Data)); err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, n)
	}
	if !slices.IsSorted(numbers) || len(slices.Compact(slices.Clone(numbers))) != len(numbers) {
		t.Errorf("out of order, or doubled: %v", numbers)
	}
}
