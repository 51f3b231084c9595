// Proved by TestLineEndings and TestLimits.

package httpparse

import "bytes"

// Limits bounds what one request head may cost. A zero field means its default.
type Limits struct {
	// MaxHeader are the bytes of the whole head, request line and final empty line included; 431 beyond.
	MaxHeader       int `name:"max-header" type:"size" group:"limits" default:"16KiB" min:"1KiB" max:"1MiB" help:"One header block; a larger one is answered 431."`
	MaxHeaderFields int `name:"max-header-fields" group:"limits" default:"100" min:"8" max:"10000" help:"Fields of one header block; more are answered 431."`
	MaxTarget       int `name:"max-target" type:"size" group:"limits" default:"8KiB" min:"256" max:"1MiB" help:"The request target; a longer one is answered 414."`
}

// Defaults of Limits. A request line of 8,000 bytes must be accepted (RFC 9112, 3).
const (
	DefaultMaxTarget       = 8192
	DefaultMaxHeader       = 16384
	DefaultMaxHeaderFields = 100
)

// Method is the method of a request. Methods are case-sensitive (RFC 9110, 9.1).
type Method uint8

// The methods of RFC 9110 and RFC 5789; any other token is MethodOther.
const (
	MethodOther Method = iota
	MethodGET
	MethodHEAD
	MethodPOST
	MethodPUT
	MethodDELETE
	MethodOPTIONS
	MethodPATCH
	MethodTRACE
	MethodCONNECT
	methods
)

