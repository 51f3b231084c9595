package httpparse

import "strconv"

// Continue is the whole interim response that lets a client that waits for it send its body
// (RFC 9110, 15.2.1).
const Continue = "HTTP/1.1 100 Continue\r\n\r\n"

// reasons are the phrases of RFC 9110, 15 and RFC 6585, by status less 100.
var reasons = [...]string{
	100 - 100: "Continue",
	101 - 100: "Switching Protocols",
	200 - 100: "OK",
	201 - 100: "Created",
	202 - 100: "Accepted",
	204 - 100: "No Content",
	206 - 100: "Partial Content",
	301 - 100: "Moved Permanently",
	302 - 100: "Found",
	303 - 100: "See Other",
	304 - 100: "Not Modified",
	307 - 100: "Temporary Redirect",
	308 - 100: "Permanent Redirect",
	400 - 100: "Bad Request",
	401 - 100: "Unauthorized",
	403 - 100: "Forbidden",
	404 - 100: "Not Found",
	405 - 100: "Method Not Allowed",
	406 - 100: "Not Acceptable",
	408 - 100: "Request Timeout",
	409 - 100: "Conflict",
	410 - 100: "Gone",
	411 - 100: "Length Required",
	412 - 100: "Precondition Failed",
	413 - 100: "Content Too Large",
	414 - 100: "URI Too Long",
	415 - 100: "Unsupported Media Type",
	416 - 100: "Range Not Satisfiable",
	417 - 100: "Expectation Failed",
	421 - 100: "Misdirected Request",
	422 - 100: "Unprocessable Content",
	426 - 100: "Upgrade Required",
	429 - 100: "Too Many Requests",
	431 - 100: "Request Header Fields Too Large",
	500 - 100: "Internal Server Error",
	501 - 100: "Not Implemented",
	502 - 100: "Bad Gateway",
	503 - 100: "Service Unavailable",
	504 - 100: "Gateway Timeout",
	505 - 100: "HTTP Version Not Supported",
}

// Reason is the reason phrase of a status; empty, which the grammar allows, for one that is not known.
func Reason(status int) string {
	if i := status - 100; i >= 0 && i < len(reasons) {
		return reasons[i]
	}
	return ""
}

// AppendHead begins a response with its status line and Date. date is an IMF-fixdate (RFC 9110, 5.6.7)
// of 29 bytes, which the caller renews once a second; none is sent when it is empty, as in 101. Fields
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
