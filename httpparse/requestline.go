// Proved by TestMethods, TestTargets and TestVersions.

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
	method, space := readMethod(b, i)
	target := space + 1
	query := skipTarget(b, min(target, len(b)), '?')
	end := query
	if end < len(b) && b[end] == '?' {
		end = skipTarget(b, end, '#')
	}
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
	r.Method, r.Target, r.Path = method, b[target:end], b[target:query]
	if query < end {
		r.Query = b[query+1 : end]
	}
	if (b[target] != '/' || method == MethodCONNECT) && !r.setOtherForm() {
		return 0, Error{KindTarget, target}
	}
	next := version + versionLength + 2
	if string(b[version:next]) == "HTTP/1.1\r\n" {
		r.Minor = 1
	} else if kind := r.setVersion(b[version:next]); kind != 0 {
		return 0, Error{kind, version}
	}
	return next, Error{}
}

// readMethod reads the token at i and returns the index after it. The two methods that nearly all
// requests have are seen at a glance.
func readMethod(b []byte, i int) (Method, int) {
	if rest := b[i:]; len(rest) > 5 {
		switch {
		case string(rest[:5]) == "POST ":
			return MethodPOST, i + 4
		case string(rest[:4]) == "GET ":
			return MethodGET, i + 3
		}
	}
	end := skipToken(b, i)
	return methodOf(b[i:end]), end
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

// setOtherForm reads a target that is not in origin-form (RFC 9112, 3.2) and reports whether it is in a
// form that goes with the method.
func (r *Request) setOtherForm() bool {
	switch {
	case r.Method == MethodCONNECT:
		r.Path, r.Query = nil, nil
		return isDigit(r.Target[len(r.Target)-1]) && bytes.IndexByte(r.Target, ':') > 0 && validHost(r.Target)
	case r.Target[0] == '*':
		return len(r.Target) == 1 && r.Method == MethodOPTIONS
	}
	return r.setAbsolute()
}

// setAbsolute reads an absolute-form (RFC 9112, 3.2.2 MUST absolute), in which the host precedes the path: it
// takes the place of the field Host.
func (r *Request) setAbsolute() bool {
	scheme, rest, ok := bytes.Cut(r.Path, []byte("://"))
	if !ok || !equalFold(scheme, "http") && !equalFold(scheme, "https") {
		return false
	}
	r.Host, r.Path = rest, r.Path[len(scheme)+1:][:1]
	if slash := bytes.IndexByte(rest, '/'); slash >= 0 {
		r.Host, r.Path = rest[:slash], rest[slash:]
	} // an empty path is "/" (RFC 9110, 4.2.3), of which the scheme's is one
	return validHost(r.Host)
}
