// Proved by TestPlainSockets and TestPlainPolls.

package faulty

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// admitPlain is the session that stands for a client without one: of an id that it was given before, or a new one for the
// channels of its query.
func (s *Server) admitPlain(r *http.Request, id string) (*session, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ses := s.sessions[id]; ses != nil {
		return ses, id
	}
	s.serial++
	id = fmt.Sprintf(`"plain%d"`, s.serial)
	ses := newSession()
	for _, channel := range r.URL.Query()["channel"] {
		ses.channels[channel] = true
	}
	s.sessions[id] = ses
	return ses, id
}

// Sessions is how many there are, with those that stand for clients without one.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

func (s *Server) dismiss(id string) {
	s.mu.Lock()
	delete(s.sessions, id)
	s.mu.Unlock()
}

// pushPlain makes the connection a websocket of messages for the channels of its query, if it says hello first.
func (s *Server) pushPlain(w http.ResponseWriter, r *http.Request) {
	conn, _, _, err := ws.UpgradeHTTP(r, w)
	if err != nil {
		return
	}
	k := &socket{server: s, conn: conn, gone: make(chan struct{})}
	defer conn.Close()
	if text, _, err := wsutil.ReadClientData(conn); err != nil || string(text) != "hello" {
		return
	}
	ses, id := s.admitPlain(r, "")
	defer s.dismiss(id)
	k.writes.Go(func() {
		for queue := s.collect(ses, time.Hour, k.gone); len(queue) > 0; queue = s.collect(ses, time.Hour, k.gone) {
			for _, m := range queue {
				k.say(ws.OpText, []byte(m))
			}
		}
	})
	for err == nil {
		_, _, err = wsutil.ReadClientData(conn)
	}
	close(k.gone)
	k.writes.Wait()
}

// poll answers with the next messages behind those of the response whose tag the request has.
func (s *Server) poll(w http.ResponseWriter, r *http.Request) {
	ses, id := s.admitPlain(r, r.Header.Get("If-None-Match"))
	queue := s.collect(ses, time.Hour, r.Context().Done())
	w.Header().Set("ETag", id)
	w.Header().Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
	fmt.Fprint(w, array(queue))
}
