package wire

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Callback is the name of the JSONP function in callback-polling requests.
const Callback = "_cb"

// Endpoint is the parsed URL of a Bayeux server.
type Endpoint struct {
	Host   string // host:port, as it goes into the Host header
	Path   string
	Secure bool // by https
}

// ParseEndpoint reads an http or https URL.
func ParseEndpoint(text string) (Endpoint, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Endpoint{}, err
	}
	secure := u.Scheme == "https"
	if u.Scheme != "http" && !secure || u.Host == "" {
		return Endpoint{}, fmt.Errorf("%q is not an http:// or https:// URL", text)
	}
	host := u.Host
	switch {
	case u.Port() != "":
	case secure:
		host += ":443"
	default:
		host += ":80"
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return Endpoint{Host: host, Path: path, Secure: secure}, nil
}

// AppendRequest writes one HTTP request with the given JSON body: a GET in the style of
// callback-polling, else a POST. suffix is added to the path the way CometD's client does; it may be empty.
func (e Endpoint) AppendRequest(dst []byte, style Style, suffix, cookie string, body []byte) []byte {
	if style != CallbackPolling {
		return e.appendPost(dst, suffix, cookie, "application/json", body)
	}
	dst = append(append(append(dst, "GET "...), e.Path...), suffix...)
	dst = append(dst, "?jsonp="+Callback+"&message="...)
	dst = appendEscaped(dst, body)
	return append(e.appendHost(dst, cookie), "\r\n\r\n"...)
}

func (e Endpoint) appendPost(dst []byte, suffix, cookie, contentType string, body []byte) []byte {
	dst = append(append(append(dst, "POST "...), e.Path...), suffix...)
	dst = append(append(e.appendHost(dst, cookie), "\r\nContent-Type: "...), contentType...)
	dst = strconv.AppendInt(append(dst, "\r\nContent-Length: "...), int64(len(body)), 10)
	return append(append(dst, "\r\n\r\n"...), body...)
}

// appendHost ends the request line and writes the fields that every request has; the
// line end behind them is the caller's.
func (e Endpoint) appendHost(dst []byte, cookie string) []byte {
	dst = append(append(dst, " HTTP/1.1\r\nHost: "...), e.Host...)
	if cookie != "" {
		dst = append(append(dst, "\r\nCookie: "...), cookie...)
	}
	return dst
}

const hexDigits = "0123456789ABCDEF"

// appendEscaped percent-encodes everything but what RFC 3986 calls unreserved.
func appendEscaped(dst, text []byte) []byte {
	for _, c := range text {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return dst
}

// AppendHandshake writes a handshake message that offers one connection type. ext is a
// JSON object, here as in the other messages; empty leaves the field out.
func AppendHandshake(dst []byte, style Style, ext string, id uint32) []byte {
	dst = append(dst, `[{"channel":"/meta/handshake","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["`...)
	dst = append(append(dst, style.String()...), `"]`...)
	return appendID(appendExt(dst, ext), id)
}

// AppendSubscribe writes one subscribe message for all of the channels.
func AppendSubscribe(dst []byte, clientID string, channels []string, ext string, id uint32) []byte {
	dst = append(dst, `[{"channel":"/meta/subscribe","clientId":"`...)
	dst = append(append(dst, clientID...), `","subscription":`...)
	if len(channels) == 1 {
		dst = strconv.AppendQuote(dst, channels[0])
	} else {
		dst = append(dst, '[')
		for _, name := range channels {
			dst = append(strconv.AppendQuote(dst, name), ',')
		}
		dst[len(dst)-1] = ']'
	}
	return appendID(appendExt(dst, ext), id)
}

// AppendConnect writes a connect message. atOnce adds the advice timeout 0, with which
// a client asks not to be held: the first connect after a handshake or a broken connection.
func AppendConnect(dst []byte, style Style, clientID string, atOnce bool, ext string, id uint32) []byte {
	dst = append(dst, `[{"channel":"/meta/connect","clientId":"`...)
	dst = append(append(dst, clientID...), `","connectionType":"`...)
	dst = append(append(dst, style.String()...), '"')
	if atOnce {
		dst = append(dst, `,"advice":{"timeout":0}`...)
	}
	return appendID(appendExt(dst, ext), id)
}

// AppendDisconnect writes a disconnect message.
func AppendDisconnect(dst []byte, clientID string, id uint32) []byte {
	dst = append(dst, `[{"channel":"/meta/disconnect","clientId":"`...)
	dst = append(append(dst, clientID...), '"')
	return appendID(dst, id)
}

// AppendPublish writes one event message, without the brackets of a batch, so that
// several can be joined. data is a JSON value; an empty clientID leaves the field out.
func AppendPublish(dst []byte, clientID, channel string, data []byte, id uint32) []byte {
	dst = append(dst, `{"channel":`...)
	dst = strconv.AppendQuote(dst, channel)
	dst = append(append(dst, `,"data":`...), data...)
	if clientID == "" {
		return append(dst, '}')
	}
	dst = append(append(dst, `,"clientId":"`...), clientID...)
	dst = append(dst, `","id":"`...)
	dst = strconv.AppendUint(dst, uint64(id), 10)
	return append(dst, `"}`...)
}

func appendExt(dst []byte, ext string) []byte {
	if ext == "" {
		return dst
	}
	return append(append(dst, `,"ext":`...), ext...)
}

func appendID(dst []byte, id uint32) []byte {
	dst = strconv.AppendUint(append(dst, `,"id":"`...), uint64(id), 10)
	return append(dst, `"}]`...)
}
