package client

import (
	"cmp"

	"halley/bench/wire"
)

// encoder puts requests into the form of their style.
type encoder struct {
	roster   *roster
	targets  *targets
	suffixes bool   // as in Config
	path     string // as in Config
	hello    string // as in Config
	body     []byte // the message of the request that was written last
}

// appendRequest writes any request but a publish, which asks for an upgrade first where
// the connection has to become a websocket. The message takes the session's next number.
func (e *encoder) appendRequest(dst []byte, s *session, what request, upgraded bool) []byte {
	style, endpoint := s.kind.style, &e.targets.of(s.index, what).endpoint
	switch {
	case what == stream && style == wire.Events:
		return endpoint.AppendEvents(dst, cmp.Or(e.path, wire.EventsOf(e.roster.channels(int(s.index)))), s.lastID)
	case style == wire.Polls:
		return endpoint.AppendPoll(dst, cmp.Or(e.path, endpoint.Path), s.lastID)
	case style == wire.Sockets && !upgraded:
		return endpoint.AppendUpgrade(dst, cmp.Or(e.path, endpoint.Path), "")
	case style == wire.Sockets:
		return wire.AppendFrame(dst, wire.OpText, mask(s), []byte(e.hello))
	case what == stream && style == wire.EventSource:
		return endpoint.AppendEventSource(dst, s.clientID, s.cookie)
	case style == wire.WebSocket && !upgraded:
		return endpoint.AppendUpgrade(dst, endpoint.Path, s.cookie)
	}
	s.id++
	e.body = e.appendMessage(e.body[:0], s, what)
	switch {
	case style == wire.WebSocket:
		return wire.AppendFrame(dst, wire.OpText, mask(s), e.body)
	case what == stream && style == wire.Iframe:
		return endpoint.AppendForm(dst, e.suffix(what), s.cookie, e.body)
	}
	return endpoint.AppendRequest(dst, style, e.suffix(what), s.cookie, e.body)
}

func (e *encoder) appendMessage(dst []byte, s *session, what request) []byte {
	wishes := &s.kind.habits.Wishes
	switch what {
	case handshake:
		return wire.AppendHandshake(dst, s.kind.style, wishes.Handshake(), s.id)
	case subscribe:
		return wire.AppendSubscribe(dst, s.clientID, e.roster.channels(int(s.index)), wishes.Subscribe(), s.id)
	case disconnect:
		return wire.AppendDisconnect(dst, s.clientID, s.id)
	}
	return wire.AppendConnect(dst, s.kind.style, s.clientID, what == firstConnect, wishes.Connect(s.ack), s.id)
}

// appendPublish writes the request that publishes messages, which are an array.
func (e *encoder) appendPublish(dst []byte, s *session, messages []byte) []byte {
	return e.targets.of(s.index, publish).endpoint.AppendRequest(dst, wire.LongPolling, e.suffix(publish), s.cookie, messages)
}

func (e *encoder) suffix(what request) string {
	if !e.suffixes || e.targets.outside(what) {
		return ""
	}
	return what.suffix()
}

// mask is another one for each message, as long as nobody wants to guess it.
func mask(s *session) uint32 { return (s.id + uint32(s.index)<<8 + 1) * 0x9e3779b1 }
