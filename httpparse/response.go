package httpparse

import "strconv"

// Continue is the whole interim response that lets a client that waits for it send its body
// (RFC 9110, 15.2.1).
const Continue = "HTTP/1.1 100 Continue\r\n\r\n"

// firstStatus is the least status there is.
const firstStatus = 100

// reasons are the phrases of RFC 9110, 15 and RFC 6585, by status less the first.
var reasons = [...]string{
	100 - firstStatus: "Continue",
	101 - firstStatus: "Switching Protocols",
	200 - firstStatus: "OK",
	201 - firstStatus: "Created",
	202 - firstStatus: "Accepted",
	204 - firstStatus: "No Content",
	206 - firstStatus: "Partial Content",
	301 - firstStatus: "Moved Permanently",
	302 - firstStatus: "Found",
	303 - firstStatus: "See Other",
	304 - firstStatus: "Not Modified",
	307 - firstStatus: "Temporary Redirect",
	308 - firstStatus: "Permanent Redirect",
	400 - firstStatus: "Bad Request",
	401 - firstStatus: "Unauthorized",
	403 - firstStatus: "Forbidden",
	404 - firstStatus: "Not Found",
	405 - firstStatus: "Method Not Allowed",
	406 - firstStatus: "Not Acceptable",
	408 - firstStatus: "Request Timeout",
	409 - firstStatus: "Conflict",
	410 - firstStatus: "Gone",
	411 - firstStatus: "Length Required",
	412 - firstStatus: "Precondition Failed",
	413 - firstStatus: "Content Too Large",
	414 - firstStatus: "URI Too Long",
	415 - firstStatus: "Unsupported Media Type",
	416 - firstStatus: "Range Not Satisfiable",
	417 - firstStatus: "Expectation Failed",
	421 - firstStatus: "Misdirected Request",
	422 - firstStatus: "Unprocessable Content",
	426 - firstStatus: "Upgrade Required",
	429 - firstStatus: "Too Many Requests",
	431 - firstStatus: "Request Header Fields Too Large",
	500 - firstStatus: "Internal Server Error",
	501 - firstStatus: "Not Implemented",
	502 - firstStatus: "Bad Gateway",
	503 - firstStatus: "Service Unavailable",
	504 - firstStatus: "Gateway Timeout",
	505 - firstStatus: "HTTP Version Not Supported",
}

// Reason is the reason phrase of a status; empty, which the grammar allows, for one that is not known.
func Reason(status int) string {
	if i := status - firstStatus; i >= 0 && i < len(reasons) {
		return reasons[i]
	}
	return ""
}

// AppendHead begins a response with its status line, HTTP/1.1 whatever the request
// (RFC 9110, 2.5 SHOULD minor-version), and Date (RFC 9110, 6.6.1 MUST date). date is an IMF-fixdate of 29 bytes, which the caller renews once a second; none is sent when it is empty, as in 101. Fields
// follow, and AppendEnd.
func AppendHead(dst []byte, status int, date []byte) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(dst, ' ')
	dst = append(dst, Reason(status)...)
	dst = append(dst, "\r\n"...)
	if len(date) == 0 {
		return dst
	}
	return AppendField(dst, "Date", date)
}

// AppendField adds one field. Neither name nor value may hold CR, LF or NUL; values that a Request
// holds never do.
func AppendField[T string | []byte](dst []byte, name string, value T) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}

// AppendContentLength adds the length of the body, n bytes.
func AppendContentLength(dst []byte, n int) []byte {
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, "\r\n"...)
}

// AppendEnd ends the head.
func AppendEnd(dst []byte) []byte { return append(dst, "\r\n"...) }

// AppendChunk adds one chunk of a chunked body (RFC 9112, 7.1). An empty one is left out, as it would
// end the body.
func AppendChunk(dst, data []byte) []byte {
	if len(data) == 0 {
		return dst
	}
	dst = strconv.AppendUint(dst, uint64(len(data)), 16)
	dst = append(dst, "\r\n"...)
	dst = append(dst, data...)
	return append(dst, "\r\n"...)
}

// LastChunk ends a chunked body that has no trailers.
const LastChunk = "0\r\n\r\n"
