package feeds

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// standing is a node that is the eldest or not.
type standing struct{ eldest atomic.Bool }

func (s *standing) Eldest() bool { return s.eldest.Load() }

// nodes are two nodes of one cluster, of which the first is the eldest.
func nodes(t *testing.T, ns *server.Server, hs *[2]halley, change func(*Settings, *Options)) (fs [2]*Feeds, at [2]*standing) {
	t.Helper()
	for i := range fs {
		at[i] = &standing{}
		at[i].eldest.Store(i == 0)
		fs[i], _ = start(t, ns, &hs[i], func(s *Settings, o *Options) {
			o.Nodes = at[i]
			change(s, o)
		})
	}
	return fs, at
}

// Each node publishes for itself what has no common order, and the eldest for all what has one or goes on to others.
func TestNodes(t *testing.T) {
	ns := natsServer(t, server.Options{})
	hs := [2]halley{{kept: "/a/kept"}, {kept: "/a/kept"}}
	_, at := nodes(t, ns, &hs, func(s *Settings, o *Options) {
		s.Imports, s.Exports = lines("a.> /a/**"), lines("/a/out b.out")
		o.PassedOn = func(name []byte) bool { return string(name) == "/a/up" }
	})
	p := publisher(t, ns)
	for _, subject := range []string{"a.x", "a.kept", "a.out", "a.up", "a.y"} {
		send(t, p, subject, "1")
	}
	flush(t, p)
	hs[0].expect(t, "/a/x 1 here", "/a/kept 1", "/a/out 1 via 1", "/a/up 1", "/a/y 1 here")
	hs[1].expect(t, "/a/x 1 here", "/a/y 1 here")
	at[0].eldest.Store(false)
	at[1].eldest.Store(true)
	send(t, p, "a.kept", "2")
	hs[1].expect(t, "/a/x 1 here", "/a/y 1 here", "/a/kept 2")
	eventually(t, func() bool { return contains(hs[1].gaps(), "/a/**") })
	if got := hs[0].all(); len(got) != 5 || len(hs[0].gaps()) != 0 {
		t.Errorf("%q, told %q", got, hs[0].gaps())
	}
}

// The successor of the eldest tells of what may be missing though nothing comes any more: the last message may have come between the two.
func TestSuccessorTells(t *testing.T) {
	ns := natsServer(t, server.Options{})
	var hs [2]halley
	_, at := nodes(t, ns, &hs, func(s *Settings, _ *Options) { s.Imports = lines("a.> /a/**") })
	at[0].eldest.Store(false)
	at[1].eldest.Store(true)
	eventually(t, func() bool { return contains(hs[1].gaps(), "/a/**") })
}

// One node reads a stream at a time. The next one goes on where it was, in order.
func TestStreamOfNodes(t *testing.T) {
	ns := natsServer(t, server.Options{})
	js := stream(t, ns)
	var hs [2]halley
	fs, at := nodes(t, ns, &hs, func(s *Settings, _ *Options) { s.Imports = lines("js:TICKS:ticks.> /t/** all") })
	store(t, js, "ticks.A", 0, 300)
	hs[0].expect(t, numbered("/t/A", 0, 300)...)
	eventually(t, func() bool { return pendingAcks(t, js, fs[0]) == 0 })
	at[0].eldest.Store(false)
	eventually(t, func() bool { // it asks for no more
		c, err := js.Consumer(t.Context(), "TICKS", fs[0].imports[0].consumer())
		return err == nil && c.CachedInfo().NumWaiting == 0
	})
	store(t, js, "ticks.A", 300, 310)
	at[1].eldest.Store(true)
	hs[1].expect(t, numbered("/t/A", 300, 310)...)
	if got := hs[0].all(); len(got) != 300 {
		t.Errorf("the other one has published %d", len(got))
	}
	if len(hs[1].gaps()) != 0 {
		t.Errorf("told %q", hs[1].gaps())
	}
}

// What is published by one node for all has a key, by which a message that is tried again is known, and what goes by way of the trail
// has a number there.
func TestKeys(t *testing.T) {
	ns := natsServer(t, server.Options{})
	js := stream(t, ns)
	h := &halley{kept: "/t/**"}
	var lock sync.Mutex
	keys, trails := map[string]bool{}, map[uint64]bool{}
	attempts := 0
	h.fail = func(batch []Publication) error {
		lock.Lock()
		defer lock.Unlock()
		for _, p := range batch {
			if p.Key != "" {
				keys[p.Key] = true
			}
			if p.Trail.Origin != "" {
				trails[p.Trail.Number] = true
			}
		}
		if attempts++; attempts%2 == 1 {
			return errBusy
		}
		return nil
	}
	start(t, ns, h, func(s *Settings, _ *Options) {
		s.Imports, s.Exports = lines("a.> /t/a/**", "js:TICKS:ticks.> /t/b/** all"), lines("/t/a/out x")
	})
	store(t, js, "ticks.A", 0, 3)
	p := publisher(t, ns)
	for _, data := range []string{"1", "2", "\xff"} {
		send(t, p, "a.x", data)
	}
	send(t, p, "a.out", "1")
	eventually(t, func() bool { return len(h.all()) == 7 })
	lock.Lock()
	defer lock.Unlock()
	if len(keys) != 5 || len(trails) != 2 || attempts < 2 {
		t.Errorf("%d keys and %d marks, in %d attempts", len(keys), len(trails), attempts)
	}
}
