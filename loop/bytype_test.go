package loop

import (
	"maps"
	"strings"
	"testing"
)

// expectWaiting waits until as many connections wait as want has, by type, and each that the loops have is among them.
func (s *Server) expectWaiting(t *testing.T, want map[string]int64) {
	t.Helper()
	eventually(t, func() bool {
		now := make(map[string]int64)
		for i, n := range s.Stats().Waiting {
			if n != 0 {
				now[ByType{}.Label(i)] = n
			}
		}
		return maps.Equal(now, want)
	})
	walked := make(map[string]int64)
	s.loops.visit(t.Context(), func(r *reactor) {
		r.conns.Each(func(_ uint32, c *conn) bool {
			if i, waits := c.waitingType(); waits {
				walked[waitingTypes[i]]++
			}
			return true
		})
	})
	if !maps.Equal(walked, want) {
		t.Errorf("the records say %v, want %v", walked, want)
	}
}

// Each connection that waits for events counts by its type for as long as it waits, however that ends: by a reply, by the
// client, by the end of its session or of its stream.
func TestWaitingByType(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.StreamBytes = 1 << 10; c.Loops = 2 })
	byType := func(id, name string) string { return strings.Replace(connect(id), "long-polling", name, 1) }
	want := map[string]int64{}
	begin := func(name string) {
		t.Helper()
		want[name]++
		s.expectWaiting(t, want)
	}
	end := func(name string) {
		t.Helper()
		if want[name]--; want[name] == 0 {
			delete(want, name)
		}
		s.expectWaiting(t, want)
	}

	poll := dial(t, s)
	polling := poll.subscriber("/poll")
	poll.send(post(connect(polling)))
	begin("long-polling")
	callback := dial(t, s)
	calling := callback.subscriber("/callback")
	callback.send(get("jsonp=held", byType(calling, "callback-polling")))
	begin("callback-polling")
	events := dial(t, s)
	events.openStream(getRequest("/events?channel=/events", "Accept: text/event-stream\r\n"))
	begin("events")
	source := dial(t, s)
	sourced := source.subscriber("/source")
	dial(t, s).openStream(getRequest("/bayeux/"+sourced, "Accept: text/event-stream\r\n"))
	begin("eventsource")
	stream := dial(t, s)
	streaming := stream.subscriber("/stream")
	stream.openStream(post(byType(streaming, "xhr-streaming")))
	begin("xhr-streaming")
	socket := socketOf(t, s)
	begin("websocket")
	socket.session("/socket")
	s.expectWaiting(t, want)

	mustPublish(t, s, "/poll", "1")
	end("long-polling")
	callback.Close()
	end("callback-polling")
	events.Close()
	end("events")
	if ended, err := s.Disconnect(t.Context(), sourced); err != nil || !ended {
		t.Fatal(ended, err)
	}
	end("eventsource")
	mustPublish(t, s, "/stream", `"`+strings.Repeat("x", 2<<10)+`"`) // the stream rolls over
	end("xhr-streaming")
	socket.frame(8, "\x03\xe8")
	end("websocket")
}
