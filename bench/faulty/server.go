// Package faulty is a small Bayeux server with faults on demand, for the tests of
// the load generator: what a generator claims to notice, it is shown here.
package faulty

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Faults says what to do wrong. Counts are over all deliveries of the server: 1000
// means that every thousandth delivery is hit; 0 switches a fault off.
type Faults struct {
	DropEvery      int           // never delivered
	DuplicateEvery int           // delivered twice
	SwapEvery      int           // delivered after the message that follows it
	StrayEvery     int           // accompanied by a message of a channel that nobody subscribed to
	Delay          time.Duration // every delivery comes so much later
	ForgetEvery    int           // so many connects find their session unknown
	FailEvery      int           // so many connects get HTTP status 500
	GapEvery       int           // never delivered, and the client is told so
	RollEvery      int           // after so many messages a stream ends, for its client to open the next
	Fragment       bool          // websocket messages come in two frames with a ping between them
	RefusePublish  bool          // publishes are answered with an error
	EndAfter       int           // nothing is delivered after so many deliveries
	RepeatIDEvery  int           // so many messages have the replayId of the one before
	StuckAcks      bool          // all connect replies have the same number
	NoExtensions   bool          // acknowledge, replay and conflate are ignored
}

// Server is a running server. Close it after use.
type Server struct {
	http     *httptest.Server
	faults   Faults
	hold     time.Duration
	mu       sync.Mutex
	sessions map[string]*session
	counter  map[*int]int // fault -> events so far
	serial   int
	number   int // the replayId given last
	done     int // deliveries so far
}

type session struct {
	channels map[string]bool
	queue    []string
	late     string // a swapped message, which goes after the next
	ended    bool
	asks     extensions
	ack      int // number of the connect reply sent last
	arrived  chan struct{}
}

func newSession() *session {
	return &session{channels: map[string]bool{}, arrived: make(chan struct{}, 1)}
}

// Start runs a server on a free loopback port that holds connects for hold.
func Start(hold time.Duration, faults Faults) *Server {
	s := &Server{faults: faults, hold: hold, sessions: map[string]*session{}, counter: map[*int]int{}}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	return s
}

// StartTLS is Start for https.
func StartTLS(hold time.Duration, faults Faults) *Server {
	s := &Server{faults: faults, hold: hold, sessions: map[string]*session{}, counter: map[*int]int{}}
	s.http = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.http.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that do not trust it
	s.http.StartTLS()
	return s
}

// CA is the authority of a server of https, in PEM.
func (s *Server) CA() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.http.Certificate().Raw})
}

// URL is the Bayeux endpoint; URL with /publish behind it takes publishes without a session.
func (s *Server) URL() string { return s.http.URL + "/bayeux" }

// PublishURL takes an array of {channel,data}.
func (s *Server) PublishURL() string { return s.http.URL + "/publish" }

// Close ends the server and all of its connections.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
}

type message struct {
	Channel  string `json:"channel"`
	ClientID string `json:"clientId"`
	ID       string `json:"id"`

	ConnectionType string `json:"connectionType"`

	Ext          extensions      `json:"ext"`
	Data         json.RawMessage `json:"data"`
	Subscription json.RawMessage `json:"subscription"`
	Advice       *struct {
		Timeout *int `json:"timeout"`
	} `json:"advice"`
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/socket":
		s.pushPlain(w, r)
		return
	case r.URL.Path == "/poll":
		s.poll(w, r)
		return
	case r.Header.Get("Upgrade") != "":
		s.serveSocket(w, r)
		return
	case r.URL.Path == "/events":
		s.events(w, r)
		return
	case r.Header.Get("Accept") == "text/event-stream":
		s.eventSource(w, r)
		return
	}
	text := r.FormValue("message")
	if text == "" {
		b, _ := io.ReadAll(r.Body)
		text = string(b)
	}
	var batch []message
	if err := json.Unmarshal([]byte(text), &batch); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var replies []string
	for _, m := range batch {
		if m.Channel == "/meta/connect" && m.ConnectionType != "eventsource" && streamOf(m.ConnectionType) != nil {
			if ses, refusal, status := s.admit(m); refusal == "" && status == 0 {
				s.serveStream(w, r, m.ConnectionType, ses, reply(m, true, ""))
				return
			}
		}
		out, status := s.handle(m, r.Context().Done())
		if status != 0 {
			w.WriteHeader(status)
			return
		}
		replies = append(replies, out...)
	}
	body := "[" + strings.Join(replies, ",") + "]"
	if callback := r.FormValue("jsonp"); callback != "" {
		body = "/**/" + callback + "(" + body + ");"
	}
	fmt.Fprint(w, body)
}

func (s *Server) handle(m message, gone <-chan struct{}) (replies []string, status int) {
	switch m.Channel {
	case "/meta/handshake":
		return []string{s.handshake(m)}, 0
	case "/meta/connect":
		return s.connect(m, gone)
	case "/meta/subscribe":
		return []string{s.subscribe(m)}, 0
	case "/meta/disconnect":
		s.forget(m.ClientID)
		return []string{reply(m, true, "")}, 0
	}
	if s.faults.RefusePublish {
		return []string{reply(m, false, `,"error":"403::publish_denied"`)}, 0
	}
	s.publish(m.Channel, string(m.Data))
	return []string{reply(m, true, "")}, 0
}

