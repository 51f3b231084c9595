package bayeux

import (
	"fmt"
	"testing"
)

// A client over an event-stream that publishes, and connects as seldom as it is told,
// keeps its session for ten minutes and longer.
func TestLifeOverAnEventStream(t *testing.T) {
	w := newStorm(t, 0)
	id := w.shake(0)
	heartbeat := fmt.Sprintf(`{"channel":"/meta/connect","connectionType":"eventsource","clientId":%q}`, id)
	publish := fmt.Sprintf(`{"channel":"/a","data":1,"clientId":%q}`, id)
	w.server.Open(w.now, Request{To: ReplyTo{Serial: 1 << 30}}, []byte(id), &w.fx)
	for second := range int64(660) {
		if second%(w.server.periods.hold/1000) == 0 {
			w.send(0, LongPolling, heartbeat)
		}
		if second%7 == 1 {
			w.send(0, LongPolling, publish)
		}
		w.pass(1000)
		if w.server.Stats().Sessions != 1 {
			t.Fatalf("the session is gone after %d seconds", second)
		}
	}
}
