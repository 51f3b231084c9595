package bayeux

import "testing"

// storm sends handshakes of one address, each followed by steps more messages of its
// session, and returns how many were refused. It takes step milliseconds for each.
type storm struct {
	t      *testing.T
	server *Server
	now    int64
	serial uint32
	fx     Effects
}

func newStorm(t *testing.T, limit int) *storm {
	cfg := testConfig()
	cfg.HandshakeStorm, cfg.MaxSessions = limit, 1<<20
	return &storm{t: t, server: NewServer(cfg, 1_000_000), now: 1_000_000}
}

func (w *storm) send(peer uint64, kind ConnectionType, body string) {
	w.fx.Reset()
	w.serial++
	batch := scanned(w.t, body)
	w.server.Handle(w.now, Request{To: ReplyTo{Serial: w.serial}, Peer: peer, Type: kind}, &batch, &w.fx)
}

// shake sends a handshake and returns the clientId, empty if it was refused.
func (w *storm) shake(peer uint64) (id string) {
	before := w.server.Stats().Damped
	w.send(peer, LongPolling, `{"channel":"/meta/handshake"}`)
	if w.server.Stats().Damped > before {
		return ""
	}
	var newest uint32
	w.server.sessions.Each(func(slot uint32, r *session) bool {
		if r.created == w.now {
			newest = slot
		}
		return true
	})
	r := w.server.sessions.At(newest)
	return string(appendClientID(nil, w.server.sessions.address(newest), &r.secret))
}

func (w *storm) pass(ms int64) {
	for end := w.now + ms; w.now < end; w.now += 100 {
		for w.server.Tick(w.now, &w.fx) {
		}
		w.fx.Reset()
	}
}

// A client that takes each session for a failure and shakes hands again is refused, but
// for a few; another address is not.
func TestStormIsDamped(t *testing.T) {
	for _, connects := range []int{0, 1} {
		w, made := newStorm(t, 100), 0
		for n := range 160 * 250 {
			id := w.shake(7)
			if id != "" {
				made++
			}
			for range connects {
				if id != "" {
					w.send(7, LongPolling, `{"channel":"/meta/connect","connectionType":"long-polling","clientId":"`+id+`"}`)
				}
			}
			if w.now += 4; n%25 == 0 {
				w.now -= w.now % 100
				w.pass(100)
			}
		}
		if seconds := int(w.now-1_000_000) / 1000; made > 2600+seconds*10 || made < 100 {
			t.Errorf("%d sessions in %d seconds, %d connects each", made, seconds, connects)
		}
		if w.shake(8) == "" {
			t.Error("another address is refused")
		}
		w.pass(40_000)
		if w.shake(7) == "" {
			t.Error("an address is refused long after the storm")
		}
	}
}

// A crowd behind one address that goes on with its sessions is let in, in whatever way
// it does.
func TestCrowdIsNoStorm(t *testing.T) {
	ways := map[string]func(w *storm, id string){
		"poll": func(w *storm, id string) {
			for range 2 {
				w.send(7, LongPolling, `{"channel":"/meta/connect","connectionType":"long-polling","clientId":"`+id+`"}`)
			}
		},
		"event-stream": func(w *storm, id string) {
			w.server.Open(w.now, Request{To: ReplyTo{Serial: 1 << 30}}, []byte(id), &w.fx)
		},
		"stream": func(w *storm, id string) {
			w.send(7, LongPolling, `{"channel":"/meta/connect","connectionType":"xhr-streaming","clientId":"`+id+`"}`)
		},
		"publish": func(w *storm, id string) { w.send(7, LongPolling, `{"channel":"/a","data":1,"clientId":"`+id+`"}`) },
		"leave": func(w *storm, id string) {
			w.send(7, LongPolling, `{"channel":"/meta/disconnect","clientId":"`+id+`"}`)
		},
	}
	for name, goOn := range ways {
		t.Run(name, func(t *testing.T) {
			w := newStorm(t, 10)
			for range 30 {
				var ids []string
				for range 50 {
					w.now++
					id := w.shake(7)
					if id == "" {
						t.Fatalf("refused at %d ms", w.now-1_000_000)
					}
					ids = append(ids, id)
				}
				w.pass(2000)
				for _, id := range ids {
					goOn(w, id)
				}
			}
			if n := len(w.server.storms.sources); n != 0 {
				t.Errorf("%d addresses are counted, with nothing to count", n)
			}
		})
	}
}

// Clients that were told to stay away after their first connect, or say that they will,
// are no storm before they could have come back.
func TestCrowdThatStaysAwayIsNoStorm(t *testing.T) {
	for name, way := range map[string]struct {
		interval int64
		connect  string
	}{
		"told":       {interval: 15_000, connect: `"id":"1"`},
		"of its own": {connect: `"advice":{"interval":20000}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newStorm(t, 10)
			w.server.periods.interval = way.interval
			w.server.storms = newStorms(10, way.interval)
			body := `{"channel":"/meta/connect","connectionType":"long-polling",` + way.connect + `,"clientId":"`
			var ids []string
			for n := range 3000 { // fifty a second
				w.now += 20
				id := w.shake(7)
				if id == "" {
					t.Fatalf("refused at %d ms", w.now-1_000_000)
				}
				w.send(7, LongPolling, body+id+`"}`)
				if ids = append(ids, id); n >= 750 { // each comes back after 15 s
					w.send(7, LongPolling, body+ids[n-750]+`"}`)
				}
			}
		})
	}
}

// Of a storm by websocket, each with its first connect, is known as much.
func TestStormByWebSocket(t *testing.T) {
	w := newStorm(t, 10)
	for range 1500 {
		if id := w.shake(7); id != "" {
			w.send(7, WebSocket, `{"channel":"/meta/connect","connectionType":"websocket","clientId":"`+id+`"}`)
		}
		w.now += 20
	}
	if w.server.Stats().Damped == 0 {
		t.Error("none is refused")
	}
}

// The table is bounded, and no limit counts nothing.
func TestStormTableIsBounded(t *testing.T) {
	w := newStorm(t, 1)
	for peer := uint64(1); peer <= maxSources+10; peer++ {
		w.server.storms.begin(peer, w.now)
	}
	if n := len(w.server.storms.sources); n > maxSources {
		t.Errorf("%d addresses", n)
	}
	w = newStorm(t, 0)
	w.shake(7)
	if n := len(w.server.storms.sources); n != 0 {
		t.Errorf("%d addresses without a limit", n)
	}
}
