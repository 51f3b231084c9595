package websocket

import (
	"crypto/sha1"
	"encoding/base64"
)

// Request is what decides about an upgrade, as the head of the request has it; nil is absent.
type Request struct {
	GET        bool  // the method is GET
	Minor      uint8 // HTTP/1.Minor
	Connection bool  // the Connection field names upgrade
	Body       bool  // a body follows
	Upgrade    []byte
	Key        []byte // Sec-WebSocket-Key
	Version    []byte // Sec-WebSocket-Version
	Protocols  []byte // Sec-WebSocket-Protocol
}

// Refusal is the reason for which an upgrade was refused. The list is closed: it can index an array of
// RefusalCount counters.
type Refusal uint8

// The reasons. 0 is none.
const (
	_               Refusal = iota
	RefusalMethod           // not GET, or with a body (RFC 6455, 4.1)
	RefusalHTTP             // HTTP/1.0 (RFC 6455, 4.1)
	RefusalUpgrade          // Upgrade or Connection do not ask for websocket (RFC 6455, 4.2.1)
	RefusalVersion          // a version other than 13, to be answered with 426 (RFC 6455, 4.4)
	RefusalKey              // a key that is not 16 bytes in base64 (RFC 6455, 4.2.1)
	RefusalProtocol         // a subprotocol that is no token (RFC 6455, 4.1)

	// RefusalCount is one more than the last Refusal.
	RefusalCount = iota
)

var refusals = [RefusalCount]string{
	0:               "no fault",
	RefusalMethod:   "not a GET without a body",
	RefusalHTTP:     "not HTTP/1.1",
	RefusalUpgrade:  "no upgrade to websocket",
	RefusalVersion:  "websocket version",
	RefusalKey:      "websocket key",
	RefusalProtocol: "websocket subprotocols",
}

// Status is the HTTP status of the answer.
func (r Refusal) Status() int {
	if r == RefusalVersion {
		return 426
	}
	return 400
}

// Fields are the fields that the answer must have, each with its CRLF (RFC 6455, 4.2.2 MUST version).
func (r Refusal) Fields() string {
	if r == RefusalVersion {
		return "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	}
	return ""
}

// Error says what is wrong, fit for the body of the answer.
func (r Refusal) Error() string { return refusals[r] }

// Check tells why a request must not become a WebSocket connection (RFC 6455, 4.2.1 MUST opening); 0 that it
// may. HTTP/1.0 has no upgrade (RFC 9110, 7.8 MUST upgrade-1.0).
func (q *Request) Check() Refusal {
	switch {
	case !q.GET || q.Body:
		return RefusalMethod
	case q.Minor == 0:
		return RefusalHTTP
	case !q.Connection || !namesWebSocket(q.Upgrade):
		return RefusalUpgrade
	case string(q.Version) != "13":
		return RefusalVersion
	case !validKey(q.Key):
		return RefusalKey
	case !each(q.Protocols, isToken):
		return RefusalProtocol
	}
	return 0
}

// keyLength is that of 16 bytes in base64, of which the last two are padding.
const keyLength = 24

func validKey(key []byte) bool {
	if len(key) != keyLength || string(key[keyLength-2:]) != "==" {
		return false
	}
	for _, c := range key[:keyLength-2] {
		if !alphanumeric(c) && c != '+' && c != '/' {
			return false
		}
	}
	return true
}

// guid makes an Accept from a key (RFC 6455, 1.3).
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// AppendAccept appends the Sec-WebSocket-Accept that answers a valid key (RFC 6455, 4.2.2 MUST accept).
func AppendAccept(dst, key []byte) []byte {
	var in [keyLength + len(guid)]byte
	n := copy(in[:], key)
	n += copy(in[n:], guid)
	sum := sha1.Sum(in[:n])
	return base64.StdEncoding.AppendEncode(dst, sum[:])
}

// AppendResponse appends the head that answers a valid request (RFC 9110, 7.8 MUST upgrade-named), with the
// subprotocol that was chosen, if any. Other fields may follow it, and an empty line must.
func AppendResponse(dst, key, protocol []byte) []byte {
	dst = append(dst, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"...)
	dst = append(dst, "Sec-WebSocket-Accept: "...)
	dst = AppendAccept(dst, key)
	if len(protocol) > 0 {
		dst = append(dst, "\r\nSec-WebSocket-Protocol: "...)
		dst = append(dst, protocol...)
	}
	return append(dst, "\r\n"...)
}

// Protocol chooses from the subprotocols that a valid request offers (RFC 6455, 4.2.2 MUST NOT subprotocol), in the client's order of
// preference, the first that accept is true for; nil if there is none.
func Protocol(offered []byte, accept func(name []byte) bool) (chosen []byte) {
	each(offered, func(name []byte) bool {
		if accept(name) {
			chosen = name
		}
		return chosen == nil
	})
	return chosen
}
