// Proved by bayeux/testdata/handshake*.txt.

package bayeux

import (
	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// handshake handles /meta/handshake (Bayeux 1.0, 4.1 MUST handshake-answered). Any version is
// accepted, as all known servers do.
func (x *exchange) handshake(m *message.Message) Ruling {
	s := x.s
	if !s.cfg.LenientHandshake && !s.offer.hasCommon(m) {
		x.beginReply(m, reply.TypesUnsupported)
		x.replies = s.offer.append(append(x.replies, `,"supportedConnectionTypes":`...))
		x.replies = reply.AppendAdvice(x.replies, reply.AdviceNone)
		x.endReply()
		return Allow
	}
	verdict := x.decide(Question{Operation: OpHandshake, Ext: m.Ext})
	switch verdict.Ruling {
	case Wait:
		return Wait
	case Deny:
		x.deny(m, verdict)
		return Allow
	}
	if s.storms.rages(x.req.Peer, x.now) {
		s.stats.Damped++
		x.fail(m, reply.HandshakesDamped, reply.AdviceDamped)
		return Allow
	}
	if failure := s.cfg.noSession(s.sessions.Len()); failure.Failed() {
		x.fail(m, failure, reply.AdviceFull)
		return Allow
	}
	x.welcome(m, verdict)
	return Allow
}

// welcome makes a new session, with what the verdict gives it, and replies with its
// clientId.
func (x *exchange) welcome(m *message.Message, verdict Verdict) {
	s := x.s
	r, slot, _ := s.sessions.Take()
	r.created, r.active = x.now, x.now
	r.advised, r.peer = connectionTypes, x.req.Peer // advised for none: its first connect will be
	s.storms.begin(r.peer, x.now)
	s.queues.Open(&r.queue, slot, asks(m, "ack"))
	s.cfg.Random(r.secret[:]) // (Bayeux 1.0, 2.4 SHOULD unpredictable)
	s.stats.Handshakes++
	if s.cfg.PollsPerBrowser > 0 {
		r.named = namedBrowser(m, s.cfg.Browsers)
		if x.req.Browser == 0 && !x.req.Program {
			x.browser = newBrowser(s.cfg.Random)
		}
	}
	r.told, r.hold = int32(s.periods.interval), int32(s.periods.hold)
	r.tables.set(inRepeats, numbersEach(m))
	s.grants.give(slot, x.now, verdict)
	roll{s.at(slot, r)}.begun()
	s.at(slot, r).await(x.now)

	x.beginReply(m, reply.Success)
	// (Bayeux 1.0, 3.2 MUST version)
	x.replies = append(x.replies, `,"version":"1.0","minimumVersion":"1.0","clientId":"`...)
	x.replies = appendClientID(x.replies, s.sessions.address(slot), &r.secret)
	x.replies = s.offer.append(append(x.replies, `","supportedConnectionTypes":`...))
	if !s.terms.Salesforce { // which advises in connect replies alone
		x.replies = s.terms.AppendWelcome(x.replies)
	}
	e := reply.Ext{Dst: x.replies}
	if r.queue.Acknowledges() {
		e.TurnOn("ack")
	}
	if verdict.Expiry > x.now {
		e.Lasts(verdict.Expiry - x.now)
	}
	if s.terms.Salesforce {
		e.TurnOn("replay")
		e.TurnOn("payload.format")
	} else if asks(m, "replay") {
		e.TurnOn("replay")
	}
	if own := s.cfg.about(m); own != (reply.About{}) {
		e.About(own)
	}
	x.endMeta(m, e)
}

// deny refuses a handshake that the authority denies. Clients of Salesforce look for the
// reason in an extension, and get a new token for it.
func (x *exchange) deny(m *message.Message, verdict Verdict) {
	if !x.s.terms.Salesforce {
		x.fail(m, verdict.code(reply.HandshakeDenied), verdict.Advice.Or(reply.AdviceNone))
		return
	}
	x.beginReply(m, reply.SalesforceDenied)
	e := reply.Ext{Dst: reply.AppendAdvice(x.replies, reply.AdviceNone)}
	e.Denied(reply.Unauthenticated)
	e.TurnOn("replay")
	e.TurnOn("payload.format")
	x.endMeta(m, e)
}

// Names of browsers that count, in bytes: shorter ones could be guessed, and so take
// the places of another's polls.
const (
	minBrowserName = 16
	maxBrowserName = 64
)

// namedBrowser is the browser that a handshake names by ext.browser, 0 if none:
// browsers keep no cookie of another site, and a script there can remember a name.
func namedBrowser(m *message.Message, browsers Browsers) (browser uint64) {
	raw := message.Get(m.Ext, "browser")
	if browsers == nil || len(raw) == 0 || raw[0] != '"' {
		return 0
	}
	message.Strings(raw, func(name []byte) bool {
		if len(name) >= minBrowserName && len(name) <= maxBrowserName {
			browser = browsers.Named(name)
		}
		return false
	})
	return browser
}

// newBrowser returns a random number for a browser cookie, never 0.
func newBrowser(random func([]byte)) uint64 {
	var b [8]byte
	random(b[:])
	return le64(b[:]) | 1
}
