package internalhttp

import (
	"bytes"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"
)

// knows tells whether a Host names this listener for certain: an address does, and
// so do localhost and the names that the operator gives.
func knows(hosts []string, host string) bool {
	name := hostName(host)
	if _, err := netip.ParseAddr(name); err == nil || name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	return slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(hostName(h), name) })
}

// hostName is a Host without its port and the final dot, in lower case.
func hostName(host string) string {
	name := strings.Trim(host, "[]")
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// markedForeign tells whether a browser says that it sends the request for a page of another origin.
func markedForeign(header *fasthttp.RequestHeader) bool {
	switch string(header.Peek("Sec-Fetch-Site")) {
	case "cross-site", "same-site":
		return true
	}
	return false
}

// foreign tells whether the request may be of a page of another origin, as browsers send it that do not mark it: they
// name the page, or send what any page's form can have sent.
func foreign(header *fasthttp.RequestHeader, host string) bool {
	switch page := pageOf(header); {
	case page != "":
		return !sameHost(page, host)
	case len(header.Peek("Sec-Fetch-Site")) > 0: // the page's own, or a person who types the address
		return false
	}
	return ofBrowser(header) && formType(string(header.ContentType()))
}

// pageOf is the page that a request is sent for, as far as it says so.
func pageOf(header *fasthttp.RequestHeader) string {
	if origin := header.Peek("Origin"); len(origin) > 0 {
		return string(origin)
	}
	return string(header.Peek("Referer"))
}

// sameHost compares the host of an Origin or Referer with a Host.
func sameHost(page, host string) bool {
	_, rest, ok := strings.Cut(page, "://")
	authority, _, _ := strings.Cut(rest, "/")
	return ok && strings.EqualFold(authority, host)
}

// ofBrowser tells whether a request calls its sender a browser, as all browsers do.
func ofBrowser(header *fasthttp.RequestHeader) bool {
	return bytes.HasPrefix(header.UserAgent(), []byte("Mozilla/"))
}

// formType tells whether a form, or a script that asks nobody, can send a body of that type: a page needs leave for any
// other.
func formType(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "application/x-www-form-urlencoded", "multipart/form-data", "text/plain":
		return true
	}
	return false
}
