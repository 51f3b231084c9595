package bayeux

import (
	"strings"
	"testing"

	"halley/bayeux/event"
)

// Whatever is set as no call would leave it is found.
func TestInvariantsFindDamage(t *testing.T) {
	for _, c := range []struct {
		name   string
		outlet string // that the session is brought to
		damage func(s *Server, r *session)
	}{
		{"no connect is held in a state without one", "away", func(_ *Server, r *session) { r.outlet.held.Conn = 9 }},
		{"no stream is kept in a state without one", "away", func(_ *Server, r *session) { r.outlet.streamType = Iframe }},
		{"heartbeats are not held", "polling", func(_ *Server, r *session) { r.outlet.heldType = EventSource }},
		{"held connects", "polling", func(s *Server, _ *session) { s.stats.Held++ }},
		{"a long id of a held connect is kept, and no other", "polling", func(s *Server, _ *session) { s.longIDs[0] = "x" }},
		{"nothing is kept of a connect that is not held", "polling", func(_ *Server, r *session) { r.outlet.answer() }},
		{"nothing is kept of a connect that is not held", "away", func(_ *Server, r *session) { r.advise = heldReply }},
		{"the stream is a websocket", "socket", func(_ *Server, r *session) { r.outlet.streamType = Iframe }},
		{"the held connect came by the websocket", "socket-held", func(_ *Server, r *session) { r.outlet.held.Conn++ }},
		{"who acknowledges has no stream by a connect", "socket-held", func(s *Server, r *session) { s.queues.Open(&r.queue, 0, true) }},
		{"the stream is a response", "stream", func(_ *Server, r *session) { r.outlet.streamType = EventSource }},
		{"the timer runs in the states that have one", "stream", func(s *Server, _ *session) { s.wheel.Set(0, 1<<40) }},
		{"the timer runs in the states that have one", "event-source", func(s *Server, _ *session) { s.wheel.Cancel(0) }},
		{"the stream is an event-stream", "event-source", func(_ *Server, r *session) { r.outlet.streamType = WebSocket }},
		{"the poll has a connection of its own", "event-source-held", func(_ *Server, r *session) { r.outlet.held = r.outlet.stream }},
		{"nothing is known of the hearing of who sent no connect", "handshaken", func(_ *Server, r *session) { r.outlet.hearing = unheard }},
		{"a session with a connect is not only handshaken", "handshaken", func(_ *Server, r *session) { r.connects++ }},
		{"timers", "away", func(s *Server, _ *session) { s.wheel.Set(7, 1<<40) }},
		{"events that may go out are about to be flushed", "socket", func(s *Server, r *session) { s.dirty.pop(); r.tables.set(inDirty, false) }},
		{"dirty sessions", "socket", func(s *Server, _ *session) { s.dirty.pop() }},
		{"who is dirty stands in the list once", "socket", func(s *Server, r *session) { s.dirty.push(s.sessions.address(0)) }},
		{"who stands in the list of dirty sessions knows it", "stream", func(_ *Server, r *session) { r.tables.set(inDirty, false) }},
		{"the fate of what is in flight will be told", "socket", func(s *Server, r *session) { s.queues.Take(&r.queue, 0, func(event.Event) bool { return true }) }},
		{"the queue's bytes are those of its events", "away", func(s *Server, r *session) { q := r.queue; s.queues.Close(&q) }},
		{"groups are not too small", "away", func(_ *Server, r *session) { r.delivery.group.halvings = narrowest + 1 }},
		{"timers of lazy events", "away", func(s *Server, _ *session) { s.lazies.begin(7, 1) }},
		{"session 7 is gone and has a filter", "away", func(s *Server, _ *session) { s.fanout.SetFilter(7, []byte("/a"), nil) }},
		{"its replay is known", "away", func(_ *Server, r *session) { r.tables.set(inReplays, true) }},
		{"it knows whether it stands in a backlog", "away", func(_ *Server, r *session) { r.tables.set(inBacklogs, true) }},
		{"sessions in backlogs", "away", func(s *Server, r *session) { s.backlogs.enter(new(backlog), s.sessions.address(0)) }},
		{"replays of session 7, which is gone", "away", func(s *Server, _ *session) { s.replays.of[7] = new(replay) }},
	} {
		s, r := sessionAt(t, c.outlet)
		if err := Invariants(s); err != nil {
			t.Fatalf("%s: %v", c.outlet, err)
		}
		c.damage(s, r)
		if err := Invariants(s); err == nil || !strings.Contains(err.Error(), c.name) {
			t.Errorf("%s: damage to %q: %v", c.outlet, c.name, err)
		}
	}
}

// The look at one session finds what is wrong with that one, and nothing of one that is gone.
func TestSessionInvariants(t *testing.T) {
	s, r := sessionAt(t, "polling")
	a := s.sessions.address(0)
	if err := SessionInvariants(s, a); err != nil {
		t.Error(err)
	}
	r.outlet.heldType = EventSource
	if SessionInvariants(s, a) == nil {
		t.Error("nothing is found")
	}
	if a.Gen++; SessionInvariants(s, a) != nil {
		t.Error("something is found of a session that is gone")
	}
}

// sessionAt makes a server with one session, in a state, and brings it an event.
func sessionAt(t *testing.T, outlet string) (*Server, *session) {
	t.Helper()
	p := newPlayer(t, "")
	p.run("post 1\n" + `{"channel":"/meta/handshake"}`)
	connect := `{"channel":"/meta/connect","id":"1","clientId":"$1","connectionType":"`
	for _, step := range map[string][]string{
		"handshaken":        nil,
		"away":              {"post 2\n" + connect + `long-polling"}`},
		"polling":           {"post 2\n" + connect + `long-polling"}`, "post 3\n" + connect + `long-polling"}`},
		"socket":            {"post 2 type=websocket\n" + connect + `websocket"}`},
		"socket-held":       {"post 2 type=websocket\n" + connect + `websocket"}`, "post 2 type=websocket\n" + connect + `websocket"}`},
		"stream":            {"post 2\n" + connect + `iframe"}`},
		"event-source":      {"open 2 $1"},
		"event-source-held": {"post 2\n" + connect + `long-polling"}`, "post 3\n" + connect + `long-polling"}`, "open 4 $1"},
	}[outlet] {
		p.run(step)
	}
	p.run("post 9\n" + `{"channel":"/meta/subscribe","clientId":"$1","subscription":"/a"}`)
	p.run("deliver /a 1")
	r := p.server.sessions.At(0)
	if r.outlet.state.String() != outlet {
		t.Fatalf("the session is %s, not %s", r.outlet.state, outlet)
	}
	return p.server, r
}
