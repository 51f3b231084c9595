package front

import (
	"bytes"

	"halley/httpparse"
)

// AppendOrigin appends to the head of an answer what it says of origins (Fetch, section
// 3.2): which one may read it, and with its visitor's credentials or not.
func (f *Front) AppendOrigin(dst []byte, admitted Origin) []byte {
	if f.origins.vary() {
		dst = append(dst, "Vary: Origin\r\n"...)
	}
	if admitted == 0 {
		return dst
	}
	dst = httpparse.AppendField(dst, "Access-Control-Allow-Origin", f.origins.names[admitted])
	if f.origins.names[admitted] != anyOrigin {
		dst = append(dst, "Access-Control-Allow-Credentials: true\r\n"...)
	}
	return dst
}

// Preflight is the header fields of the answer to an OPTIONS: for a page of an admitted
// origin what it may send (Fetch, section 3.2), for others the methods.
func (f *Front) Preflight(q *httpparse.Request, admitted Origin) (fields string) {
	fields = f.place(q.Path).allow()
	if admitted != 0 {
		fields += "Access-Control-Allow-Methods: GET, POST\r\n" +
			"Access-Control-Allow-Headers: " + allowedHeaders(q.AccessControlRequestHeaders) + "\r\n" +
			"Access-Control-Max-Age: 86400\r\n"
		if asksForPrivateNetwork(q) {
			fields += "Access-Control-Allow-Private-Network: true\r\n"
		}
	}
	return fields
}

// asksForPrivateNetwork tells whether a browser asks if a page from the internet may reach this server, which it takes for
// one of a private network (Private Network Access, section 3.1.1).
func asksForPrivateNetwork(q *httpparse.Request) (asks bool) {
	q.Fields(func(name, value []byte) bool {
		asks = bytes.EqualFold(name, []byte("Access-Control-Request-Private-Network")) && string(value) == "true"
		return !asks
	})
	return asks
}

// allowedHeaders are the fields that an admitted page may send: those that it asks
// for, since nothing here depends on them but what all may send, or the usual ones.
func allowedHeaders(asked []byte) string {
	if len(asked) > maxHeadersAsked || !httpparse.TokenList(asked) {
		return usualHeaders
	}
	return string(asked)
}

const (
	usualHeaders = "Accept, Authorization, Content-Type, Pragma, X-Requested-With"
	// maxHeadersAsked bounds what is echoed of Access-Control-Request-Headers, in bytes.
	maxHeadersAsked = 1024
)
