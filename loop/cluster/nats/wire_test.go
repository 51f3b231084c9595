package nats

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"

	"halley/loop/cluster/wire"
	"halley/loop/settings"
	"halley/scripts/loopback"
)

// Three embedded servers find each other. What one node sends comes to those that want it, in order over all subjects, with its
// header, and not to itself.
func TestMesh(t *testing.T) {
	t.Parallel()
	wires, _ := mesh(t, 3, func(s *Settings) {})
	inboxes := []*inbox{listen(t, wires[0], "x.>"), listen(t, wires[1], "x.>"), listen(t, wires[2], "x.*.b", "x.1", "x.2")}
	meet(t, wires[0], "x.1", inboxes[1], inboxes[2])
	const n = 2000
	for i := range n {
		if !wires[0].Send(wire.Message{Subject: fmt.Sprintf("x.%d", 1+i%2), Data: fmt.Append(nil, i), Header: map[string][]string{"A": {"b"}}}) {
			t.Fatal("not taken")
		}
	}
	wires[0].Send(wire.Message{Subject: "x.a.b"})
	for _, in := range inboxes[1:] {
		for i := range n {
			if got, want := in.next(t), fmt.Sprintf("x.%d %d", 1+i%2, i); got != want {
				t.Fatalf("%q, want %q", got, want)
			}
		}
		if got := in.next(t); got != "x.a.b " {
			t.Errorf("%q", got)
		}
	}
	if len(inboxes[0].arrived) > 0 {
		t.Errorf("it gets its own: %s", <-inboxes[0].arrived)
	}
	if f := wires[1].Figures(); f.Received < n || !f.Up || f.Subjects != 1 {
		t.Errorf("%+v", f)
	}
}

// A subscription begins and ends in its place among what is sent, and two handlers of one subject get a message once each.
func TestSubscriptions(t *testing.T) {
	t.Parallel()
	wires, _ := mesh(t, 2, func(s *Settings) {})
	in := listen(t, wires[1], "x.1")
	got := make(chan string, 100)
	second := func(m *wire.Message) { got <- string(m.Data) }
	end, err := wires[1].Subscribe("x.1", second)
	if err != nil {
		t.Fatal(err)
	}
	meet(t, wires[0], "x.1", in)
	for len(got) > 0 {
		<-got
	}
	send := func(text string) {
		wires[0].Send(wire.Message{Subject: "x.1", Data: []byte(text)})
		if arrived := in.next(t); arrived != "x.1 "+text {
			t.Fatalf("%q, want %q", arrived, text)
		}
	}
	send("a")
	if text := <-got; text != "a" || len(got) > 0 {
		t.Errorf("the second handler got %q, and %d more", text, len(got))
	}
	end()
	end()
	send("b")
	if len(got) > 0 {
		t.Errorf("the second handler gets %q after its end", <-got)
	}
	for _, bad := range []string{"", "a..b", "a.>.b", "a.", "a b", strings.Repeat("a", mostSubject+1)} {
		if _, err := wires[0].Subscribe(bad, second); err == nil {
			t.Errorf("%.20q is taken", bad)
		}
	}
}

// What NATS would end the connection for, or take as something else, does not get there, and is counted.
func TestUnfitMessages(t *testing.T) {
	t.Parallel()
	wires, _ := mesh(t, 2, func(s *Settings) {})
	in := listen(t, wires[1], "x.>")
	meet(t, wires[0], "x.1", in)
	longest := "x." + strings.Repeat("s", mostSubject-4)
	for _, m := range []wire.Message{
		{Subject: "x.*"}, {Subject: "x.>"}, {Subject: "x..a"}, {Subject: longest + "sss"}, {Subject: "x.a", Data: make([]byte, wires[0].Most()+1)},
		{Subject: longest, Data: []byte("long")}, {Subject: "x.1", Data: make([]byte, wires[0].Most()-200)},
	} {
		wires[0].Send(m)
	}
	if got := in.next(t); got != longest+" long" {
		t.Errorf("%.20q", got)
	}
	if got := in.next(t); len(got) != 4+wires[0].Most()-200 {
		t.Errorf("%.20q of %d", got, len(got))
	}
	if f := wires[0].Figures(); f.Unfit != 5 || f.Losses != 0 || !f.Up {
		t.Errorf("%+v", f)
	}
}

// A server elsewhere that goes and comes back: the loss is told in its place among the messages, the subscriptions are made again, and
// what was sent meanwhile did not wait for it.
func TestExternalComesBack(t *testing.T) {
	t.Parallel()
	o := &server.Options{}
	url, stop := elsewhere(t, o)
	s := usual(func(s *Settings) { s.Servers = settings.Secret(url) })
	a, _ := join(t, s)
	b, log := join(t, s)
	in := listen(t, b, "x.>")
	meet(t, a, "x.1", in)
	a.Send(wire.Message{Subject: "x.1", Data: []byte("before")})
	if got := in.next(t); got != "x.1 before" {
		t.Fatal(got)
	}
	stop()
	if got := in.next(t); got != "down" {
		t.Fatal(got)
	}
	for a.Up() {
		time.Sleep(time.Millisecond)
	}
	a.Send(wire.Message{Subject: "x.1", Data: []byte("between")})
	elsewhere(t, &server.Options{Port: o.Port})
	if got := in.next(t); got != "up" {
		t.Fatal(got)
	}
	meet(t, a, "x.2", in)
	if f := a.Figures(); f.Lost == 0 || f.Losses != 1 || !f.Up {
		t.Errorf("%+v", f)
	}
	if text := log.String(); !strings.Contains(text, "the connection to NATS is lost") || !strings.Contains(text, "flag=--cluster") {
		t.Error(text)
	}
}

