package bayeux

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"halley/bayeux/event"
	"halley/bayeux/message"
)

// A client that takes less than there is has each channel's newest message in order
// of their numbers, so that one of these is a cursor for all, and a channel that
// changes faster than the others comes as often.
func TestConflatedEventsOfASlowStream(t *testing.T) {
	const channels, hot = 200, 7
	p := newPlayer(t, "")
	p.configure([]string{"queue-messages=1000", "rule=/h/*,history=10,conflate"})
	p.config.QueueBytes = 1 << 20
	p.run("post 1\n" + `{"channel":"/meta/handshake"}`)
	p.run("post 2 type=websocket\n" + `[{"channel":"/meta/connect","connectionType":"websocket","clientId":"$1"},{"channel":"/meta/subscribe","clientId":"$1","subscription":"/h/*"}]`)
	p.run("joined 1")
	s, pad, last := p.server, strings.Repeat("x", 1000), int64(0)
	publish := func(k int) {
		last++
		s.Deliver(p.now, event.New(fmt.Appendf(nil, "/h/%d", k), fmt.Appendf(nil, "%q", pad), false).Numbered(last))
	}
	for k := range channels {
		publish(k)
	}
	cursor, seen := int64(0), make([]int, channels)
	for flush := range 40 {
		s.Flush(p.now, 1, &p.fx)
		group := p.fx.List[0]
		p.fx.Each(&group, func(m []byte) {
			id := event.ID(m)
			if id <= cursor {
				t.Fatalf("flush %d: number %d comes after %d", flush, id, cursor)
			}
			cursor = id
			var k int
			fmt.Sscanf(string(message.Get(m, "channel")), `"/h/%d"`, &k)
			seen[k]++
		})
		p.fx.Reset()
		for n := range 100 { // more than a flush takes
			publish(hot)
			publish((flush*100 + n) % channels)
		}
		s.Report(0, &Report{Kind: Written, Session: group.Session, Upto: group.Upto}, nil)
	}
	if least := slices.Min(seen); least < 4 || seen[hot] < least {
		t.Errorf("the channels came %d times at least, the fastest %d times", least, seen[hot])
	}
	if n := s.Sessions(p.now, 1)[0].Queued; n > 2*channels {
		t.Errorf("%d events wait", n)
	}
}
