package front

import (
	"errors"
	"strconv"

	"halley/httpparse"
)

// BrowserCookie is the name that CometD's clients know.
const BrowserCookie = "BAYEUX_BROWSER"

// bakeCookie makes the attributes of the browser cookie.
func bakeCookie(sameSite string, secure bool) (end string, err error) {
	if sameSite == "none" && !secure {
		return "", errors.New("--cookie-same-site none: browsers drop such a cookie without --cookie-secure")
	}
	end = "; Path=/; HttpOnly" + map[string]string{
		"lax": "; SameSite=Lax", "strict": "; SameSite=Strict", "none": "; SameSite=None",
	}[sameSite]
	if secure {
		end += "; Secure"
	}
	return end + "\r\n", nil
}

// AppendCookie appends the field that gives a browser its number.
func (f *Front) AppendCookie(dst []byte, browser uint64) []byte {
	dst = append(dst, "Set-Cookie: "+BrowserCookie+"="...)
	for shift := 60; shift >= 0; shift -= 4 { // all of one length
		dst = append(dst, "0123456789abcdef"[browser>>shift&15])
	}
	return append(dst, f.cookieEnd...)
}

// Browser is the number that stands for the browser of a request, by its cookie: the
// number in one of ours, what named makes of another server's, 0 without any.
func (f *Front) Browser(q *httpparse.Request, named func(name []byte) uint64) uint64 {
	if !f.settings.CountBrowsers || len(q.Cookie) == 0 {
		return 0
	}
	value := httpparse.Cookie(q.Cookie, BrowserCookie)
	if len(value) == 0 {
		return 0
	}
	if n, err := strconv.ParseUint(string(value), 16, 64); err == nil && n != 0 {
		return n
	}
	return named(value)
}
