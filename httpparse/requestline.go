package httpparse

import "bytes"

const (
	// maxMethod is the longest method that is read, known or not.
	maxMethod = 32
	// versionLength is that of "HTTP/1.1".
	versionLength = 8
	// lineOverhead is the most that a request line, with the empty lines before it, has beyond its target.
	lineOverhead = 2*maxLeadingLines + maxMethod + 1 + 1 + versionLength + 2
)

// parseRequestLine reads the request line at i (RFC 9112, 3) and returns the index after its CRLF, or
// 0 without a fault when b ends too early.
func (l *Limits) parseRequestLine(r *Request, b []byte, i int) (int, Error) {
	space := skipToken(b, i)
	target := space + 1
	end := skipTarget(b, min(target, len(b)))
	version := end + 1
	switch {
	case space == len(b):
		return 0, Error{}
	case space == i, b[space] == '\r':
		return 0, Error{KindRequestLine, space}
	case b[space] != ' ' || space-i > maxMethod:
		return 0, Error{KindMethod, space}
	case end-target > l.maxTarget():
		return 0, Error{KindTargetTooLong, target + l.maxTarget()}
	case end == len(b):
		return 0, Error{}
	case b[end] == '\r':
		return 0, Error{KindRequestLine, end}
	case b[end] != ' ' || end == target:
		return 0, Error{KindTarget, end}
	case version+versionLength+2 > len(b):
		return 0, Error{}
	}
	r.Method = methodOf(b[i:space])
	if !r.setTarget(b[target:end]) {
		return 0, Error{KindTarget, target}
	}
	if kind := r.setVersion(b[version:]); kind != 0 {
		return 0, Error{kind, version}
	}
	return version + versionLength + 2, Error{}
}

func methodOf(name []byte) Method {
	switch string(name) {
	case "GET":
		return MethodGET
	case "POST":
		return MethodPOST
	case "OPTIONS":
		return MethodOPTIONS
	case "HEAD":
		return MethodHEAD
	case "PUT":
		return MethodPUT
	case "DELETE":
		return MethodDELETE
	case "PATCH":
		return MethodPATCH
	case "TRACE":
		return MethodTRACE
	case "CONNECT":
		return MethodCONNECT
	}
	return MethodOther
}

// setVersion reads "HTTP/1.x" and the CRLF after it. A higher minor version is treated as the highest
// known, 1 (RFC 9110, 2.5). b is long enough.
func (r *Request) setVersion(b []byte) Kind {
	if string(b[:5]) != "HTTP/" || !isDigit(b[5]) || b[6] != '.' || !isDigit(b[7]) || b[8] != '\r' || b[9] != '\n' {
		return KindVersion
	}
	if b[5] != '1' {
		return KindVersionUnsupported
	}
	r.Minor = min(b[7]-'0', 1)
	return 0
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// setTarget reads one of the four forms of a target (RFC 9112, 3.2) and reports whether it is one that
// goes with the method. t is not empty.
func (r *Request) setTarget(t []byte) bool {
	r.Target = t
	switch {
	case r.Method == MethodCONNECT:
		end := hostEnd(t)
		return end > 0 && end < len(t)-1 && validPort(t[end:])
	case t[0] == '/':
		r.setPath(t)
		return true
	case t[0] == '*':
		r.Path = t
		return len(t) == 1 && r.Method == MethodOPTIONS
	}
	return r.setAbsolute(t)
}

// setPath cuts an origin-form into path and query.
func (r *Request) setPath(t []byte) {
	r.Path = t
	if q := bytes.IndexByte(t, '?'); q >= 0 {
		r.Path, r.Query = t[:q], t[q+1:]
	}
}

// setAbsolute reads an absolute-form: its host takes the place of the field Host.
func (r *Request) setAbsolute(t []byte) bool {
	colon := bytes.IndexByte(t, ':')
	if colon < 0 || len(t) < colon+3 || string(t[colon:colon+3]) != "://" {
		return false
	}
	if scheme := t[:colon]; !equalFold(scheme, "http") && !equalFold(scheme, "https") {
		return false
	}
	slash, rest := t[colon+1:colon+2], t[colon+3:]
	end := bytes.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	r.setPath(rest[end:])
	if len(r.Path) == 0 {
		r.Path = slash // an empty path is "/" (RFC 9110, 4.2.3), and one is at hand
	}
	r.Host = rest[:end]
	return validHost(r.Host)
}
