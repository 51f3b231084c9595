package loop

import (
	"bytes"
	"hash/maphash"
	"net"
	"strconv"

	"halley/bayeux"
	"halley/bayeux/connectiontype"
	"halley/httpparse"
)

// browserCookie is the name that CometD's clients know.
const browserCookie = "BAYEUX_BROWSER"

// longPoll handles a POST to a mount: its body is JSON, whatever type it claims
// to be, or a form with a field named message (Bayeux 1.0, section 3.4).
func (r *reactor) longPoll(c *conn, q *httpparse.Request, data []byte) {
	body := bytes.TrimLeft(data, " \t\r\n")
	if len(body) == 0 || body[0] != '[' && body[0] != '{' {
		var ok bool
		if body, ok = r.formMessages(body); !ok {
			r.fail(c, 400, "the body is neither JSON nor a form with a message")
			return
		}
	}
	r.submit(c, q, bayeux.LongPolling, body)
}

// callback handles a GET of a mount: the message and jsonp parameters make it
// callback-polling (Bayeux 1.0, section 6.3).
func (r *reactor) callback(c *conn, q *httpparse.Request) {
	if !r.server.cfg.CallbackPolling {
		r.fail(c, 403, "callback-polling is turned off")
		return
	}
	if !r.mayCallBack(q) {
		r.notAdmitted(q, pageOrigin(q))
		r.fail(c, 403, "this origin is not allowed")
		return
	}
	body, ok := r.formMessages(q.Query)
	if !ok {
		r.fail(c, 400, "a GET here needs a message parameter")
		return
	}
	name := connectiontype.DefaultCallback
	valid := true
	httpparse.Values(q.Query, "jsonp", func(raw []byte) bool {
		decoded, err := httpparse.AppendUnescaped(nil, raw)
		name, valid = string(decoded), err == nil && connectiontype.ValidCallback(decoded)
		return false
	})
	if !valid {
		r.fail(c, 400, "the jsonp parameter is not a function's name")
		return
	}
	x := &extra{callback: name}
	if c.extra != nil {
		x.origin = c.extra.origin
	}
	c.extra, c.envelope = x, envelopeCallback
	r.submit(c, q, bayeux.CallbackPolling, body)
}

// formMessages joins the message fields of a form or query into one batch, in
// r.text. Each is an object or an array.
func (r *reactor) formMessages(form []byte) (batch []byte, ok bool) {
	text := append(r.text[:0], '[')
	valid := true
	httpparse.Values(form, "message", func(raw []byte) bool {
		start := len(text)
		var err error
		if text, err = httpparse.AppendUnescaped(text, raw); err != nil {
			valid = false
			return false
		}
		ok = true
		if text = append(text[:start], unwrap(text[start:])...); len(text) > start {
			text = append(text, ',')
		}
		return true
	})
	r.text = append(bytes.TrimSuffix(text, []byte(",")), ']')
	return r.text, ok && valid
}

// unwrap takes the brackets off an array, so that arrays can be joined.
func unwrap(value []byte) []byte {
	value = bytes.TrimSpace(value)
	if n := len(value); n >= 2 && value[0] == '[' && value[n-1] == ']' {
		return value[1 : n-1]
	}
	return value
}

// submit scans a batch and hands it to the loop that owns its session: that of
// its first message, whose clientId names the loop.
func (r *reactor) submit(c *conn, q *httpparse.Request, kind bayeux.ConnectionType, body []byte) {
	if err := r.scanner.Scan(body, &r.batch); err != nil {
		r.counters.scanErrors++
		r.fail(c, 400, err.Error())
		return
	}
	if r.tooManyHandshakes(c) {
		r.refuseHandshake(c)
		return
	}
	r.route(bayeux.Request{To: c.replyTo(r.place()), Type: kind, Browser: r.browser(q), Peer: r.peer(c, q), Program: !fromBrowser(q)}, body)
}

// route hands the scanned batch to the loop that owns its session.
func (r *reactor) route(request bayeux.Request, body []byte) {
	if owner := r.owner(); owner != r.id {
		r.forward(owner, request, body)
		return
	}
	r.core.Handle(r.now(), request, &r.batch, &r.fx)
	if request.Peer != 0 {
		r.tellDamped(request.To)
	}
	r.keepInLine(request.To, len(body)+frameCost)
	r.perform()
}

