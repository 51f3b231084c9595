package wire

import (
	"crypto/sha1"
	"encoding/base64"
	"net/url"
)

// EventsPath is where event-streams for clients without Bayeux are asked for.
const EventsPath = "/events"

// key is what websockets are asked for with. Its use is to show that the server has
// read the request, for which any 16 bytes will do (RFC 6455, 4.1).
const key = "aGFsbGV5LWJlbmNoLWtleQ=="

// acceptOf is what a server must answer to a key (RFC 6455, 4.2.2).
func acceptOf(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// AppendPoll writes the request for the message behind a response that had the conditions, or for the next
// that is published without any.
func (e Endpoint) AppendPoll(dst []byte, path, conditions string) []byte {
	return append(append(e.appendGet(dst, path, ""), conditions...), "\r\n\r\n"...)
}

// AppendUpgrade writes the request that makes a connection a websocket.
func (e Endpoint) AppendUpgrade(dst []byte, path, cookie string) []byte {
	dst = e.appendGet(dst, path, cookie)
	return append(dst, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "+key+"\r\n\r\n"...)
}

// AppendEventSource writes the request for a session's event-stream.
func (e Endpoint) AppendEventSource(dst []byte, clientID, cookie string) []byte {
	path := e.Path
	if path[len(path)-1] != '/' {
		path += "/"
	}
	dst = e.appendGet(dst, path+url.PathEscape(clientID), cookie)
	return append(dst, "\r\nAccept: text/event-stream\r\n\r\n"...)
}

// EventsOf is the path that asks for an event-stream of channels.
func EventsOf(channels []string) string {
	path := EventsPath
	for i, name := range channels {
		path += [2]string{"?channel=", "&channel="}[min(i, 1)] + url.QueryEscape(name)
	}
	return path
}

// AppendEvents writes the request for an event-stream without a session. lastID is the id of
// the last event that came, empty at first.
func (e Endpoint) AppendEvents(dst []byte, path, lastID string) []byte {
	dst = append(e.appendGet(dst, path, ""), "\r\nAccept: text/event-stream"...)
	if lastID != "" {
		dst = append(append(dst, "\r\nLast-Event-ID: "...), lastID...)
	}
	return append(dst, "\r\n\r\n"...)
}

// AppendForm writes a POST with the messages in a form, which is how a page asks for
// the document of a frame.
func (e Endpoint) AppendForm(dst []byte, suffix, cookie string, messages []byte) []byte {
	return e.appendPost(dst, suffix, cookie, "application/x-www-form-urlencoded", appendEscaped([]byte("message="), messages))
}

func (e Endpoint) appendGet(dst []byte, path, cookie string) []byte {
	return e.appendHost(append(append(dst, "GET "...), path...), cookie)
}
