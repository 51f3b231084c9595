// Package baseline is the server that halley's design argues against: one goroutine
// per connection, a mutex around the table, a channel per session, on fasthttp. It is
// written as a good programmer would write it in an afternoon, and speaks as much
// Bayeux over long-polling as the load generator needs, so that the two can be
// measured side by side.
package baseline

import (
	"crypto/rand"
	"encoding/json"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// Server is a Bayeux server for broadcast channels. Create it with New.
type Server struct {
	hold     time.Duration
	http     fasthttp.Server
	mu       sync.RWMutex
	sessions map[string]*session
	channels map[string]map[*session]struct{}
}

type session struct {
	id    string
	wake  chan struct{} // has room for one: it only says that the queue is not empty
	mu    sync.Mutex
	queue []json.RawMessage
	names []string
}

// New makes a server that holds connects for hold.
func New(hold time.Duration) *Server {
	s := &Server{hold: hold, sessions: map[string]*session{}, channels: map[string]map[*session]struct{}{}}
	s.http = fasthttp.Server{Handler: s.handle, Name: "baseline", NoDefaultDate: true}
	return s
}

// Serve answers requests until the listener is closed.
func (s *Server) Serve(l net.Listener) error { return s.http.Serve(l) }

// Close ends the server. Held connects are not answered.
func (s *Server) Close() error { return s.http.Shutdown() }

type message struct {
	Channel      string          `json:"channel"`
	ClientID     string          `json:"clientId,omitempty"`
	ID           string          `json:"id,omitempty"`
	Data         json.RawMessage `json:"data,omitempty"`
	Subscription json.RawMessage `json:"subscription,omitempty"`
	Advice       *advice         `json:"advice,omitempty"`
	Successful   *bool           `json:"successful,omitempty"`
	Error        string          `json:"error,omitempty"`
	Version      string          `json:"version,omitempty"`
	Types        []string        `json:"supportedConnectionTypes,omitempty"`
}

type advice struct {
	Reconnect string `json:"reconnect,omitempty"`
	Interval  *int   `json:"interval,omitempty"`
	Timeout   *int   `json:"timeout,omitempty"`
}

func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	var batch []message
	if err := json.Unmarshal(ctx.PostBody(), &batch); err != nil {
		ctx.Error(err.Error(), fasthttp.StatusBadRequest)
		return
	}
	var out []json.RawMessage
	for _, m := range batch {
		deliveries, reply := s.answer(m)
		out = append(append(out, deliveries...), encode(reply))
	}
	body, err := json.Marshal(out)
	if err != nil {
		ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
		return
	}
	ctx.SetContentType("application/json;charset=utf-8")
	ctx.SetBody(body)
}

func encode(m message) json.RawMessage {
	text, err := json.Marshal(m)
	if err != nil {
		return json.RawMessage("null") // only data that was not JSON, and the parser has seen to that
	}
	return text
}

func (s *Server) answer(m message) (deliveries []json.RawMessage, reply message) {
	reply = message{Channel: m.Channel, ID: m.ID, Successful: yes()}
	if m.Channel == "/meta/handshake" {
		interval, timeout := 0, int(s.hold/time.Millisecond)
		reply.ClientID, reply.Version = s.handshake(), "1.0"
		reply.Types = []string{"long-polling"}
		reply.Advice = &advice{Reconnect: "retry", Interval: &interval, Timeout: &timeout}
		return nil, reply
	}
	s.mu.RLock()
	client := s.sessions[m.ClientID]
	s.mu.RUnlock()
	if client == nil {
		return nil, refusal(reply, "402::session_unknown")
	}
	switch m.Channel {
	case "/meta/connect":
		return s.connect(client, m), reply
	case "/meta/subscribe":
		return nil, s.subscribe(client, m, reply)
	case "/meta/disconnect":
		s.disconnect(client)
	default:
		s.publish(m)
	}
	return nil, reply
}

func yes() *bool {
	b := true
	return &b
}

func refusal(reply message, text string) message {
	*reply.Successful = false
	reply.Error = text
	reply.Advice = &advice{Reconnect: "handshake"}
	return reply
}

func (s *Server) handshake() string {
	client := &session{id: rand.Text(), wake: make(chan struct{}, 1)}
	s.mu.Lock()
	s.sessions[client.id] = client
	s.mu.Unlock()
	return client.id
}

// connect waits, on the connection's own goroutine, until there is something to deliver.
func (s *Server) connect(client *session, m message) []json.RawMessage {
	if queue := client.take(); len(queue) > 0 || m.Advice != nil && m.Advice.Timeout != nil && *m.Advice.Timeout == 0 {
		return queue
	}
	timer := time.NewTimer(s.hold)
	defer timer.Stop()
	for {
		select {
		case <-client.wake:
			if queue := client.take(); len(queue) > 0 {
				return queue
			}
		case <-timer.C:
			return nil
		}
	}
}

func (c *session) take() []json.RawMessage {
	c.mu.Lock()
	defer c.mu.Unlock()
	queue := c.queue
	c.queue = nil
	return queue
}

func (c *session) deliver(text json.RawMessage) {
	c.mu.Lock()
	c.queue = append(c.queue, text)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (s *Server) subscribe(client *session, m, reply message) message {
	var names []string
	if json.Unmarshal(m.Subscription, &names) != nil {
		name, err := strconv.Unquote(string(m.Subscription))
		if err != nil {
			return refusal(reply, "403::subscription_invalid")
		}
		names = []string{name}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		if s.channels[name] == nil {
			s.channels[name] = map[*session]struct{}{}
		}
		s.channels[name][client] = struct{}{}
	}
	client.names = append(client.names, names...)
	reply.Subscription = m.Subscription
	return reply
}

func (s *Server) disconnect(client *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, client.id)
	for _, name := range client.names {
		delete(s.channels[name], client)
	}
}

func (s *Server) publish(m message) {
	text := encode(message{Channel: m.Channel, Data: m.Data})
	s.mu.RLock()
	defer s.mu.RUnlock()
	for client := range s.channels[m.Channel] {
		client.deliver(text)
	}
}
