package run

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"halley/bench/reconcile"
	"halley/bench/wire"
)

func TestAsksAreChecked(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Options)
		want   string // empty: they are right
	}{
		{"nothing", func(*Options) {}, ""},
		{"all of it", func(o *Options) {
			o.Asks = Asks{Interval: time.Second, Conflated: ConflatedSlow, Replay: true, Acknowledge: true, Slow: 20, SlowRate: 1, Stalled: 2, StalledTypes: []string{"websocket", "events"}}
		}, ""},
		{"an odd conflation", func(o *Options) { o.Asks.Conflated = "some" }, "conflated is none, slow or all"},
		{"a negative interval", func(o *Options) { o.Asks.Interval = -1 }, "must not be negative"},
		{"a negative interval of slow ones", func(o *Options) { o.Asks.SlowInterval = -1 }, "must not be negative"},
		{"more slow ones than there are", func(o *Options) { o.Asks.Slow, o.Asks.SlowRate = 21, 1 }, "nor more be slow"},
		{"slow ones that take nothing", func(o *Options) { o.Asks.Slow = 1 }, "more than 0 responses"},
		{"an interval of plain events", func(o *Options) { o.ConnectionType, o.Asks.Interval = "events", 1 }, "cannot ask for anything"},
		{"replay of plain events", func(o *Options) { o.ConnectionType, o.Asks.Replay = "events", true }, "cannot ask for anything"},
		{"acknowledgements of a stream", func(o *Options) { o.ConnectionType, o.Asks.Acknowledge = "eventsource", true }, "acknowledgements are of connect replies"},
		{"acknowledgements of a websocket", func(o *Options) { o.ConnectionType, o.Asks.Acknowledge = "websocket", true }, ""},
		{"a stalled poll", func(o *Options) { o.Asks.Stalled, o.Asks.StalledTypes = 1, []string{"long-polling"} }, "a stalled reader has a stream"},
		{"a stalled pigeon", func(o *Options) { o.Asks.StalledTypes = []string{"pigeon"} }, "pigeon"},
		{"stalled readers of no type", func(o *Options) { o.Asks.Stalled = 1 }, "of what type"},
		{"a negative number of them", func(o *Options) { o.Asks.Stalled = -1 }, "must not be negative"},
	} {
		o := sampleOptions("fanout")
		c.change(&o)
		err := o.check()
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// What subscribers ask for decides what they must get.
func TestClaimsFollowFromWhatIsAskedFor(t *testing.T) {
	for _, c := range []struct {
		name         string
		asks         Asks
		quick, slow  reconcile.Claim
		pause        time.Duration
		interval     int64 // of the slow ones
		exact        bool
		text         string
		quickReplays bool
	}{
		{"nothing", Asks{}, reconcile.Every, reconcile.Told, 0, 0, true, "", false},
		{"an interval", Asks{Interval: time.Second}, reconcile.Newest, reconcile.Newest, 0, 1000, false, "one of a channel in 1s", false},
		{"slow ones", Asks{Slow: 2, SlowRate: 4}, reconcile.Every, reconcile.Told, 250 * time.Millisecond, 0, false, "2 slow ones with 4 responses/s", false},
		{"slow ones with an interval", Asks{Slow: 2, SlowRate: 1, SlowInterval: 2 * time.Second}, reconcile.Every, reconcile.Newest, time.Second, 2000, false,
			"2 slow ones with 1 responses/s, who ask for one in 2s", false},
		{"slow ones whose queues conflate", Asks{Slow: 2, SlowRate: 2, Conflated: ConflatedSlow}, reconcile.Every, reconcile.Newest, 500 * time.Millisecond, 0, false,
			"2 slow ones with 2 responses/s, conflated for by the server", false},
		{"a rule for all", Asks{Conflated: ConflatedAll}, reconcile.Newest, reconcile.Newest, 0, 0, false, "conflated by the server", false},
		{"extensions", Asks{Replay: true, Acknowledge: true}, reconcile.Every, reconcile.Told, 0, 0, true, "with replayIds, acknowledged", true},
		{"stalled ones", Asks{Stalled: 3, StalledTypes: []string{"websocket", "events"}}, reconcile.Every, reconcile.Told, 0, 0, true, "beside 3 stalled readers (websocket, events)", false},
	} {
		o := Options{Asks: c.asks}
		quick, slow := o.habits(), o.slowHabits()
		if quick.Claim != c.quick || slow.Claim != c.slow || slow.Pause != c.pause || slow.Wishes.Interval != c.interval || quick.Wishes.Replay != c.quickReplays {
			t.Errorf("%s: quick %+v, slow %+v", c.name, quick, slow)
		}
		if o.exact() != c.exact || o.Asks.text() != c.text {
			t.Errorf("%s: exact is %v, text %q, want %v, %q", c.name, o.exact(), o.Asks.text(), c.exact, c.text)
		}
	}
}

func TestStalledReadersTakeTurnsAtTheirTypes(t *testing.T) {
	o := Options{Asks: Asks{Stalled: 5, StalledTypes: []string{"websocket", "events"}}}
	if got, want := fmt.Sprint(o.stalled()), fmt.Sprint([]wire.Style{wire.WebSocket, wire.Events, wire.WebSocket, wire.Events, wire.WebSocket}); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// The connection type may know better than the flag how many connections a subscriber has.
func TestSockets(t *testing.T) {
	for _, c := range []struct {
		kind  string
		asked int
		want  int
	}{{"long-polling", 1, 1}, {"long-polling", 2, 2}, {"websocket", 2, 1}, {"events", 2, 1}, {"eventsource", 1, 2}, {"iframe", 1, 2}, {"pigeon", 2, 2}} {
		o := Options{ConnectionType: c.kind, Connections: c.asked}
		if got := o.Sockets(); got != c.want {
			t.Errorf("%s, asked for %d: %d, want %d", c.kind, c.asked, got, c.want)
		}
	}
}

func TestDefaults(t *testing.T) {
	o := Options{Scenario: "soak", ConnectionType: "long-polling", Connections: 1, Rate: 20, Duration: 3 * time.Second}
	o.setDefaults()
	if o.Messages != 60 || o.Churners != 1 || o.Size != defaultSize || o.Drain != defaultDrain || o.Processes != 1 || o.Publishers != 1 || o.Steps != nil {
		t.Errorf("%+v", o)
	}
	o = Options{Scenario: "fanout", ConnectionType: "websocket", Connections: 2, Churners: 7, Size: 9, Drain: time.Second}
	o.setDefaults()
	if o.Churners != 0 || o.Connections != 1 || o.Size != 9 || o.Drain != time.Second {
		t.Errorf("%+v", o)
	}
}
