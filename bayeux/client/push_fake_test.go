package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

const everyType = `"supportedConnectionTypes":["websocket","eventsource","long-polling"]`

// pushHandshake is the reply of a server that has every connection type.
var pushHandshake = strings.Replace(okHandshake, `"supportedConnectionTypes":["long-polling"]`, everyType, 1)

// peer is the server's end of a websocket.
type peer struct {
	*websocket.Conn
	t   *testing.T
	ctx context.Context
}

func (f *fake) upgrade(w http.ResponseWriter, r *http.Request) {
	if f.socket == nil {
		http.Error(w, "no websockets here", http.StatusForbidden)
		return
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		f.t.Errorf("upgrade: %v", err)
		return
	}
	defer conn.CloseNow()
	f.socket(&peer{conn, f.t, testContext(f.t)})
}

// expect reads a batch whose first message is for a channel, and gives the raw
// ids of its messages. It ends the peer when the client has gone.
func (p *peer) expect(channel string) (ids []string) {
	p.t.Helper()
	_, body, err := p.Read(p.ctx)
	if err != nil {
		p.t.Errorf("read, wanting %s: %v", channel, err)
		return []string{`""`}
	}
	var messages []struct {
		Channel string          `json:"channel"`
		ID      json.RawMessage `json:"id"`
	}
	if err := json.Unmarshal(body, &messages); err != nil || len(messages) == 0 || messages[0].Channel != channel {
		p.t.Errorf("got %s, want %s (%v)", body, channel, err)
		return []string{`""`}
	}
	for _, m := range messages {
		ids = append(ids, string(m.ID))
	}
	return ids
}

// send writes a frame with the first of some ids for $1.
func (p *peer) send(reply string, ids ...string) {
	p.t.Helper()
	if len(ids) > 0 {
		reply = strings.ReplaceAll(reply, "$1", ids[0])
	}
	if err := p.Write(p.ctx, websocket.MessageText, []byte(reply)); err != nil {
		p.t.Errorf("write: %v", err)
	}
}

// answer takes one request and replies.
func (p *peer) answer(channel, reply string) {
	p.t.Helper()
	p.send(reply, p.expect(channel)...)
}

// greet opens a session, subscribes it and answers the first connect.
func (p *peer) greet() {
	p.t.Helper()
	p.answer("/meta/handshake", pushHandshake)
	p.answer("/meta/subscribe", okSub)
	p.answer("/meta/connect", okConnect)
}

// gone waits until the client closes, and gives its code.
func (p *peer) gone() websocket.StatusCode {
	for {
		if _, _, err := p.Read(p.ctx); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

func push(data ...string) string {
	var list []string
	for _, d := range data {
		list = append(list, fmt.Sprintf(`{"channel":"/a","data":%s}`, d))
	}
	return "[" + strings.Join(list, ",") + "]"
}

func (f *fake) openStream(w http.ResponseWriter, r *http.Request) {
	if f.stream == nil {
		http.Error(w, "no such session", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream;charset=utf-8")
	f.stream(w, r)
}

// emit writes a piece of an event-stream.
func emit(w http.ResponseWriter, text string) {
	fmt.Fprint(w, text)
	w.(http.Flusher).Flush()
}
