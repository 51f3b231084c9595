package faulty

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// stream writes groups of messages in the form of one connection type.
type stream struct {
	contentType, prologue, epilogue string
	write                           func(messages []string) string
}

// boundary separates the parts of a mime-message-block.
const boundary = "faulty"

func array(messages []string) string { return "[" + strings.Join(messages, ",") + "]" }

// streamOf is nil for connection types that are not streamed.
func streamOf(kind string) *stream {
	switch kind {
	case "eventsource":
		return &stream{"text/event-stream", ":hello\n\nretry: 7\n\n", "", func(m []string) string { return "data: " + array(m) + "\n\n" }}
	case "events":
		return &stream{"text/event-stream", "retry: 7\n\n", "", plainEvents}
	case "xhr-streaming":
		return &stream{"application/json", "\n  \n", "", func(m []string) string { return array(m) + "\r\n" }}
	case "iframe":
		return &stream{"text/html", "<script>function f(x){parent.c.deliver(x)}</script>\n", "<!-- end -->",
			func(m []string) string { return "<script type='x'>parent.c.deliver(" + array(m) + ");</script>\n" }}
	case "mime-message-block":
		return &stream{`multipart/x-mixed-replace; boundary="` + boundary + `"`, "--" + boundary + "\r\n", "Content-Type: text/plain\r\n\r\n[]\r\n--" + boundary + "--\r\n",
			func(m []string) string {
				return "Content-Type: text/plain\r\n\r\n" + array(m) + "\r\n--" + boundary + "\r\n"
			}}
	}
	return nil
}

// plainEvents writes each message as an event; one that only tells of a gap is named so.
func plainEvents(messages []string) string {
	text := ""
	for _, m := range messages {
		if m == gap {
			text += "event: gap\n"
		}
		text += "id: x\ndata: " + m + "\n\n"
	}
	return text
}

// gap is what the server says in place of a message that it has dropped.
const gap = `{"channel":"/meta/connect","successful":true,"ext":{"dropped":{"/a":1}}}`

// serveStream answers with what arrives for the session until the client goes, the stream
// is long enough or the session is gone. first is a reply to begin with.
func (s *Server) serveStream(w http.ResponseWriter, r *http.Request, kind string, ses *session, first string) {
	form := streamOf(kind)
	w.Header().Set("Content-Type", form.contentType)
	fmt.Fprint(w, form.prologue)
	if first != "" {
		fmt.Fprint(w, form.write([]string{first}))
	}
	flush := http.NewResponseController(w)
	_ = flush.Flush() // a client that has gone is seen by its context
	for sent := 0; s.faults.RollEvery == 0 || sent < s.faults.RollEvery; {
		queue := s.collect(ses, s.hold, r.Context().Done())
		if r.Context().Err() != nil || s.ended(ses) {
			break
		}
		if len(queue) == 0 {
			continue
		}
		sent += len(queue)
		text := form.write(queue)
		for _, part := range []string{text[:len(text)/2], text[len(text)/2:]} { // a piece is not a chunk
			fmt.Fprint(w, part)
			_ = flush.Flush()
		}
	}
	fmt.Fprint(w, form.epilogue)
}

func (s *Server) ended(ses *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ses.ended
}

// eventSource opens the event-stream of the session whose clientId ends the path.
func (s *Server) eventSource(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	ses := s.sessions[r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]]
	s.mu.Unlock()
	if ses == nil {
		http.Error(w, "402::session_unknown", http.StatusNotFound)
		return
	}
	s.serveStream(w, r, "eventsource", ses, "")
}

// events opens an event-stream for a client without a session.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.serial++
	id, ses := fmt.Sprint("events", s.serial), newSession()
	for _, channel := range r.URL.Query()["channel"] {
		ses.channels[channel] = true
	}
	s.sessions[id] = ses
	s.mu.Unlock()
	s.serveStream(w, r, "events", ses, "")
	s.mu.Lock()
	delete(s.sessions, id)
	s.mu.Unlock()
}

// socket is one websocket: a reader in serveSocket, and a writer for each session.
type socket struct {
	server *Server
	conn   net.Conn
	gone   chan struct{}
	mu     sync.Mutex // of writes
	writes sync.WaitGroup
	pushed map[*session]bool // by the reader only
}

func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	conn, _, _, err := ws.UpgradeHTTP(r, w)
	if err != nil {
		return
	}
	k := &socket{server: s, conn: conn, gone: make(chan struct{}), pushed: map[*session]bool{}}
	k.say(ws.OpPing, []byte("are you there"))
	for {
		text, op, err := wsutil.ReadClientData(conn) // refuses what is not masked, answers pings
		if err != nil || op != ws.OpText {
			break
		}
		var batch []message
		if json.Unmarshal(text, &batch) != nil {
			break
		}
		for _, m := range batch {
			k.writes.Go(func() { k.answer(m) })
		}
	}
	close(k.gone)
	conn.Close()
	k.writes.Wait()
}

// answer handles a message and begins to push for its session once it connects. A held
// connect waits out its time, whatever is pushed meanwhile.
func (k *socket) answer(m message) {
	s := k.server
	if m.Channel != "/meta/connect" {
		if replies, status := s.handle(m, k.gone); status == 0 {
			k.say(ws.OpText, []byte(array(replies)))
		}
		return
	}
	ses, refusal, status := s.admit(m)
	switch {
	case status != 0:
		k.say(ws.OpClose, ws.NewCloseFrameBody(ws.StatusInternalServerError, ""))
		return
	case refusal != "":
		k.say(ws.OpText, []byte(array([]string{refusal})))
		return
	}
	k.mu.Lock()
	begin := !k.pushed[ses]
	k.pushed[ses] = true
	k.mu.Unlock()
	if begin {
		k.writes.Go(func() { k.push(ses) })
	}
	if m.Advice == nil || m.Advice.Timeout == nil {
		select {
		case <-time.After(s.hold):
		case <-k.gone:
			return
		}
	}
	k.say(ws.OpText, []byte(array([]string{reply(m, true, s.numberReply(ses))})))
}

func (k *socket) push(ses *session) {
	for {
		queue := k.server.collect(ses, time.Hour, k.gone)
		if len(queue) == 0 {
			return
		}
		k.say(ws.OpText, []byte(array(queue)))
	}
}

// say writes a message, a text in two fragments with a ping between them if that is asked for.
func (k *socket) say(op ws.OpCode, payload []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	frames := []ws.Frame{ws.NewFrame(op, true, payload)}
	if half := len(payload) / 2; op == ws.OpText && k.server.faults.Fragment {
		frames = []ws.Frame{ws.NewFrame(op, false, payload[:half]), ws.NewPingFrame(nil), ws.NewFrame(ws.OpContinuation, true, payload[half:])}
	}
	for _, f := range frames {
		if ws.WriteFrame(k.conn, f) != nil {
			return // the reader will see that it is gone
		}
	}
}