// String is the method's name, as a request line has it.
func (m Method) String() string {
	names := [methods]string{"other", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"}
	if m < methods {
		return names[m]
	}
	return names[MethodOther]
}

// Request is one request head. Its slices are spans of the buffer that was parsed, valid as long as
// the buffer is; nil means that the field is absent. Of a list field that came on several lines, the
// first line is kept; fields that may have only one line are refused when they have two.
type Request struct {
	Method Method
	Minor  uint8 // HTTP/1.Minor: 0, or 1 for every higher one
	// KeepAlive says that the connection may carry another request after this one.
	KeepAlive bool
	// ConnectionUpgrade says that Connection lists "upgrade".
	ConnectionUpgrade bool
	// Chunked says that the body is chunked; ContentLength is -1 then.
	Chunked bool
	// ExpectContinue says that the client waits for 100 Continue before it sends the declared body.
	ExpectContinue bool

	seen fieldSet

	head []byte // as it came, empty lines before it included

	ContentLength int64 // bytes of the body; -1 when none is declared

	Target []byte // as sent
	Path   []byte // still percent-encoded; "*" of OPTIONS *; nil with CONNECT
	Query  []byte // after "?", still percent-encoded; nil without "?"
	Host   []byte // of Host, or of the target when that is in absolute form (RFC 9112, 3.2.2)

	Accept                      []byte
	AcceptEncoding              []byte
	AccessControlRequestHeaders []byte
	AccessControlRequestMethod  []byte
	Authorization               []byte
	ContentEncoding             []byte
	ContentType                 []byte
	Cookie                      []byte
	IfNoneMatch                 []byte
	LastEventID                 []byte
	Origin                      []byte
	Referer                     []byte
	SecFetchSite                []byte
	SecWebSocketExtensions      []byte
	SecWebSocketKey             []byte
	SecWebSocketProtocol        []byte
	SecWebSocketVersion         []byte
	Upgrade                     []byte
	UserAgent                   []byte
	XForwardedFor               []byte
}

// maxLeadingLines is how many empty lines may come before a request (RFC 9112, 2.2 SHOULD leading-lines).
const maxLeadingLines = 2

// Parse reads the request head at the start of buf into r, which it overwrites whole. It returns the
// length of the head in bytes, empty lines before it included, or 0 and no error while buf holds only
// a part of one. An error is always an Error.
//
// The caller passes in prev how many bytes of buf an earlier call has already returned 0 for, at first
// 0. Those bytes are not looked at again until the head is complete, so that its arrival in small
// pieces costs work in proportion to its length. Whatever the pieces, the outcome is that of the whole.
func (l *Limits) Parse(r *Request, buf []byte, prev int) (n int, err error) {
	if prev == 0 {
		if n, fault := l.parse(r, buf); n > 0 && fault.Kind == 0 {
			return n, nil
		}
	}
	// Incomplete or at fault: which fault is told must not depend on how the bytes came, so that the
	// order is always the same: first the faults that a part of a head shows, then the others.
	end, fault := l.findEnd(buf, min(prev, len(buf)))
	if end > 0 && fault.Kind == 0 {
		end, fault = l.parse(r, buf[:end])
	}
	if fault.Kind != 0 {
		return 0, fault
	}
	return end, nil
}

// parse reads a head in one pass. It returns 0 without a fault when b ends too early.
func (l *Limits) parse(r *Request, b []byte) (int, Error) {
	*r = Request{}
	r.ContentLength = -1
	i, fault := l.parseRequestLine(r, b, leadingLines(b))
	if i == 0 || fault.Kind != 0 {
		return 0, fault
	}
	i, fault = l.parseFields(r, b, i)
	if i == 0 || fault.Kind != 0 {
		return 0, fault
	}
	if i > l.maxHeader() {
		return 0, Error{KindHeaderTooLarge, l.maxHeader()}
	}
	r.head = b[:i]
	return i, r.conclude(i)
}

// Fields calls visit with every field line in order, the value without the blanks around
// it, until visit returns false. It reads the head again, for those few who want fields
// that a Request has no place for, or all lines of one.
func (r *Request) Fields(visit func(name, value []byte) bool) {
	rest := r.head[leadingLines(r.head):]
	for first := true; ; first = false {
		line, after, _ := bytes.Cut(rest, []byte("\r\n"))
		if rest = after; len(line) == 0 {
			return
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); !first && ok && !visit(name, trim(value)) {
			return
		}
	}
}

// parseFields reads field lines from i to the empty line and returns the index after that.
func (l *Limits) parseFields(r *Request, b []byte, i int) (int, Error) {
	for left := l.maxHeaderFields(); ; left-- {
		if i < len(b) && b[i] == '\r' {
			if ok, fault := lineEnds(b, i); !ok {
				return 0, fault
			}
			return i + 2, Error{}
		}
		colon := skipToken(b, i)
		if colon == len(b) {
			return 0, Error{}
		}
		if b[colon] != ':' || colon == i {
			return 0, Error{KindFieldName, colon}
		}
		end := skipASCII(b, colon+1)
		if end < len(b) && b[end] != '\r' {
			end = skipText(b, end)
		}
		if end >= len(b)-1 {
			return 0, Error{}
		}
		if b[end] != '\r' || b[end+1] != '\n' {
			return 0, Error{KindControl, end}
		}
		if left == 0 {
			return 0, Error{KindTooManyFields, i}
		}
		if f := lookup(b[i:colon]); f != fieldOther {
			if kind := r.set(f, trimValue(b[colon+1:end])); kind != 0 {
				return 0, Error{kind, i}
			}
		}
		i = end + 2
	}
}

// leadingLines is the length of the empty lines that b begins with and that are skipped.
func leadingLines(b []byte) int {
	i := 0
	for range maxLeadingLines {
		if len(b) < i+2 || b[i] != '\r' || b[i+1] != '\n' {
			break
		}
		i += 2
	}
	return i
}

func (l *Limits) maxTarget() int       { return orDefault(l.MaxTarget, DefaultMaxTarget) }
func (l *Limits) maxHeader() int       { return orDefault(l.MaxHeader, DefaultMaxHeader) }
func (l *Limits) maxHeaderFields() int { return orDefault(l.MaxHeaderFields, DefaultMaxHeaderFields) }

func orDefault(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}
