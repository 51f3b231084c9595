// Proved by TestConnection, TestContentLength and TestTransferEncoding.

package httpparse

import (
	"bytes"
	"encoding/binary"
)

// field is a field name that the parser knows.
type field uint8

// fieldSet has one bit for each field.
type fieldSet uint32

const (
	fieldOther field = iota
	fieldAccept
	fieldAcceptEncoding
	fieldAccessControlRequestHeaders
	fieldAccessControlRequestMethod
	fieldAuthorization
	fieldConnection
	fieldContentEncoding
	fieldContentLength
	fieldContentType
	fieldCookie
	fieldExpect
	fieldHost
	fieldIfNoneMatch
	fieldLastEventID
	fieldOrigin
	fieldReferer
	fieldSecFetchSite
	fieldSecWebSocketExtensions
	fieldSecWebSocketKey
	fieldSecWebSocketProtocol
	fieldSecWebSocketVersion
	fieldTransferEncoding
	fieldUpgrade
	fieldUserAgent
	fieldXForwardedFor
	fieldCount
)

var fieldNames = [fieldCount]string{
	fieldAccept:                      "accept",
	fieldAcceptEncoding:              "accept-encoding",
	fieldAccessControlRequestHeaders: "access-control-request-headers",
	fieldAccessControlRequestMethod:  "access-control-request-method",
	fieldAuthorization:               "authorization",
	fieldConnection:                  "connection",
	fieldContentEncoding:             "content-encoding",
	fieldContentLength:               "content-length",
	fieldContentType:                 "content-type",
	fieldCookie:                      "cookie",
	fieldExpect:                      "expect",
	fieldHost:                        "host",
	fieldIfNoneMatch:                 "if-none-match",
	fieldLastEventID:                 "last-event-id",
	fieldOrigin:                      "origin",
	fieldReferer:                     "referer",
	fieldSecFetchSite:                "sec-fetch-site",
	fieldSecWebSocketExtensions:      "sec-websocket-extensions",
	fieldSecWebSocketKey:             "sec-websocket-key",
	fieldSecWebSocketProtocol:        "sec-websocket-protocol",
	fieldSecWebSocketVersion:         "sec-websocket-version",
	fieldTransferEncoding:            "transfer-encoding",
	fieldUpgrade:                     "upgrade",
	fieldUserAgent:                   "user-agent",
	fieldXForwardedFor:               "x-forwarded-for",
}

// spanFields are those whose value is kept as it is, where Request.span says.
const spanFields fieldSet = 1<<fieldCount - 1<<(fieldOther+1) - 1<<fieldConnection - 1<<fieldContentLength -
	1<<fieldExpect - 1<<fieldHost - 1<<fieldTransferEncoding

// singleFields are those that may not come twice. The others are lists, have a fault of their own for it,
// or are Cookie, which gateways from HTTP/2 may leave in pieces.
const singleFields fieldSet = 1<<fieldAccessControlRequestMethod | 1<<fieldAuthorization | 1<<fieldContentType |
	1<<fieldHost | 1<<fieldLastEventID | 1<<fieldOrigin | 1<<fieldReferer | 1<<fieldSecFetchSite | 1<<fieldSecWebSocketKey |
	1<<fieldSecWebSocketVersion

// knownField is a field name in the form in which it is compared: its length, and the words that it
// begins and ends with.
type knownField struct {
	head, tail uint64
	length     int
	field      field
}

// known holds each known field in the place that its name hashes to. No two have the same one, which a
// test checks.
var known = func() (t [64]knownField) {
	for f := fieldOther + 1; f < fieldCount; f++ {
		name := []byte(fieldNames[f])
		head, tail := ends(name)
		t[hash(head, len(name))] = knownField{head, tail, len(name), f}
	}
	return t
}()

// ends gives the first and the last eight bytes of a name in small letters, or the first and last four
// of a shorter one. Names of less than four bytes are not known. As in equalFold, a bit is fold enough.
func ends(name []byte) (head, tail uint64) {
	if n := len(name); n >= 8 {
		head, tail = binary.LittleEndian.Uint64(name), binary.LittleEndian.Uint64(name[n-8:])
	} else {
		head, tail = uint64(binary.LittleEndian.Uint32(name)), uint64(binary.LittleEndian.Uint32(name[n-4:]))
	}
	return head | 0x20*ones, tail | 0x20*ones
}

// hashFactor was found by trying odd numbers.
const hashFactor = 0xcb9e2a589eec7397

// hash is the place in known of a name that begins with head.
func hash(head uint64, length int) uint64 { return (head + uint64(length)) * hashFactor >> (64 - 6) }

// lookup finds a field by its name, a token in any case.
func lookup(name []byte) field {
	if len(name) < 4 {
		return fieldOther
	}
	head, tail := ends(name)
	k := &known[hash(head, len(name))]
	if k.head != head || k.tail != tail || k.length != len(name) {
		return fieldOther
	}
	if len(name) > 16 && !equalFold(name, fieldNames[k.field]) {
		return fieldOther
	}
	return k.field
}

// set takes over one field line, its value trimmed. It returns the kind of fault, or 0.
func (r *Request) set(f field, value []byte) Kind {
	bit := fieldSet(1) << f
	repeated := r.seen&bit != 0
	r.seen |= bit
	switch {
	case repeated && singleFields&bit != 0:
		return KindRepeatedField
	case spanFields&bit == 0:
		return r.apply(f, value, repeated)
	case !repeated:
		*r.span(f) = value
	}
	return 0
}

