package client

import (
	"halley/bench/plan"
	"halley/bench/reconcile"
	"halley/bench/wire"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRolesAndStyles(t *testing.T) {
	c := still(t, func(c *Config) {
		c.Style, c.Total, c.Slow, c.Stalled = wire.WebSocket, 4, 2, []wire.Style{wire.Events, wire.Iframe}
		c.Habits = Habits{Wishes: wire.Wishes{Replay: true}}
		c.SlowHabits = Habits{Pause: time.Second, Claim: reconcile.Told}
	})
	slow := 0
	for i, want := range []struct {
		role  role
		style wire.Style
	}{
		{subscriber, wire.WebSocket}, {subscriber, wire.WebSocket}, {subscriber, wire.WebSocket}, {subscriber, wire.WebSocket},
		{publisher, wire.LongPolling}, {publisher, wire.LongPolling}, {churner, wire.WebSocket}, {stalled, wire.Events}, {stalled, wire.Iframe},
	} {
		k, style := c.sessions[i].kind, want.style
		if k == &c.roster.slow {
			slow++
			style = wire.LongPolling
			if k.habits.Pause != time.Second || c.accounts.book.Claim(i) != reconcile.Told {
				t.Errorf("session %d: %+v", i, k.habits)
			}
		} else if want.role == subscriber != k.habits.Wishes.Replay {
			t.Errorf("session %d: %+v", i, k.habits)
		}
		if k.role != want.role || k.style != style {
			t.Errorf("session %d is a %d of style %v, want %d, %v", i, k.role, k.style, want.role, style)
		}
	}
	if slow != 2 {
		t.Errorf("%d of 4 are slow, want 2", slow)
	}
}

// What a session asks for goes over the connection that browsers would use for it.
func TestLines(t *testing.T) {
	for _, c := range []struct {
		style       wire.Style
		connections int
		poll        string // requests that use the connection of the connects
	}{
		{wire.LongPolling, 1, "handshake subscribe firstConnect connect disconnect stream heartbeat"},
		{wire.LongPolling, 2, "firstConnect connect stream"},
		{wire.CallbackPolling, 2, "firstConnect connect stream"},
		{wire.WebSocket, 2, "handshake subscribe firstConnect connect disconnect stream heartbeat"},
		{wire.EventSource, 1, "firstConnect connect stream"},
		{wire.XHRStreaming, 1, "firstConnect connect stream"},
	} {
		config := sampleConfig("")
		config.Style, config.Connections = c.style, c.connections
		s := newSession(newRoster(&config).kind(0), 0)
		var poll []string
		for what, name := range map[request]string{handshake: "handshake", subscribe: "subscribe", firstConnect: "firstConnect", connect: "connect",
			disconnect: "disconnect", stream: "stream", heartbeat: "heartbeat", publish: "publish"} {
			if s.line(what) == &s.poll {
				poll = append(poll, name)
			}
		}
		for _, name := range strings.Fields(c.poll) {
			if !strings.Contains(" "+strings.Join(poll, " ")+" ", " "+name+" ") {
				t.Errorf("%v, %d connections: %s does not go with the connects", c.style, c.connections, name)
			}
		}
		if len(poll) != len(strings.Fields(c.poll)) {
			t.Errorf("%v, %d connections: %q go with the connects, want %q", c.style, c.connections, poll, c.poll)
		}
	}
}

// A churning client follows the first channel only, a stalled reader what a subscriber more would.
func TestChannelsOfASession(t *testing.T) {
	config := sampleConfig("")
	config.Subscribers, config.Publishers, config.Churners, config.Stalled = 2, 1, 1, []wire.Style{wire.Events}
	config.First = 5
	config.Symbols = plan.NewSymbols("/s/{symbol}", 10, 2, 1, 3)
	config.Names = nil
	for k := range 10 {
		config.Names = append(config.Names, config.Symbols.Name(k))
	}
	r := newRoster(&config)
	for i, subscriber := range map[int]int{0: 5, 1: 6, r.stalled(0): 9} {
		want := []string{config.Names[config.Symbols.Follows(subscriber, 0)], config.Names[config.Symbols.Follows(subscriber, 1)]}
		if got := r.channels(i); !slices.Equal(got, want) {
			t.Errorf("session %d follows %q, want %q", i, got, want)
		}
	}
	if got := r.channels(r.churner(0)); !slices.Equal(got, config.Names[:1]) {
		t.Errorf("a churning client follows %q", got)
	}
	if r.size() != 5 || r.publisher(0) != 2 || r.churner(0) != 3 || r.stalled(0) != 4 {
		t.Errorf("%d sessions, publishers from %d, churning clients from %d, stalled readers from %d", r.size(), r.publisher(0), r.churner(0), r.stalled(0))
	}
}