// peer stands for whom the scanned batch comes from if it is a handshake, else it is 0.
func (r *reactor) peer(c *conn, q *httpparse.Request) uint64 {
	if !bayeux.HasHandshake(&r.batch) {
		return 0
	}
	return r.source(c, q)
}

// source stands for whom a request comes from: an address, and whatever tells its
// clients apart, since behind a proxy or a router all have one address and most are
// not to blame for what one does. What it says may be made up, so nothing but the
// damping of storms, which happen without intent, goes by it.
func (r *reactor) source(c *conn, q *httpparse.Request) uint64 {
	address, ok := c.socket.RemoteAddr().(*net.TCPAddr)
	if !ok || r.server.cfg.HandshakeStorm == 0 {
		return 0
	}
	var h maphash.Hash
	h.SetSeed(r.server.rates.seed)
	maphash.WriteComparable(&h, network(address.AddrPort().Addr()))
	for _, part := range [...][]byte{q.XForwardedFor, q.UserAgent, httpparse.Cookie(q.Cookie, browserCookie)} {
		h.Write(part)
		h.WriteByte('\n')
	}
	return h.Sum64() | 1
}

// dampedEvery is the least time between two log lines of refused handshakes, in
// milliseconds.
const dampedEvery = 60_000

// tellDamped logs, once in a while, that handshakes are refused since nothing follows
// those of their address.
func (r *reactor) tellDamped(to bayeux.ReplyTo) {
	damped := r.core.Stats().Damped
	c := r.conns.find(to)
	if damped == r.damped || c == nil || r.now() < r.tellDampedAt {
		return
	}
	r.server.cfg.Log.Warn("handshakes of an address are refused, since no second connect follows them",
		"address", c.socket.RemoteAddr(), "times", damped-r.damped)
	r.damped, r.tellDampedAt = damped, r.now()+dampedEvery
}

// tooManyHandshakes tells whether the scanned batch is a handshake beyond its
// address's rate.
func (r *reactor) tooManyHandshakes(c *conn) bool {
	return bayeux.HasHandshake(&r.batch) && r.overRate(c)
}

// overRate counts one more session that a client asks for, and tells whether its
// address has asked for too many.
func (r *reactor) overRate(c *conn) bool {
	if r.server.cfg.HandshakeRate == 0 {
		return false
	}
	address, ok := c.socket.RemoteAddr().(*net.TCPAddr)
	return ok && !r.server.rates.allow(address.AddrPort().Addr(), r.now())
}

// refuseHandshake answers a request for a session beyond its address's rate.
func (r *reactor) refuseHandshake(c *conn) {
	r.counters.httpErrors++
	r.respond(c, response{status: 429, contentType: plainText, body: []byte("too many handshakes\n"), fields: "Retry-After: 1\r\n"})
}

// owner is the loop of the session that the scanned batch is for; this loop
// takes what belongs to none.
func (r *reactor) owner() uint16 {
	if len(r.batch.Messages) > 0 {
		a, ok := bayeux.ParseClientID(r.batch.Messages[0].ClientID)
		if ok && a.Node == r.server.node && r.server.isHome(a.Loop) {
			return a.Loop
		}
	}
	return r.id
}

// browser reads the browser cookie: one of ours is a number, another server's is
// hashed into one.
func (r *reactor) browser(q *httpparse.Request) uint64 {
	if r.server.cfg.PollsPerBrowser <= 0 || len(q.Cookie) == 0 {
		return 0
	}
	value := httpparse.Cookie(q.Cookie, browserCookie)
	if len(value) == 0 {
		return 0
	}
	if n, err := strconv.ParseUint(string(value), 16, 64); err == nil && n != 0 {
		return n
	}
	return r.server.browsers.Named(value)
}

// fromBrowser tells whether a request looks like that of a browser, old or new. Some
// programs refuse cookies with attributes that they do not know.
func fromBrowser(q *httpparse.Request) bool {
	return len(q.Origin) > 0 || len(q.SecFetchSite) > 0 || bytes.HasPrefix(q.UserAgent, []byte("Mozilla/"))
}
