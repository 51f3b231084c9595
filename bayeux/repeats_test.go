package bayeux

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/message"
)

// talker publishes on connections of its choice, and counts what is delivered of it.
type talker struct {
	server *Server
	now    int64
	id     string
	serial uint32
}

const fayeHandshake = `{"channel":"/meta/handshake","supportedConnectionTypes":["in-process","websocket","long-polling"],"id":"1"}`

func newTalker(t testing.TB, handshake string) *talker {
	k := &talker{server: NewServer(testConfig(), 0)}
	fx := k.send(t, 1, handshake)
	_, after, _ := bytes.Cut(fx.Messages(&fx.List[0]), []byte(`"clientId":"`))
	k.id = string(after[:ClientIDLen])
	return k
}

func (k *talker) send(t testing.TB, conn uint32, body string) *Effects {
	var batch message.Batch
	scanner := k.server.cfg.Scanner
	if err := scanner.Scan([]byte(body), &batch); err != nil {
		t.Fatal(err)
	}
	fx := new(Effects)
	k.serial++
	k.server.Handle(k.now, Request{To: ReplyTo{Conn: conn, Serial: k.serial}}, &batch, fx)
	return fx
}

// publish tells whether a publish, which has to be answered with success, was delivered.
func (k *talker) publish(t testing.TB, conn uint32, id, data string) (delivered bool) {
	fx := k.send(t, conn, fmt.Sprintf(`{"channel":"/a","clientId":%q,"id":%q,"data":%s}`, k.id, id, data))
	for i := range fx.List {
		delivered = delivered || fx.List[i].Kind == Publish
	}
	answer := &fx.List[len(fx.List)-1]
	if want := fmt.Sprintf(`{"channel":"/a","successful":true,"id":%q}`, id); answer.Kind != Reply || string(fx.Messages(answer)) != want {
		t.Fatalf("%s, not %s", fx.Messages(answer), want)
	}
	return delivered
}

// What Faye's client publishes is delivered once, however often and in whatever order it repeats the last ones, each time on a
// new connection; and it may publish the same data under another id.
func TestRepeats(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k, conn, ids := newTalker(t, fayeHandshake), uint32(1), []string(nil)
		rt.Repeat(map[string]func(*rapid.T){
			"publish": func(rt *rapid.T) {
				conn++
				id := fmt.Sprint(len(ids))
				if ids = append(ids, id); !k.publish(t, conn, id, "1") {
					rt.Fatalf("publish %s is not delivered", id)
				}
			},
			"repeat": func(rt *rapid.T) {
				if len(ids) == 0 {
					rt.Skip("nothing to repeat")
				}
				conn++
				if id := rapid.SampledFrom(ids[max(0, len(ids)-repeatsKept):]).Draw(rt, "id"); k.publish(t, conn, id, "1") {
					rt.Fatalf("publish %s is delivered again", id)
				}
			},
			"": func(rt *rapid.T) {
				if err := Invariants(k.server); err != nil {
					rt.Fatal(err)
				}
			},
		})
		if got := k.server.Stats().Published; got != uint64(len(ids)) {
			rt.Fatalf("%d of %d are delivered", got, len(ids))
		}
	})
}

// said is what a client has published by a connection.
type said struct {
	conn     uint32
	id, data string
}

// Whatever a client does with its ids, a publish that is not delivered is one that was delivered before, by another connection,
// and no id had been used for two things until then. Of a client that is not Faye's all are delivered.
func TestOnlyRepeatsAreRecognised(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		faye := rapid.Bool().Draw(rt, "faye")
		handshake := fayeHandshake
		if !faye {
			handshake = rapid.SampledFrom([]string{`{"channel":"/meta/handshake"}`,
				`{"channel":"/meta/handshake","supportedConnectionTypes":["websocket","long-polling","callback-polling"]}`}).Draw(rt, "handshake")
		}
		k, before, odd := newTalker(t, handshake), []said(nil), false
		for range rapid.IntRange(1, 12).Draw(rt, "publishes") {
			now := said{uint32(rapid.IntRange(1, 3).Draw(rt, "conn")), rapid.SampledFrom([]string{"1", "2", "3"}).Draw(rt, "id"),
				rapid.SampledFrom([]string{"1", "2"}).Draw(rt, "data")}
			known := slices.ContainsFunc(before, func(s said) bool { return s.id == now.id && s.data == now.data && s.conn != now.conn })
			odd = odd || slices.ContainsFunc(before, func(s said) bool { return s.id == now.id && (s.data != now.data || s.conn == now.conn) })
			if delivered := k.publish(t, now.conn, now.id, now.data); delivered == (faye && known && !odd) {
				rt.Fatalf("%+v after %+v: delivered %v", now, before, delivered)
			} else if delivered {
				before = append(before, now)
			}
		}
	})
}

// What is known of a session's publishes goes with it, and nothing is kept of one that publishes nothing.
func TestRepeatsAreForgotten(t *testing.T) {
	k := newTalker(t, fayeHandshake)
	if len(k.server.repeats) != 0 {
		t.Error("something is kept of a session that has published nothing")
	}
	for n := range 3 * repeatsKept {
		k.publish(t, uint32(2+n), fmt.Sprint(n), "1")
	}
	k.now += repeatWindow + 1
	if k.publish(t, 1000, fmt.Sprint(3*repeatsKept-1), "1") != true {
		t.Error("a publish of long ago is taken for a repeat")
	}
	if kept := k.server.Kept().Repeats; len(k.server.repeats) != 1 || kept < repeatsKept*3*8 {
		t.Errorf("%d sessions, %d bytes", len(k.server.repeats), kept)
	}
	k.send(t, 1, fmt.Sprintf(`{"channel":"/meta/disconnect","clientId":%q}`, k.id))
	if len(k.server.repeats) != 0 || k.server.Kept().Repeats != 0 {
		t.Error("something is kept of a session that has ended")
	}
}
