package feeds

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"halley/bayeux/event"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*ats).run"), // its clock, one for the process
		goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server/ats.init.0.func1"))
}

// Messages of NATS come to channels in order, and what cannot be published is counted.
func TestImport(t *testing.T) {
	ns, h := natsServer(t, server.Options{}), &halley{}
	f, _ := start(t, ns, h, func(s *Settings, _ *Options) { s.Imports = lines("stock.> /stock/**", "news /news/all") })
	p := publisher(t, ns)
	for n := range 300 {
		send(t, p, "stock.ACME", fmt.Sprint(n))
	}
	send(t, p, "stock."+strings.Repeat("a", 300), "1")
	send(t, p, "stock.big", strings.Repeat("a", 1001))
	send(t, p, "stock.eu.X", "text")
	send(t, p, "other.a", "1")
	var want []string
	for n := range 300 {
		want = append(want, fmt.Sprintf("/stock/ACME %d", n))
	}
	h.expect(t, append(want, `/stock/eu/X "text"`)...)
	send(t, p, "news", "\xff")
	h.expect(t, append(want, `/stock/eu/X "text"`, `/news/all {"data":"@@","last":true,"meta":{}} binary`)...)
	f.come(t, func(i Import) bool {
		return i.Received == 303 && i.Refused == 2 && i.Published == 301 && i.Waiting == 0 && i.Label() == "stock.> /stock/**"
	})
	if len(h.gaps()) != 0 || h.trouble("feeds") != "" || !f.Figures().Connected {
		t.Errorf("%q, %q", h.gaps(), h.trouble("feeds"))
	}
	if (*Feeds)(nil).Figures().Connected {
		t.Error("no feeds are connected")
	}
}

// A server that is busy gets messages again, one that can never be published is left out, and a batch that is too large comes in parts.
func TestImportMeetsRefusals(t *testing.T) {
	ns, h := natsServer(t, server.Options{}), &halley{}
	attempts := 0
	h.fail = func(batch []Publication) error {
		attempts++
		for i, p := range batch {
			if string(p.Data) == "3" {
				return &Refusal{i, "no"}
			}
		}
		switch {
		case attempts%2 == 0:
			return errBusy
		case len(batch) > 2, string(batch[0].Data) == "7", string(batch[len(batch)-1].Data) == "7":
			return ErrTooLarge
		}
		return nil
	}
	f, _ := start(t, ns, h, func(s *Settings, _ *Options) { s.Imports = lines("a.> /a/**") })
	p := publisher(t, ns)
	for n := range 10 {
		send(t, p, "a.b", fmt.Sprint(n))
	}
	h.expect(t, "/a/b 0", "/a/b 1", "/a/b 2", "/a/b 4", "/a/b 5", "/a/b 6", "/a/b 8", "/a/b 9")
	f.come(t, func(i Import) bool { return i.Refused == 2 && i.Published == 8 })
	if (&Refusal{Reason: "no"}).Error() != "no" {
		t.Error("a refusal does not tell why")
	}
}

// What comes quicker than it can be published is dropped above the bound, counted, and told to subscribers.
func TestSlowImport(t *testing.T) {
	ns, h := natsServer(t, server.Options{}), &halley{}
	var stuck sync.Mutex
	h.fail = func([]Publication) error {
		stuck.Lock()
		defer stuck.Unlock()
		return nil
	}
	f, _ := start(t, ns, h, func(s *Settings, _ *Options) { s.Imports = lines("a.> /a/**") })
	stuck.Lock()
	free := sync.OnceFunc(stuck.Unlock)
	t.Cleanup(free)
	p := publisher(t, ns)
	const messages = 6000
	for range messages {
		send(t, p, "a.b", strings.Repeat("1", 1000))
	}
	flush(t, p)
	missed := func() int { return int(f.Figures().Imports[0].Missed) }
	eventually(t, func() bool { return missed() > 0 })
	eventually(t, func() bool { // all of it has come, or was dropped
		i := f.Figures().Imports[0]
		n, bytes, _ := f.imports[0].sub.Load().Pending()
		return int(i.Received)+n+missed() >= messages && bytes <= 1<<20 // the one that is being taken counts twice
	}, func() string {
		n, bytes, _ := f.imports[0].sub.Load().Pending()
		return fmt.Sprintf("%+v, %d of %d bytes wait", f.Figures(), n, bytes)
	})
	free()
	eventually(t, func() bool { return len(h.all())+missed() == messages }, func() string { return fmt.Sprintf("%d and %d", len(h.all()), missed()) })
	eventually(t, func() bool { return contains(h.gaps(), "/a/**") })
	if kept := len(h.all()); kept < 1000 || kept > 3000 {
		t.Errorf("%d messages were kept, of 2 MiB", kept)
	}
}

