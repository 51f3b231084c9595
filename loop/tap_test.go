package loop

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"halley/bayeux/event"
)

// offered is a tap that keeps what it is offered.
type offered struct {
	mu   sync.Mutex
	list []string
}

func (o *offered) Offer(e event.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, string(e))
}

func (o *offered) all() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.list)
}

// The tap is told once of each event, by whomever it is published, whoever subscribes, in order.
func TestTap(t *testing.T) {
	t.Parallel()
	tap := &offered{}
	s := start(t, func(c *Config) { c.Loops, c.Tap, c.Rules = 2, tap, []string{"/kept/** history=10"} })
	w, other := dial(t, s), dial(t, s)
	id := w.subscriber("/**")
	other.subscriber("/**")
	other.subscriber("/a")
	for n, channel := range []string{"/a", "/kept/a", "/a", "/service/a", "/nobody"} {
		w.bayeux(fmt.Sprintf(`{"channel":%q,"clientId":%q,"data":%d}`, channel, id, n))
	}
	batch := []Publication{{Channel: []byte("/a"), Data: []byte("5"), Passed: &Passed{true, event.Trail{Via: []string{"00000000000000aa"}}}}, {Channel: []byte("/kept/a"), Data: []byte("6")}}
	if err := s.Publish(batch); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, text := range tap.all() {
		e := event.Event(text)
		data, trail, binary := e.Passed()
		got = append(got, fmt.Sprintf("%s %s %d %t %t", e.Channel(), data, len(trail.Via), binary, e.ID() > 0))
	}
	want := []string{"/a 0 0 false false", "/kept/a 1 0 false true", "/a 2 0 false false", "/nobody 4 0 false false", "/a 5 1 true false", "/kept/a 6 0 false true"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// Who subscribes to something of a pattern is told that messages of it may have been missed, on every loop.
func TestGapIsTold(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops = 2 })
	for range 4 {
		w := dial(t, s)
		id := w.subscriber("/a/b")
		s.TellMissed(t.Context(), "/c/*")
		s.TellMissed(t.Context(), "/a/**")
		if reply := fmt.Sprint(w.bayeux(connect(id))[0]["ext"]); !strings.Contains(reply, "/a/**:1") || strings.Contains(reply, "/c") {
			t.Errorf("told %s", reply)
		}
	}
}

// A gap is told at once to who holds a poll or reads a stream, though no event comes.
func TestGapIsToldAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	w := dial(t, s)
	id := w.subscriber("/a/b")
	w.send(post(connect(id)))
	_, stream := dial(t, s).openStream(getRequest("/events?channel=/a/*", "Accept: text/event-stream\r\n"))
	eventually(t, func() bool { return s.Stats().Held == 1 })
	s.TellMissed(t.Context(), "/a/b")
	if reply := fmt.Sprint(w.messages()[0]["ext"]); !strings.Contains(reply, "/a/b:1") {
		t.Errorf("told %s", reply)
	}
	for line := ""; !strings.Contains(line, "event: gap"); {
		var err error
		if line, err = stream.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
}

// What a client has from another server is brought here once, and never if it began here.
func TestPassedOn(t *testing.T) {
	t.Parallel()
	tap := &offered{}
	s := start(t, func(c *Config) { c.Loops, c.Tap = 2, tap })
	w, other := dial(t, s), dial(t, s)
	id, second := w.subscriber("/b"), other.subscriber("/b")
	publish := func(w *wire, id, trail string, n int) {
		reply := w.bayeux(fmt.Sprintf(`{"channel":"/a","clientId":%q,"data":%d,"ext":{"halley":%s}}`, id, n, trail))
		equal(t, reply[len(reply)-1]["successful"], true)
	}
	const origin = `"origin":"00000000000000aa","number":7`
	publish(other, second, `{"via":["00000000000000aa"],`+origin+`}`, 1)
	publish(w, id, `{"via":["00000000000000bb"],`+origin+`}`, 1)
	publish(w, id, `{"via":["`+s.Hops().Node()+`"]}`, 2)
	publish(w, id, `{"via":["00000000000000bb"],`+origin+`}`, 3)
	want := []string{`{"channel":"/a","data":1,"ext":{"halley":{"via":["00000000000000aa"],` + origin + `}}}`,
		`{"channel":"/a","data":3,"ext":{"halley":{"via":["00000000000000bb"],` + origin + `}}}`}
	if got := tap.all(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if d := s.Stats().Hops.Drops; d.Doubled != 1 || d.Returned != 1 {
		t.Errorf("%+v", d)
	}
}
