// Package httpparse reads HTTP/1.x requests from bytes and writes response heads to bytes.
//
// It does no I/O and keeps no state between calls: the caller owns the buffer, and everything that a
// Request holds is a span of it. A head that has not arrived in full is no error; the caller keeps what
// it has, reads more, and calls Parse again with the number of bytes that were already looked at.
//
// The grammar is RFC 9112 read strictly, as octets (RFC 9112, 2.2 MUST octets): lines end in CRLF and nothing else, a message has one length,
// a field has one line unless its grammar is a list. What the strict reading refuses is what two
// servers on one connection could read differently. Every refusal is an Error, whose Kind knows the
// HTTP status; the connection is to be closed after the answer, because where the next request would
// begin is no longer known.
package httpparse
