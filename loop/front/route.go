package front

import (
	"bytes"
	"strings"

	"halley/httpparse"
	"halley/httpparse/websocket"
)

// Endpoint says what a request asks for.
type Endpoint uint8

// The endpoints of the public listener. Those from LongPolling on are at the mounts.
const (
	None            Endpoint = iota
	Options                  // what may be sent: OPTIONS of any path that is served
	StaticPage               // one of Settings.Pages
	Events                   // an event-stream without Bayeux
	LongPolling              // a batch of messages in the body of a POST (Bayeux 1.0, 6.1)
	CallbackPolling          // a batch in the query, answered by a script (Bayeux 1.0, 6.2)
	EventSource              // the event-stream of a session
	WebSocket                // an upgrade (RFC 6455, 4.1)
	Tunnel                   // the page that old browsers put into an iframe for a forever frame
)

// Decision is what to do with a request.
type Decision struct {
	Endpoint Endpoint // of a request that is refused: None, or the one that it asks for
	Refusal  Refusal
	Origin   Origin // that the answer names, whether the request is refused or not
	Callback string // of CallbackPolling: the function that the answer calls
	// NotAdmitted says that the request comes from a page whose origin AllowOrigin does
	// not admit, which PageOrigin names.
	NotAdmitted bool
	// Cookieless says that the request's cookies do not tell who sends it.
	Cookieless bool
}

// Refusal is why a request is not served. A Status of 0 refuses nothing.
type Refusal struct {
	Status int
	Text   string // the body of the answer
	Fields string // further header fields, each with its line end
	Closes bool   // the connection ends with the answer: more of the request may follow
}

// eventsPath is where event-streams without Bayeux are.
const eventsPath = "/events"

// Route decides what to do with the request whose head is q. It depends on nothing
// else, so a head that is parsed again when its body has come gets the same decision.
func (f *Front) Route(q *httpparse.Request) (d Decision) {
	if len(q.Origin) > 0 && !sameOrigin(q, q.Origin) {
		d.Origin = f.origins.find(q.Origin) // before anything is refused: a page is to see why
	}
	p := f.place(q.Path)
	if d.Refusal = f.precheck(q, p); d.Refusal.Status == 0 {
		f.assign(&d, q, p)
		d.Cookieless = f.cookieless(q, d.Endpoint)
	}
	if d.Refusal.Status != 0 && hasBody(q) {
		d.Refusal.Closes = true
	}
	return d
}

// place is the part of the public listener that a path belongs to.
type place uint8

const (
	nowhere place = iota
	wholeServer
	bayeuxMount
	eventStreams
	staticPages
)

func (f *Front) place(path []byte) place {
	if string(path) == "*" {
		return wholeServer
	}
	for _, mount := range f.settings.Mounts {
		if rest, ok := bytes.CutPrefix(path, []byte(mount)); ok && (len(rest) == 0 || rest[0] == '/' || mount == "/") {
			return bayeuxMount
		}
	}
	if string(path) == eventsPath {
		return eventStreams
	}
	if f.settings.Pages != nil {
		if _, ok := f.settings.Pages(string(path)); ok {
			return staticPages
		}
	}
	return nowhere
}

// precheck finds out whether a request is refused for its path, method or body, so that
// its body is never waited for.
func (f *Front) precheck(q *httpparse.Request, p place) Refusal {
	switch {
	case p == nowhere:
		return refuse(404, f.hintFor(q))
	case q.Method == httpparse.MethodOPTIONS:
	case !p.serves(q.Method):
		r := refuse(405, f.hintFor(q))
		r.Fields = p.allow()
		return r
	case q.Method == httpparse.MethodPOST && !q.Chunked && q.ContentLength < 0:
		return refuse(411, "").closing()
	case hasBody(q) && len(q.ContentEncoding) > 0 && !strings.EqualFold(string(q.ContentEncoding), "identity"):
		r := refuse(415, "").closing()
		r.Fields = "Accept-Encoding: identity\r\n" // RFC 9110, 15.5.16
		return r
	}
	if q.ContentLength > int64(f.settings.MaxMessage) {
		return refuse(413, "").closing()
	}
	return Refusal{}
}