// What is published here goes out with its number and its way, and once.
func TestExport(t *testing.T) {
	ns, h := natsServer(t, server.Options{}), &halley{}
	f, _ := start(t, ns, h, func(s *Settings, _ *Options) { s.Exports = lines("/orders/** orders.>", "/orders/* one") })
	p := publisher(t, ns)
	got := make(chan *nats.Msg, 100)
	if _, err := p.ChanSubscribe(">", got); err != nil {
		t.Fatal(err)
	}
	flush(t, p)
	f.Offer(event.New([]byte("/orders/eu/X.1"), []byte(`{"a":1}`), false).Numbered(77))
	f.Offer(event.New([]byte("/other"), []byte("1"), false))
	f.Offer(event.New([]byte("/orders/2"), nil, true))
	want := map[string]string{
		"orders.eu.X%2E1": `{"a":1} 77 ` + f.Node.Node() + `-1 {"halley":{"via":["` + f.Node.Node() + `","` + f.id + `"],"origin":"` + f.Node.Node() + `","number":1}}`,
		"orders.2":        `null  ` + f.Node.Node() + `-2 {"binary":{},"halley":{"via":["` + f.Node.Node() + `","` + f.id + `"],"origin":"` + f.Node.Node() + `","number":2}}`,
		"one":             `null  ` + f.Node.Node() + `-3 {"binary":{},"halley":{"via":["` + f.Node.Node() + `","` + f.id + `"],"origin":"` + f.Node.Node() + `","number":3}}`,
	}
	for range want {
		m := <-got
		text := fmt.Sprintf("%s %s %s %s", m.Data, m.Header.Get(numberHeader), m.Header.Get(nats.MsgIdHdr), m.Header.Get(extHeader))
		if want[m.Subject] != text {
			t.Errorf("%s: %s", m.Subject, text)
		}
	}
	eventually(t, func() bool {
		e := f.Figures().Exports
		return e[0].Exported == 2 && e[1].Exported == 1 && e[0].Waiting == 0
	})
	if e := f.Figures().Exports[0]; e.Label() != "/orders/** orders.>" || e.Refused+e.Unconfirmed+e.Overflowed != 0 {
		t.Errorf("%+v", e)
	}
}

// What cannot go to NATS is counted, and holds up nothing.
func TestExportRefuses(t *testing.T) {
	ns, h := natsServer(t, server.Options{MaxPayload: 2000}), &halley{}
	f, _ := start(t, ns, h, func(s *Settings, _ *Options) { s.Exports = lines("/** >") })
	p := publisher(t, ns)
	got := make(chan *nats.Msg, 100)
	if _, err := p.ChanSubscribe("good", got); err != nil {
		t.Fatal(err)
	}
	flush(t, p)
	tooOld := event.Trail{}
	for n := range event.MaxHops {
		tooOld = tooOld.Past(fmt.Sprintf("%016x", n))
	}
	f.Offer(event.New([]byte("/good"), []byte(`"`+strings.Repeat("a", 2000)+`"`), false))
	f.Offer(event.New([]byte("/$SYS/a"), []byte("1"), false))
	f.Offer(event.New([]byte("/halley/prod/b"), []byte("1"), false))
	f.Offer(event.New([]byte("/good"), []byte("2"), false).Trailed(tooOld))
	f.Offer(event.New([]byte("/good"), []byte("3"), false))
	if m := <-got; string(m.Data) != "3" {
		t.Errorf("%s", m.Data)
	}
	eventually(t, func() bool { e := f.Figures().Exports[0]; return e.Refused == 3 && e.Exported == 1 })
}