func reply(m message, ok bool, more string) string {
	return fmt.Sprintf(`{"channel":%q,"id":%q,"successful":%v%s}`, m.Channel, m.ID, ok, more)
}

func (s *Server) handshake(m message) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	id := "client" + strconv.Itoa(s.serial)
	ses := newSession()
	s.sessions[id] = ses
	return reply(m, true, fmt.Sprintf(`,"version":"1.0","clientId":%q,"advice":{"reconnect":"retry","interval":0}%s`, id, s.confirm(ses, m.Ext)))
}

func (s *Server) subscribe(m message) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ses := s.sessions[m.ClientID]
	if ses == nil {
		return reply(m, false, `,"error":"402::session_unknown"`)
	}
	var many []string
	if json.Unmarshal(m.Subscription, &many) != nil {
		many = make([]string, 1)
		_ = json.Unmarshal(m.Subscription, &many[0]) // the test would see that nothing arrives
	}
	for _, channel := range many {
		ses.channels[channel] = true
	}
	ses.asks.Conflate = m.Ext.Conflate
	return reply(m, true, `,"subscription":`+string(m.Subscription))
}

// forget ends a session, and its stream if it has one.
func (s *Server) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ses := s.sessions[id]; ses != nil {
		ses.ended = true
		ses.wake()
		delete(s.sessions, id)
	}
}

// admit finds the session of a connect, or says how it is refused.
func (s *Server) admit(m message) (ses *session, refusal string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ses = s.sessions[m.ClientID]
	if s.strikes(&s.faults.FailEvery) {
		return nil, "", http.StatusInternalServerError
	}
	if s.strikes(&s.faults.ForgetEvery) && ses != nil {
		ses.ended = true
		ses.wake()
		delete(s.sessions, m.ClientID)
		ses = nil
	}
	if ses == nil {
		return nil, reply(m, false, `,"error":"402::session_unknown","advice":{"reconnect":"handshake","interval":0}`), 0
	}
	return ses, "", 0
}

func (s *Server) connect(m message, gone <-chan struct{}) ([]string, int) {
	ses, refusal, status := s.admit(m)
	switch {
	case status != 0:
		return nil, status
	case refusal != "":
		return []string{refusal}, 0
	case m.ConnectionType == "eventsource": // a heartbeat
		return []string{reply(m, true, `,"advice":{"reconnect":"retry","interval":1000,"timeout":0}`)}, 0
	}
	wait := s.hold
	if m.Advice != nil && m.Advice.Timeout != nil {
		wait = 0
	}
	return append(s.collect(ses, wait, gone), reply(m, true, s.numberReply(ses))), 0
}

// collect waits for messages and takes what there is.
func (s *Server) collect(ses *session, wait time.Duration, gone <-chan struct{}) []string {
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	for {
		s.mu.Lock()
		queue, ended := ses.queue, ses.ended
		ses.queue = nil
		s.mu.Unlock()
		if len(queue) > 0 || ended {
			return queue
		}
		select {
		case <-ses.arrived:
		case <-deadline.C:
			return nil
		case <-gone:
			return nil
		}
	}
}

func (s *Server) publish(channel, data string) {
	if s.faults.Delay > 0 {
		time.AfterFunc(s.faults.Delay, func() { s.fanOut(channel, data) })
		return
	}
	s.fanOut(channel, data)
}

func (s *Server) fanOut(channel, data string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.strikes(&s.faults.RepeatIDEvery) {
		s.number++
	}
	for _, ses := range s.sessions {
		if ses.channels[channel] {
			s.deliver(ses, fmt.Sprintf(`{"channel":%q%s,"data":%s}`, channel, s.replayID(ses), data))
		}
	}
}

func (s *Server) deliver(ses *session, text string) {
	if s.done++; s.faults.EndAfter > 0 && s.done > s.faults.EndAfter || s.strikes(&s.faults.DropEvery) {
		return
	}
	if s.strikes(&s.faults.GapEvery) {
		text = gap
	}
	if s.strikes(&s.faults.SwapEvery) && ses.late == "" {
		ses.late = text
		return
	}
	s.enqueue(ses, text)
	if s.strikes(&s.faults.DuplicateEvery) {
		ses.queue = append(ses.queue, text)
	}
	if s.strikes(&s.faults.StrayEvery) {
		ses.queue = append(ses.queue, `{"channel":"/nobody/asked","data":{"t":1,"n":1,"r":1}}`)
	}
	if ses.late != "" {
		ses.queue = append(ses.queue, ses.late)
		ses.late = ""
	}
	ses.wake()
}

func (ses *session) wake() {
	select {
	case ses.arrived <- struct{}{}:
	default:
	}
}

// strikes counts one event of a fault and reports whether it is hit. The caller holds the lock.
func (s *Server) strikes(every *int) bool {
	if *every <= 0 {
		return false
	}
	s.counter[every]++
	return s.counter[every]%*every == 0
}