// apply does what a field says that is not merely kept.
func (r *Request) apply(f field, value []byte, repeated bool) Kind {
	switch f {
	case fieldHost:
		return r.setHost(value)
	case fieldConnection:
		r.setConnection(value)
	case fieldExpect:
		if !equalFold(value, "100-continue") {
			return KindExpectation
		}
	case fieldContentLength:
		return r.setContentLength(value, repeated)
	case fieldTransferEncoding:
		return r.setTransferEncoding(value, repeated)
	}
	return 0
}

// span is where the value of a field that is kept as it is goes.
func (r *Request) span(f field) *[]byte {
	switch f {
	case fieldAccept:
		return &r.Accept
	case fieldAcceptEncoding:
		return &r.AcceptEncoding
	case fieldAccessControlRequestHeaders:
		return &r.AccessControlRequestHeaders
	case fieldAccessControlRequestMethod:
		return &r.AccessControlRequestMethod
	case fieldAuthorization:
		return &r.Authorization
	case fieldContentEncoding:
		return &r.ContentEncoding
	case fieldContentType:
		return &r.ContentType
	case fieldCookie:
		return &r.Cookie
	case fieldIfNoneMatch:
		return &r.IfNoneMatch
	case fieldLastEventID:
		return &r.LastEventID
	case fieldOrigin:
		return &r.Origin
	case fieldReferer:
		return &r.Referer
	case fieldSecFetchSite:
		return &r.SecFetchSite
	case fieldSecWebSocketExtensions:
		return &r.SecWebSocketExtensions
	case fieldSecWebSocketKey:
		return &r.SecWebSocketKey
	case fieldSecWebSocketProtocol:
		return &r.SecWebSocketProtocol
	case fieldSecWebSocketVersion:
		return &r.SecWebSocketVersion
	case fieldUserAgent:
		return &r.UserAgent
	case fieldXForwardedFor:
		return &r.XForwardedFor
	}
	return &r.Upgrade
}

// setHost takes the field Host, unless the target has named the host
// (RFC 9112, 3.2.2 MUST host-of-target). It must be valid even then, but may be empty, as a client sends it that has the host in the target alone.
func (r *Request) setHost(value []byte) Kind {
	named := r.Host != nil
	if !validHost(value) && !(named && len(value) == 0) {
		return KindHost
	}
	if !named {
		r.Host = value
	}
	return 0
}

// setContentLength accepts one line of 1 to 18 digits, leading zeros not counted, so that the sum of
// a few lengths cannot overflow.
func (r *Request) setContentLength(value []byte, repeated bool) Kind {
	if repeated || len(value) == 0 {
		return KindContentLength
	}
	var n int64
	for _, c := range value {
		if !isDigit(c) || n >= 1e17 {
			return KindContentLength
		}
		n = n*10 + int64(c-'0')
	}
	r.ContentLength = n
	return 0
}

// setTransferEncoding accepts one line that says "chunked". A list that merely ends in it is well
// formed, but asks for what is not implemented (RFC 9112, 6.1); any other has no end that can be found
// (RFC 9112, 6.3).
func (r *Request) setTransferEncoding(value []byte, repeated bool) Kind {
	r.Chunked = true
	if repeated {
		return KindTransferEncoding
	}
	if equalFold(value, "chunked") {
		return 0
	}
	comma := bytes.LastIndexByte(value, ',')
	if comma < 0 || !equalFold(trim(value[comma+1:]), "chunked") {
		return KindTransferEncoding
	}
	for coding := range elements(value[:comma]) {
		if len(coding) == 0 || equalFold(coding, "chunked") || skipToken(coding, 0) == 0 {
			return KindTransferEncoding
		}
	}
	return KindTransferCoding
}

// The options of Connection that matter, as bits of Request.seen beyond those of the fields.
const (
	optionClose fieldSet = 1 << (iota + fieldCount)
	optionKeepAlive
)

// setConnection notes the options of one line, whole tokens (RFC 9110, 7.6.1 MUST connection-case).
func (r *Request) setConnection(value []byte) {
	if equalFold(value, "keep-alive") { // all that most clients say
		r.seen |= optionKeepAlive
		return
	}
	for option := range elements(value) {
		switch {
		case equalFold(option, "keep-alive"):
			r.seen |= optionKeepAlive
		case equalFold(option, "close"):
			r.seen |= optionClose
		case equalFold(option, "upgrade"):
			r.ConnectionUpgrade = true
		}
	}
}

// elements yields the elements of a comma-separated list (RFC 9110, 5.6.1), trimmed. Commas within
// quoted strings are not known here: no list that is read has any.
func elements(list []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for {
			comma := bytes.IndexByte(list, ',')
			if comma < 0 {
				yield(trim(list))
				return
			}
			if !yield(trim(list[:comma])) {
				return
			}
			list = list[comma+1:]
		}
	}
}

// conclude applies the rules that need the whole head, which is n bytes long.
func (r *Request) conclude(n int) Error {
	http10 := r.Minor == 0
	switch {
	case r.seen&(1<<fieldHost) == 0 && !http10:
		return Error{KindHostMissing, n}
	case r.Chunked && r.ContentLength >= 0:
		return Error{KindLengthConflict, n}
	case r.Chunked && http10: // (RFC 9112, 6.1 MUST coding-in-1.0)
		return Error{KindTransferEncoding, n}
	}
	// HTTP/1.0 knows no 100 Continue (RFC 9110, 10.1.1 MUST continue-1.0), and without a body there is nothing
	// to wait for.
	r.ExpectContinue = r.seen&(1<<fieldExpect) != 0 && !http10 && (r.Chunked || r.ContentLength > 0)
	// (RFC 9112, 9.3 MUST close-option)
	r.KeepAlive = r.seen&optionClose == 0 && (!http10 || r.seen&optionKeepAlive != 0)
	return Error{}
}
