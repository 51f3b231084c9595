package websocket

import (
	"encoding/binary"
	"unicode/utf8"
)

// Code says why a connection is closed (RFC 6455, 7.4.1, and the registry that it founds).
type Code uint16

// The codes that this server sends or has to know.
const (
	CodeNormal      Code = 1000 // its purpose is fulfilled
	CodeGoingAway   Code = 1001 // the server shuts down, or the page was left
	CodeProtocol    Code = 1002 // a frame against the protocol
	CodeUnsupported Code = 1003 // a type of data that is not accepted
	CodeNoStatus    Code = 1005 // a close frame without a code; never sent
	CodeInvalidData Code = 1007 // text that is not UTF-8
	CodePolicy      Code = 1008 // something else that is not tolerated
	CodeTooBig      Code = 1009 // a message that is too big
	CodeInternal    Code = 1011 // the server failed
	CodeRestart     Code = 1012 // the server restarts
	CodeTryLater    Code = 1013 // the server is overloaded
	codeBadGateway  Code = 1014 // the last one that is registered
	codeReserved    Code = 1004 // set aside
	codeAbnormal    Code = 1006 // no close frame at all; never sent
	codeLibraries   Code = 3000 // from here on for libraries and applications
	codeEnd         Code = 5000 // no code any more
)

const (
	maxControlLength = 125                  // RFC 6455, 5.5
	maxReason        = maxControlLength - 2 // beside the code
)

// Sendable tells whether a close frame may carry the code (RFC 6455, 7.4.1 MUST NOT unsendable-codes).
func (c Code) Sendable() bool {
	switch c {
	case codeReserved, CodeNoStatus, codeAbnormal:
		return false
	}
	return CodeNormal <= c && c <= codeBadGateway || codeLibraries <= c && c < codeEnd
}

// parseClose reads the payload of a close frame: a code, CodeNoStatus if it has none, and a reason,
// which is a span of payload.
func parseClose(payload []byte) (code Code, reason []byte, kind Kind) {
	if len(payload) == 0 {
		return CodeNoStatus, nil, 0
	}
	if len(payload) == 1 {
		return 0, nil, KindClose
	}
	code, reason = Code(binary.BigEndian.Uint16(payload)), payload[2:]
	switch {
	case !code.Sendable():
		return 0, nil, KindClose
	case !utf8.Valid(reason):
		return 0, nil, KindUTF8
	}
	return code, reason, 0
}

// AppendClose appends a close frame. A code that must not be sent, as CodeNoStatus, gives an empty one,
// which answers an empty one. Of the reason, in UTF-8, go as many whole characters as fit into 123
// bytes.
func AppendClose(dst []byte, code Code, reason string) []byte {
	if !code.Sendable() {
		return AppendHeader(dst, Header{Fin: true, Opcode: OpClose})
	}
	if len(reason) > maxReason {
		end := maxReason
		for !utf8.RuneStart(reason[end]) && end > 0 {
			end--
		}
		reason = reason[:end]
	}
	dst = AppendHeader(dst, Header{Fin: true, Opcode: OpClose, Length: int64(2 + len(reason))})
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, reason...)
}
