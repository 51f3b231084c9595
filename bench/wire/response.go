// Package wire is the load generator's own reading of HTTP/1.1 and of Bayeux: just
// enough to be a client, written from the specifications and not from the server,
// so that a misunderstanding in the server is not measured as success.
package wire

import (
	"bytes"
	"errors"
	"strconv"
)

// Response is one HTTP response. Its slices point into the buffer that was parsed.
type Response struct {
	Status   int
	Body     []byte
	Cookie   []byte // name=value of the first Set-Cookie, nil if there is none
	Close    bool   // the server will close the connection after this response
	Tag      []byte // of ETag, nil if there is none
	Modified []byte // of Last-Modified
}

// Conditions are the fields of a request for what comes behind this response (RFC 9110, 13.1), each after a line end.
func (r *Response) Conditions() (fields string) {
	if r.Modified != nil {
		fields = "\r\nIf-Modified-Since: " + string(r.Modified)
	}
	if r.Tag != nil {
		fields += "\r\nIf-None-Match: " + string(r.Tag)
	}
	return fields
}

// ErrResponse says that the bytes cannot be an HTTP/1.1 response that we can read.
var ErrResponse = errors.New("malformed HTTP response")

const maxHead = 64 << 10

// Parse reads one response from the front of buf. It returns how many bytes the
// response takes, 0 when it is not complete yet. A chunked body is put together in
// place, so buf is overwritten then. Bodies without a length (RFC 9112, 6.3,
// case 8) are not accepted: a Comet server that keeps connections has no use for them.
func Parse(buf []byte) (r Response, n int, err error) {
	end := bytes.Index(buf, []byte("\r\n\r\n"))
	if end < 0 {
		if len(buf) > maxHead {
			return r, 0, ErrResponse
		}
		return r, 0, nil
	}
	h, err := parseHead(buf[:end+2])
	if err != nil {
		return r, 0, err
	}
	r, n = h.Response, end+4
	switch {
	case r.Status == 204 || r.Status == 304 || r.Status < 200:
		return r, n, nil
	case h.chunked:
		body, size, err := dechunk(buf[n:])
		if err != nil || size == 0 {
			return Response{}, 0, err
		}
		r.Body = body
		return r, n + size, nil
	case h.length < 0:
		return r, 0, ErrResponse
	case len(buf)-n < h.length:
		return Response{}, 0, nil
	}
	r.Body = buf[n : n+h.length]
	return r, n + h.length, nil
}

type head struct {
	Response
	length      int // -1 when there is none
	chunked     bool
	contentType []byte
	accept      []byte // Sec-WebSocket-Accept
}

// parseHead reads the status line and the header lines, each ended by CRLF.
func parseHead(buf []byte) (head, error) {
	h := head{length: -1}
	line, rest, _ := bytes.Cut(buf, []byte("\r\n"))
	if len(line) < 12 || string(line[:7]) != "HTTP/1." || line[8] != ' ' {
		return h, ErrResponse
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil || status < 100 {
		return h, ErrResponse
	}
	h.Status = status
	h.Close = line[7] == '0'
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		if err := h.field(line); err != nil {
			return h, err
		}
	}
	return h, nil
}

func (h *head) field(line []byte) error {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 {
		return ErrResponse
	}
	name, value := line[:colon], bytes.TrimSpace(line[colon+1:])
	switch {
	case equalFold(name, "content-length"):
		return h.setLength(value)
	case equalFold(name, "transfer-encoding"):
		if !equalFold(value, "chunked") {
			return ErrResponse
		}
		h.chunked = true
	case equalFold(name, "connection"):
		h.Close = equalFold(value, "close") || h.Close && !equalFold(value, "keep-alive")
	case equalFold(name, "content-type"):
		h.contentType = value
	case equalFold(name, "sec-websocket-accept"):
		h.accept = value
	case equalFold(name, "etag"):
		h.Tag = value
	case equalFold(name, "last-modified"):
		h.Modified = value
	case equalFold(name, "set-cookie") && h.Cookie == nil:
		h.Cookie, _, _ = bytes.Cut(value, []byte(";"))
	}
	return nil
}

// setLength takes a Content-Length, which may come twice if it says the same (RFC 9110, 8.6).
func (h *head) setLength(value []byte) error {
	length, err := strconv.Atoi(string(value))
	if err != nil || length < 0 || h.length >= 0 && h.length != length {
		return ErrResponse
	}
	h.length = length
	return nil
}

// dechunk moves the data of a chunked body (RFC 9112, 7.1) to the front of
// buf. size is the encoded length, 0 when the last chunk has not arrived: then buf
// has not been touched.
func dechunk(buf []byte) (body []byte, size int, err error) {
	size, err = walkChunks(buf, nil)
	if err != nil || size == 0 {
		return nil, 0, err
	}
	n := 0
	_, err = walkChunks(buf, func(data []byte) { n += copy(buf[n:], data) })
	return buf[:n], size, err
}

// walkChunks hands each chunk's data to visit and returns the encoded length. Data only
// ever moves towards the front, so visit may overwrite what was walked before.
func walkChunks(buf []byte, visit func([]byte)) (int, error) {
	for at := 0; ; {
		data, n, err := cutChunk(buf[at:])
		if err != nil || n == 0 {
			return 0, err
		}
		at += n
		if data == nil {
			return at, nil
		}
		if visit != nil {
			visit(data)
		}
	}
}

// cutChunk reads one chunk from the front of buf. data is nil for the last chunk, whose
// trailers are taken with it; n is 0 when the chunk is not complete.
func cutChunk(buf []byte) (data []byte, n int, err error) {
	line := bytes.Index(buf, []byte("\r\n"))
	if line < 0 {
		return nil, 0, nil
	}
	digits, _, _ := bytes.Cut(buf[:line], []byte(";"))
	size, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 16, 31)
	length, at := int(size), line+2
	switch {
	case err != nil:
		return nil, 0, ErrResponse
	case length == 0:
		return nil, endOfTrailers(buf, at), nil
	case len(buf)-at < length+2:
		return nil, 0, nil
	case buf[at+length] != '\r':
		return nil, 0, ErrResponse
	}
	return buf[at : at+length], at + length + 2, nil
}

// endOfTrailers returns where the trailer section that starts at from ends, 0 if it is not complete.
func endOfTrailers(buf []byte, from int) int {
	for at := from; ; {
		line := bytes.Index(buf[at:], []byte("\r\n"))
		if line < 0 {
			return 0
		}
		at += line + 2
		if line == 0 {
			return at
		}
	}
}

func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if c|0x20 != lower[i] && c != lower[i] {
			return false
		}
	}
	return true
}
