package connectiontype

import (
	"strconv"

	"halley/bayeux/message"
)

// Stream is how the messages of a streaming connection type are written into one
// long HTTP response.
type Stream struct {
	// ContentType is the response's.
	ContentType string
	// Prologue is what the response begins with, Heartbeat what keeps it alive
	// while there is nothing to say, and Epilogue its end.
	Prologue, Heartbeat, Epilogue string
	// Padding is white space of which any amount may follow the prologue, for
	// browsers of old that show nothing of a response before 1 or 2 KiB of it came.
	Padding byte
	// Append appends a group of messages, JSON objects with commas between.
	Append func(dst, messages []byte) []byte
}

// EventSource is the event-stream of HTML 5 (HTML, 9.2.5 MUST event-stream-form). A client
// that loses it comes back after five seconds.
var EventSource = Stream{
	ContentType: "text/event-stream;charset=utf-8",
	Prologue:    "retry: 5000\n\n",
	Heartbeat:   ":\n\n", // (HTML, 9.2.7 SHOULD comments)
	Append:      appendEventArray,
}

// AppendRetry appends how many milliseconds the client of an event-stream shall
// wait, when it has lost it, before it comes back.
func AppendRetry(dst []byte, ms int64) []byte {
	dst = strconv.AppendInt(append(dst, "retry: "...), ms, 10)
	return append(dst, "\n\n"...)
}

// XHRStreaming is one JSON array a line.
var XHRStreaming = Stream{
	ContentType: "application/json;charset=utf-8",
	Heartbeat:   "\n",
	Padding:     ' ',
	Append:      appendLine,
}

// Iframe is a page that never ends: scripts in it hand messages to the page
// around it, to the object cometd (Dojo), dojox.cometd or halley.
var Iframe = Stream{
	ContentType: "text/html;charset=utf-8",
	Prologue: "<!doctype html><title>halley</title><script>" +
		"function d(m){var p=window.parent,c=p.cometd||p.dojox&&p.dojox.cometd||p.halley;c.deliver(m)}" +
		"</script>\n",
	Heartbeat: "<!-- -->\n",
	Padding:   ' ',
	Append:    appendScript,
}

// boundary separates the parts of a mime-message-block; no JSON text holds it
// at the start of a line.
const boundary = "halley-part"

// MimeMessageBlock is multipart/x-mixed-replace, a part for each group. The
// boundary follows a part at once, so that browsers take it for complete.
var MimeMessageBlock = Stream{
	ContentType: `multipart/x-mixed-replace;boundary="` + boundary + `"`,
	Prologue:    "--" + boundary + "\r\n",
	Heartbeat:   "Content-Type: text/plain\r\n\r\n[]\r\n--" + boundary + "\r\n",
	Epilogue:    "Content-Type: text/plain\r\n\r\n[]\r\n--" + boundary + "--\r\n",
	Append:      appendPart,
}

// TunnelInit is the page that opens the forever frame of Dojo's clients: it tells
// the page around it that it is loaded.
const TunnelInit = "<!doctype html><title>halley</title><script>" +
	"(function(){var p=window.parent,c=p.cometd||p.dojox&&p.dojox.cometd;" +
	"if(c&&c.tunnelInit)c.tunnelInit(window.location,document.domain)})()" +
	"</script>\n"

func appendLine(dst, messages []byte) []byte {
	return append(appendArrayLine(dst, messages), '\n')
}

// appendArrayLine appends an array that holds no line end (HTML, 9.2.6 MUST data-lines): in valid JSON they can
// stand only between tokens.
func appendArrayLine(dst, messages []byte) []byte {
	start := len(dst)
	dst = AppendLongPolling(dst, messages)
	oneLine(dst[start:])
	return dst
}

func oneLine(json []byte) {
	for i, c := range json {
		if c == '\n' || c == '\r' {
			json[i] = ' '
		}
	}
}

func appendEventArray(dst, messages []byte) []byte {
	dst = append(dst, "data: "...)
	return append(appendArrayLine(dst, messages), "\n\n"...)
}

// AppendEvent appends one message as an event of an event-stream whose client
// speaks no Bayeux. An empty name means the default, message; an id of 0 is none, and
// any other has digits alone (HTML, 9.2.4 MUST last-event-id).
func AppendEvent(dst []byte, name string, id int64, msg []byte) []byte {
	if id != 0 {
		dst = append(strconv.AppendInt(append(dst, "id: "...), id, 10), '\n')
	}
	if name != "" {
		dst = append(append(append(dst, "event: "...), name...), '\n')
	}
	dst = append(dst, "data: "...)
	start := len(dst)
	dst = append(dst, msg...)
	oneLine(dst[start:])
	return append(dst, "\n\n"...)
}

func appendScript(dst, messages []byte) []byte {
	dst = append(dst, "<script>d(["...)
	dst = message.AppendScriptSafe(dst, messages)
	return append(dst, "])</script>\n"...)
}

func appendPart(dst, messages []byte) []byte {
	dst = append(dst, "Content-Type: text/plain;charset=utf-8\r\n\r\n"...)
	return append(appendArrayLine(dst, messages), "\r\n--"+boundary+"\r\n"...)
}