// A server elsewhere that is not there at first is found when it is, and that is told.
func TestExternalIsLate(t *testing.T) {
	t.Parallel()
	o := &server.Options{}
	url, stop := elsewhere(t, o)
	stop()
	w, log := join(t, usual(func(s *Settings) { s.Servers = settings.Secret(url) }))
	if w.Up() || !strings.Contains(log.String(), "flag=--cluster ") {
		t.Errorf("up %v, %s", w.Up(), log)
	}
	in := listen(t, w, "x.1")
	elsewhere(t, &server.Options{Port: o.Port})
	if got := in.next(t); got != "up" || !w.Up() {
		t.Error(got)
	}
}

// A message that clients may send has to fit into one of NATS'.
func TestTooSmallForMaxMessage(t *testing.T) {
	t.Parallel()
	url, _ := elsewhere(t, &server.Options{MaxPayload: 1 << 15})
	_, err := Open(usual(func(s *Settings) { s.Servers = settings.Secret(url) }), 1<<16, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "--cluster") || !strings.Contains(err.Error(), "--max-message") {
		t.Error(err)
	}
	w, err := Open(usual(func(s *Settings) { s.Listen, s.Peers = loopback.Address(t), []string{loopback.Address(t)} }), 1<<22, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if most := w.Most(); most < 1<<22 {
		t.Errorf("an embedded server takes %d", most)
	}
	leave(w)
}

// A handler that is slow has the server wait, and no message is lost before the server's own bound.
func TestSlowHandlerHoldsTheSender(t *testing.T) {
	t.Parallel()
	wires, _ := mesh(t, 2, func(s *Settings) { s.Buffer = 64 << 20 })
	hold, n, before := make(chan struct{}), 0, make(chan int, 1)
	in := listen(t, wires[1], "met")
	if _, err := wires[1].Subscribe("x", func(m *wire.Message) {
		<-hold
		if n++; bytes.Equal(m.Data, []byte("last")) {
			before <- n
		}
	}); err != nil {
		t.Fatal(err)
	}
	meet(t, wires[0], "met", in)
	const all = 3 * mostUnread
	for range all - 1 {
		wires[0].Send(wire.Message{Subject: "x", Data: []byte("some")})
	}
	wires[0].Send(wire.Message{Subject: "x", Data: []byte("last")})
	for w, _ := wires[0].Waiting(); w > 0; w, _ = wires[0].Waiting() {
		time.Sleep(time.Millisecond)
	}
	close(hold)
	if got := <-before; got != all {
		t.Errorf("%d of %d", got, all)
	}
	if f := wires[1].Figures(); f.Losses != 0 {
		t.Errorf("%+v", f)
	}
}

// What NATS' client had no room for is told as a connection that is lost and back, before the next message.
func TestDroppedIsALoss(t *testing.T) {
	t.Parallel()
	wires, _ := mesh(t, 2, func(s *Settings) {})
	in := listen(t, wires[1], "x")
	meet(t, wires[0], "x", in)
	wires[1].dialer.failed(wires[1].now.Load(), natsgo.ErrSlowConsumer)
	wires[0].Send(wire.Message{Subject: "x", Data: []byte("after")})
	for _, want := range []string{"down", "up", "x after"} {
		if got := in.next(t); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if f := wires[1].Figures(); f.Losses != 1 || !f.Up {
		t.Errorf("%+v", f)
	}
}

// Credentials stand in the URL; wrong ones are told with the flag, and tried again.
func TestExternalPassword(t *testing.T) {
	t.Parallel()
	url, _ := elsewhere(t, &server.Options{Username: "u", Password: "p"})
	with := func(who string) Settings {
		return usual(func(s *Settings) { s.Servers = settings.Secret(strings.Replace(url, "nats://", "nats://"+who+"@", 1)) })
	}
	if w, _ := join(t, with("u:p")); !w.Up() {
		t.Error("refused")
	}
	w, log := join(t, with("u:q"))
	if text := log.String(); w.Up() || !strings.Contains(text, "Authorization") || strings.Contains(text, "u:q") {
		t.Error(text)
	}
}

// The outbox takes what there is room for, counted until it has left, and nothing while it is shut.
func TestOutbox(t *testing.T) {
	t.Parallel()
	o := newOutbox(1000)
	message := func(subject string, n int) item {
		return item{publish, wire.Message{Subject: subject, Data: make([]byte, n)}}
	}
	if !o.put(message("a", 1)) || len(o.take()) > 0 {
		t.Error("one that is shut has taken something")
	}
	o.set(true)
	for i, want := range []bool{true, true, false} {
		if got := o.put(message("a", 400)); got != want {
			t.Errorf("%d is taken: %v", i, got)
		}
	}
	if !o.put(item{align, wire.Message{Subject: "s"}}) {
		t.Error("a subject is not taken")
	}
	taken := slices.Clone(o.take())
	if len(taken) != 3 || taken[2].action != align || o.put(message("a", 400)) {
		t.Errorf("%d taken; what was taken last waits no more", len(taken))
	}
	if o.take(); o.waiting() != 0 || !o.put(message("a", 5000)) {
		t.Error("a large one is not taken by an empty outbox")
	}
	o.set(false)
	if lost, refused := o.counts(); lost != 2 || refused != 2 || o.waiting() != 0 {
		t.Errorf("lost %d, refused %d, %d wait", lost, refused, o.waiting())
	}
}
