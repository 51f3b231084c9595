package bayeux

import (
	"strconv"

	"halley/bayeux/message"
)

// reconnectHandshake is the advice for a client whose session is unknown: never
// none, which would end some clients for good.
const reconnectHandshake = `{"reconnect":"handshake","interval":0}`

const reconnectNone = `{"reconnect":"none"}`

// clientAdvice is what a client asks for with the advice of one connect, in
// milliseconds; -1 where it asks for nothing. Both hold for that message alone.
type clientAdvice struct {
	present           bool
	timeout, interval int64
}

// readAdvice reads what a connect asks for. What it gives as null, or below 0 as
// CometD's clients do, it does not ask for. Its session lives as long as its interval
// more, so that is at most what a held connect would take.
func (s *Server) readAdvice(m *message.Message) (a clientAdvice, valid bool) {
	a = clientAdvice{present: m.Advice != nil, timeout: -1, interval: -1}
	valid = true
	message.Each(m.Advice, func(name, value []byte) bool {
		switch string(name) {
		case "timeout":
			a.timeout, valid = readDuration(value)
		case "interval":
			a.interval, valid = readDuration(value)
			a.interval = min(a.interval, max(s.cfg.Hold, s.cfg.Interval))
		}
		return valid
	})
	return a, valid
}

func readDuration(value []byte) (ms int64, valid bool) {
	if isAbsent(value) {
		return -1, true
	}
	ms, valid = message.Integer(value)
	return max(ms, -1), valid
}

// appendAdvice appends the advice to go on polling: how long to wait before the
// next connect, how long it will be held, how long the session outlives both.
func (s *Server) appendAdvice(dst []byte, interval int64, multiple bool) []byte {
	dst = append(dst, `,"advice":{"reconnect":"retry","interval":`...)
	dst = strconv.AppendInt(dst, interval, 10)
	dst = append(dst, `,"timeout":`...)
	dst = strconv.AppendInt(dst, s.cfg.Hold, 10)
	dst = append(dst, `,"maxInterval":`...)
	dst = strconv.AppendInt(dst, s.cfg.MaxInterval, 10)
	if multiple {
		dst = append(dst, `,"multiple-clients":true`...)
	}
	return append(dst, '}')
}

// appendWelcomeAdvice appends the advice of a handshake: how to go on, and by which
// hosts the server can be reached too (Bayeux 1.0, section 2.2).
func (s *Server) appendWelcomeAdvice(dst []byte) []byte {
	dst = s.appendAdvice(dst, s.cfg.Interval, false)
	if len(s.cfg.Hosts) == 0 {
		return dst
	}
	dst = append(dst[:len(dst)-1], `,"hosts":`...)
	sep := byte('[')
	for _, host := range s.cfg.Hosts {
		dst = message.AppendString(append(dst, sep), []byte(host))
		sep = ','
	}
	return append(dst, "]}"...)
}

// appendHeartbeatAdvice appends the advice for a client whose events come on a
// stream: connect again after the time that a poll would be held, and expect no
// waiting then.
func (s *Server) appendHeartbeatAdvice(dst []byte) []byte {
	dst = append(dst, `,"advice":{"reconnect":"retry","interval":`...)
	dst = strconv.AppendInt(dst, s.cfg.Hold, 10)
	dst = append(dst, `,"timeout":0,"maxInterval":`...)
	dst = strconv.AppendInt(dst, s.cfg.MaxInterval, 10)
	return append(dst, '}')
}

// appendRawAdvice appends an advice field with that JSON value.
func appendRawAdvice(dst []byte, advice string) []byte {
	return append(append(dst, `,"advice":`...), advice...)
}
