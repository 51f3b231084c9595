package loop

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"halley/bayeux"
)

// A connection that is cut for what its client does is counted by its cause, and told with the client's address.
func TestCutsAreTold(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	s, now := startStill(t, func(c *Config) {
		c.HeaderTimeout, c.BodyTimeout, c.Log = 300*time.Millisecond, 300*time.Millisecond, slog.New(slog.NewTextHandler(&log, nil))
	})
	for want, cut := range map[cause]func() *wire{
		malformed: func() *wire { w := dial(t, s); w.send("?\r\n\r\n"); return w },
		tooLate: func() *wire {
			w := dial(t, s)
			w.send("GET / HTTP/1.1\r\nHo")
			eventually(t, func() bool { return w.begun(s) })
			now.Add(500)
			return w
		},
		tooFarAhead: func() *wire {
			w, id := dial(t, s), dial(t, s).subscriber("/a")
			w.holdConnect(s, id)
			w.Write([]byte(strings.Repeat(" ", s.ahead()+1)))
			return w
		},
	} {
		w := cut()
		eventually(t, func() bool { return s.Stats().ClientsRefused[want] == 1 })
		if line := "cause=" + causeNames[want] + " client=" + w.LocalAddr().String() + " times=1"; !strings.Contains(log.String(), line) {
			t.Errorf("%s is not in %s", line, log.String())
		}
	}
}

// begun tells whether a part of a request of a connection waits for the rest of it.
func (w *wire) begun(s *Server) (is bool) {
	s.visit(w.t.Context(), func(r *reactor) {
		r.conns.Each(func(_ uint32, c *conn) bool {
			is = is || c.socket.Conn().Peer().String() == w.LocalAddr().String() && c.socket.Buffered() > 0
			return true
		})
	})
	return is
}

// The end of a session is counted by its cause, and told with its client, where that is here, and its id.
func TestEndsAreTold(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	s, now := startStill(t, func(c *Config) {
		c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c.MaxInterval = time.Second
	})
	w := dial(t, s)
	left := w.subscriber("/a")
	w.bayeux(`{"channel":"/meta/disconnect","clientId":"` + left + `"}`)
	held := dial(t, s)
	ordered := w.subscriber("/a")
	held.holdConnect(s, ordered)
	if done, err := s.Disconnect(context.Background(), ordered); !done || err != nil {
		t.Fatal(done, err)
	}
	missed := w.subscriber("/a")
	equal(t, s.Stats().Sessions, 1)
	now.Add(2000)
	eventually(t, func() bool { return s.Stats().SessionsEnded[bayeux.Missed] == 1 })
	ended := s.Stats().SessionsEnded
	equal(t, ended[bayeux.Left], 1)
	equal(t, ended[bayeux.Ordered], 1)
	for _, want := range []string{
		"level=DEBUG msg=\"sessions end\" cause=left client=" + w.LocalAddr().String() + " session=" + nameOfSession(left) + " times=1",
		"level=INFO msg=\"sessions end\" cause=ordered client=" + held.LocalAddr().String() + " session=" + nameOfSession(ordered) + " times=1",
		"level=DEBUG msg=\"sessions end\" cause=missed client=away session=" + nameOfSession(missed) + " times=1",
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%s is not in %s", want, log.String())
		}
	}
	for _, id := range []string{left, ordered, missed} {
		if strings.Contains(log.String(), id) {
			t.Errorf("the clientId %s is in %s", id, log.String())
		}
	}
}

// nameOfSession is what a log calls the session of a clientId.
func nameOfSession(id string) string {
	at, _ := bayeux.ParseClientID([]byte(id))
	return at.String()
}