// serves tells whether a method other than OPTIONS is served at p.
func (p place) serves(method httpparse.Method) bool {
	switch method {
	case httpparse.MethodGET:
		return p != wholeServer
	case httpparse.MethodPOST:
		return p == bayeuxMount
	case httpparse.MethodHEAD:
		return p == staticPages
	}
	return false
}

// allow is the field that names the methods served at p (RFC 9110, 10.2.1 MUST allow).
func (p place) allow() string {
	switch p {
	case staticPages:
		return "Allow: GET, HEAD, OPTIONS\r\n"
	case eventStreams:
		return "Allow: GET, OPTIONS\r\n"
	}
	return "Allow: GET, POST, OPTIONS\r\n"
}

// hintFor helps a client that posts to a path that takes no messages.
func (f *Front) hintFor(q *httpparse.Request) string {
	if q.Method != httpparse.MethodPOST {
		return ""
	}
	return f.hint
}

// assign finds the endpoint of a request that passed precheck, or why it is refused there.
func (f *Front) assign(d *Decision, q *httpparse.Request, p place) {
	switch {
	case q.Method == httpparse.MethodOPTIONS:
		d.Endpoint = Options
		d.NotAdmitted = f.foreign(q, d.Origin)
	case f.unadmitted(q, p):
		d.notAdmitted()
	case p == staticPages:
		d.Endpoint = StaticPage
	case p == eventStreams:
		d.Endpoint = Events
	case q.Method == httpparse.MethodPOST:
		d.Endpoint = LongPolling
	default:
		f.assignGet(d, q)
	}
}

// assignGet finds out which of the ways to hold a connection a GET of a mount asks for.
func (f *Front) assignGet(d *Decision, q *httpparse.Request) {
	switch {
	case len(q.Upgrade) > 0:
		f.upgrade(d, q)
	case httpparse.Value(q.Query, "message") != nil || httpparse.Value(q.Query, "jsonp") != nil:
		f.callback(d, q)
	case bytes.Contains(q.Accept, []byte("text/event-stream")):
		d.Endpoint = EventSource
	case string(httpparse.Value(q.Query, "tunnelInit")) == "iframe":
		d.Endpoint = Tunnel
	default:
		d.Refusal = refuse(400, "a GET here needs a message parameter, or asks for an upgrade or an event-stream")
	}
}

// upgrade decides on a websocket. A page of another origin must be admitted: browsers do
// not ask beforehand, as they do for other requests.
func (f *Front) upgrade(d *Decision, q *httpparse.Request) {
	d.Endpoint = WebSocket
	handshake := websocket.Request{
		GET: q.Method == httpparse.MethodGET, Minor: q.Minor, Connection: q.ConnectionUpgrade,
		Body: hasBody(q), Upgrade: q.Upgrade,
		Key: q.SecWebSocketKey, Version: q.SecWebSocketVersion, Protocols: q.SecWebSocketProtocol,
	}
	if refusal := handshake.Check(); refusal != 0 {
		d.Refusal = Refusal{Status: refusal.Status(), Text: refusal.Error() + "\n", Fields: refusal.Fields()}
	} else if f.foreign(q, d.Origin) {
		d.notAdmitted()
	}
}

// hasBody tells whether a body follows the head.
func hasBody(q *httpparse.Request) bool { return q.Chunked || q.ContentLength > 0 }

// refuse is a refusal with a status, and why.
func refuse(status int, why string) Refusal {
	text := httpparse.Reason(status)
	if why != "" {
		text += ": " + why
	}
	return Refusal{Status: status, Text: text + "\n"}
}

// closing is a refusal that ends the connection.
func (r Refusal) closing() Refusal {
	r.Closes = true
	return r
}

// notAdmitted refuses the request of a page whose origin is not admitted.
func (d *Decision) notAdmitted() {
	d.NotAdmitted = true
	d.Refusal = refuse(403, "this origin is not allowed")
}
