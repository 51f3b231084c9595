package bayeux

import (
	"fmt"
	"slices"
	"testing"
)

// Groups of a stream that are late to leave become smaller at once, as small as the time
// they took asks for; they grow again with each one that is not and behind which others
// wait, up to what they were.
func TestLateGroupsAreSmall(t *testing.T) {
	cfg := testConfig()
	cfg.ReplyBytes = 1 << 20
	b := newBacklog(t, false, cfg, 2000, 1000)
	batch := scanned(t, fmt.Sprintf(`{"channel":"/meta/connect","connectionType":"websocket","clientId":%q}`, b.id))
	b.server.Handle(b.now, Request{To: ReplyTo{Conn: 7}, Type: WebSocket}, &batch, &b.fx)
	b.fx.Reset()
	slot, r := b.server.sessions.lookup([]byte(b.id))
	a := b.server.sessions.address(slot)
	group := func(took int64) (kib int) {
		b.server.Flush(b.now, 64, &b.fx)
		for i := range b.fx.List {
			if e := &b.fx.List[i]; e.Kind == Deliver {
				kib = (len(b.fx.Messages(e)) + 1<<10) >> 10
				if took > 0 {
					b.server.Report(0, &Report{Kind: Late, Session: e.Session, Took: uint32(took)}, nil)
				}
				b.server.Report(b.now, &Report{Kind: Written, Session: a, Upto: e.Upto}, nil)
				b.fx.Reset()
				return kib
			}
		}
		t.Fatal("nothing is delivered")
		return 0
	}
	var got []int
	for _, took := range []int64{0, 150, 0, 0, 1300, 200, 0, 0, 0, 0, 250, 0} {
		got = append(got, group(took))
	}
	if want := []int{64, 64, 32, 64, 64, 8, 8, 16, 32, 64, 64, 16}; !slices.Equal(got, want) {
		t.Errorf("groups of %v KiB, want %v", got, want)
	}
	b.server.Report(0, &Report{Kind: Late, Session: nowhere, Took: 1000}, nil) // it may have ended meanwhile
	// One that nothing waits behind says nothing of the link.
	for r.queue.Pending() > 0 {
		group(1000)
	}
	b.publish(1, 100)
	group(0)
	if r.delivery.group.halvings != narrowest {
		t.Errorf("%d halvings after a short group", r.delivery.group.halvings)
	}
}