// A message goes neither out where it came in, nor in where it went out, by whichever server of the name. Others take it.
func TestNothingGoesBack(t *testing.T) {
	ns := natsServer(t, server.Options{})
	var hs [3]halley
	var fs [3]*Feeds
	for i, name := range []string{"one", "one", "two"} {
		fs[i], _ = start(t, ns, &hs[i], func(s *Settings, _ *Options) {
			s.Imports, s.Exports, s.Name = lines("a.> /a/**"), lines("/a/** a.>"), name
		})
	}
	fs[0].Offer(event.New([]byte("/a/b"), []byte("1"), true))
	hs[2].expect(t, "/a/b 1 binary via 3") // its node, its name, and the name of the third
	eventually(t, func() bool { return fs[1].Figures().Imports[0].Returned == 1 })
	send(t, publisher(t, ns), "a.c", "2")
	for i := range fs {
		want := lines("/a/c 2 via 1")
		if i == 2 {
			want = lines("/a/b 1 binary via 3", "/a/c 2 via 1")
		}
		hs[i].expect(t, want...)
		// It is published here, and the tap is told.
		fs[i].Offer(event.New([]byte("/a/c"), []byte("2"), false).Trailed(event.Trail{}.Past(fs[i].id)))
	}
	fs[0].Offer(event.New([]byte("/a/last"), []byte("3"), false))
	eventually(t, func() bool { return contains(hs[2].all(), "/a/last 3") })
	if got := hs[2].all(); len(got) != 3 {
		t.Errorf("got %q", got)
	}
}

// The connection comes back with the server. Subscribers are told that messages may be missing, and what waited goes out.
func TestServerComesBack(t *testing.T) {
	ns, h := natsServer(t, server.Options{}), &halley{}
	f, end := start(t, ns, h, func(s *Settings, _ *Options) { s.Imports, s.Exports = lines("a.> /a/**"), lines("/b/** b.>") })
	port := ns.Addr().String()
	stop(ns)
	eventually(t, func() bool {
		return strings.Contains(h.trouble("feeds"), "no connection to NATS") && !f.Figures().Connected
	})
	for n := range 700 {
		f.Offer(event.New([]byte("/b/c"), []byte(fmt.Sprint(n)), false))
	}
	var number int
	if _, err := fmt.Sscanf(port[strings.LastIndexByte(port, ':'):], ":%d", &number); err != nil {
		t.Fatal(err)
	}
	again := natsServer(t, server.Options{Port: number})
	p := publisher(t, again)
	eventually(t, func() bool { return f.Figures().Connected && h.trouble("feeds") == "" && connected(t, again, f) == 1 })
	eventually(t, func() bool { return contains(h.gaps(), "/a/**") })
	send(t, p, "a.b", "1")
	h.expect(t, "/a/b 1")
	eventually(t, func() bool { e := f.Figures().Exports[0]; return e.Exported+e.Unconfirmed == 700 && e.Unconfirmed == 0 },
		func() string { return fmt.Sprintf("%+v", f.Figures()) })
	if f.Figures().Reconnects != 1 {
		t.Errorf("%+v", f.Figures())
	}
	f.Leave()
	send(t, p, "a.b", "2")
	eventually(t, func() bool { return f.Figures().Imports[0].Received == 2 })
	end()
	if len(h.all()) != 1 {
		t.Errorf("published %q after it left", h.all())
	}
}

// What waits for NATS when the server ends goes out before, for a while, and what cannot is counted.
func TestEnd(t *testing.T) {
	ns, h := natsServer(t, server.Options{}), &halley{}
	f, end := start(t, ns, h, func(s *Settings, _ *Options) { s.Exports = lines("/b/** b.>") })
	for n := range 2000 {
		f.Offer(event.New([]byte("/b/c"), []byte(fmt.Sprint(n)), false))
	}
	end()
	if e := f.Figures().Exports[0]; e.Exported != 2000 {
		t.Errorf("%+v", e)
	}
	eventually(t, func() bool { return connected(t, ns, f) == 0 })
	g, end := start(t, ns, h, func(s *Settings, _ *Options) { s.Exports = lines("/b/** b.>") })
	stop(ns)
	eventually(t, func() bool { return !g.Figures().Connected })
	g.Offer(event.New([]byte("/b/c"), []byte("1"), false))
	eventually(t, func() bool { return g.Figures().Exports[0].Waiting == 0 })
	began := time.Now()
	end()
	if e := g.Figures().Exports[0]; e.Unconfirmed != 1 || time.Since(began) > 2*farewell {
		t.Errorf("%+v after %v", e, time.Since(began))
	}
}

// A server that wants to know who comes is told, by a file that is read again.
func TestCredentials(t *testing.T) {
	for _, c := range []struct {
		server server.Options
		text   string
	}{
		{server.Options{Username: "a", Password: "b:c"}, "a:b:c\n"},
		{server.Options{Authorization: "sesame"}, "sesame"},
	} {
		ns, h := natsServer(t, c.server), &halley{}
		start(t, ns, h, func(s *Settings, _ *Options) { s.Imports, s.Credentials = lines("a /a"), write(t, c.text) })
	}
}
