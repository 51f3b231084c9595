package front

import (
	"bytes"
	"hash/maphash"

	"halley/httpparse"
)

// FromBrowser tells whether a request looks like that of a browser, old or new. Some
// programs refuse cookies with attributes that they do not know.
func FromBrowser(q *httpparse.Request) bool {
	return len(q.Origin) > 0 || len(q.SecFetchSite) > 0 || bytes.HasPrefix(q.UserAgent, []byte("Mozilla/"))
}

// WriteClient writes to h what tells the clients of one address apart, since behind a
// proxy or a router all have one address and most are not to blame for what one does.
// What it says may be made up, so nothing but the damping of storms, which happen
// without intent, goes by it.
func WriteClient(h *maphash.Hash, q *httpparse.Request) {
	for _, part := range [...][]byte{q.XForwardedFor, q.UserAgent, httpparse.Cookie(q.Cookie, BrowserCookie)} {
		h.Write(part)
		h.WriteByte('\n')
	}
}
