package wire

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestParseEvent(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want Event
		rest string
	}{
		"one line":       {"data: x\n\n", Event{Data: []byte("x"), Retry: -1}, ""},
		"no space":       {"data:x\n\nmore", Event{Data: []byte("x"), Retry: -1}, "more"},
		"CR LF":          {"data: x\r\n\r\n", Event{Data: []byte("x"), Retry: -1}, ""},
		"CR":             {"data: x\r\r ", Event{Data: []byte("x"), Retry: -1}, " "},
		"many lines":     {"data: a\ndata\ndata:  b\n\n", Event{Data: []byte("a\n\n b"), Retry: -1}, ""},
		"all fields":     {": c\nid: 7\nevent: gap\nretry: 12\nother: 1\ndata: x\n\n", Event{Name: []byte("gap"), ID: []byte("7"), Data: []byte("x"), Retry: 12}, ""},
		"a bad retry":    {"retry: 1x\n\n", Event{Retry: -1}, ""},
		"only a comment": {":\n\n", Event{Retry: -1}, ""},
	} {
		e, n := ParseEvent([]byte(c.text))
		if string(e.Name) != string(c.want.Name) || string(e.ID) != string(c.want.ID) || string(e.Data) != string(c.want.Data) ||
			e.Retry != c.want.Retry || c.text[n:] != c.rest {
			t.Errorf("%s: %+v, %d taken", name, e, n)
		}
		for i := range len(c.text) - len(c.rest) - 1 {
			if _, n := ParseEvent([]byte(c.text[:i])); n != 0 {
				t.Errorf("%s: a prefix of %d bytes gave %d", name, i, n)
			}
		}
	}
}

const (
	chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
	upgradeHead = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: 8CrYO5VWvqj30eb92Khq13hRMVc=\r\n\r\n"
)

type streamRow struct {
	style Style
	head  string
	body  string // before it is chunked
	want  []string
}

func streamRows() map[string]streamRow {
	return map[string]streamRow{
		"eventsource":            {EventSource, chunkedHead + "\r\n", "retry: 5000\n\n:\n\ndata: [1]\n\ndata: [2,\ndata: 3]\n\n", []string{"[1]", "[2,\n3]"}},
		"events":                 {Events, chunkedHead + "\r\n", "id: 4\ndata: {}\n\nevent: gap\ndata: {\"a\":1}\n\nevent: gap\n\n", []string{"{}", `gap{"a":1}`, "gap"}},
		"events until the end":   {Events, "HTTP/1.1 200 OK\r\n\r\n", "\r\nretry: 1\r\n\r\ndata: []\r\n\r\n", []string{"[]"}},
		"xhr-streaming":          {XHRStreaming, chunkedHead + "\r\n", "   \n[1]\r\n\n[2]\n", []string{"[1]", "[2]"}},
		"iframe":                 {Iframe, chunkedHead + "\r\n", "<!doctype html><script>function d(m){x([m])}</script>\n <script>d([\"<b>\"])</script><!-- -->\n<script type=a>p.c_d.$e ( [2] );</script>", []string{`["<b>"]`}},
		"iframe of another":      {Iframe, chunkedHead + "\r\n", "<script> parent.cometd.deliver([2]); </script>", []string{"[2]"}},
		"mime-message-block":     {MimeMessageBlock, chunkedHead + "Content-Type: multipart/x-mixed-replace;boundary=\"b c\"\r\n\r\n", "--b c\r\nContent-Type: text/plain\r\n\r\n[1]\r\n--b c\r\nX: y\r\n\r\n[2]\r\n--b c--\r\n", []string{"[1]", "[2]"}},
		"mime with a preamble":   {MimeMessageBlock, chunkedHead + "Content-Type: multipart/mixed; boundary=x\r\n\r\n", "hello\r\n--x\r\nA: b\r\n\r\n[1]\r\n--x\r\n", []string{"[1]"}},
		"websocket":              {WebSocket, upgradeHead, "\x81\x02[]\x89\x02hi\x8a\x00\x81\x03[1]", []string{"[]", "ping hi", "[1]"}},
		"websocket, fragments":   {WebSocket, upgradeHead, "\x01\x01[\x89\x00\x00\x00\x00\x011\x80\x01]\x88\x02\x03\xe9", []string{"ping ", "[1]", "closing 1001"}},
		"websocket, plain close": {WebSocket, upgradeHead, "\x88\x00", []string{"closing 0"}},
	}
}

// bytes is the row on the wire, its body in chunks of size bytes if it is chunked.
func (r streamRow) bytes(size int) string {
	if !strings.HasPrefix(r.head, chunkedHead) {
		return r.head + r.body
	}
	text := r.head
	for part := range slices.Chunk([]byte(r.body), size) {
		text += fmt.Sprintf("%x\r\n%s\r\n", len(part), part)
	}
	return text + "0\r\n\r\n"
}

// follow reads a stream from a connection that brings pieces of step bytes.
func follow(style Style, wire string, step int) (got []string, s *Stream, ended bool, err error) {
	var in []byte
	for at := 0; at < len(wire) && !ended; at += step {
		in = append(in, wire[at:min(at+step, len(wire))]...)
		if s == nil {
			var n int
			if s, _, n, err = Open(style, in); err != nil {
				return got, s, ended, err
			}
			in = in[n:]
		}
		for s != nil && len(in) > 0 && !ended {
			var n int
			if n, ended, err = s.Take(in); err != nil {
				return got, s, ended, err
			}
			if n == 0 {
				break
			}
			in = in[n:]
			for p := (Piece{}); s.Next(&p); {
				got = append(got, p.text())
			}
			if s.Err() != nil {
				return got, s, ended, s.Err()
			}
		}
	}
	return got, s, ended, nil
}

func (p Piece) text() string {
	switch {
	case p.Ping != nil:
		return "ping " + string(p.Ping)
	case p.Closing:
		return fmt.Sprint("closing ", p.Code)
	case p.Gap:
		return "gap" + string(p.Messages)
	}
	return string(p.Messages)
}

func TestStreams(t *testing.T) {
	for name, row := range streamRows() {
		for _, chunk := range []int{1, 2, 3, 7, 1000} {
			for _, step := range []int{1, 2, 5, 1000} {
				got, s, ended, err := follow(row.style, row.bytes(chunk), step)
				if err != nil || !slices.Equal(got, row.want) || ended != (s.framing == chunked) {
					t.Fatalf("%s in chunks of %d, read by %d: %q, ended %v, %v", name, chunk, step, got, ended, err)
				}
			}
		}
	}
}

func TestStreamsRemember(t *testing.T) {
	row := streamRow{Events, chunkedHead + "\r\n", "retry: 70\nid: a\ndata: 1\n\nid: b\n\n:\n\n", nil}
	_, s, _, err := follow(row.style, row.bytes(3), 1)
	if err != nil || s.Retry != 70 || s.LastID != "b" || s.Close || s.EndsByClose() {
		t.Errorf("%+v %v", s, err)
	}
	if _, s, _, _ = follow(Events, "HTTP/1.1 200 OK\r\n\r\n:\n\n", 1); !s.Close || !s.EndsByClose() {
		t.Errorf("%+v", s)
	}
	if _, s, _, _ = follow(Events, "HTTP/1.1 200 OK\r\n\r\ndata: half", 1); s.EndsByClose() {
		t.Error("a broken event passes as the end")
	}
}

func TestOrdinaryResponsesOpenNothing(t *testing.T) {
	for name, c := range map[string]struct {
		style Style
		text  string
	}{
		"part of a head":        {Events, "HTTP/1.1 200 OK\r\n"},
		"refused":               {Events, "HTTP/1.1 404 None\r\nTransfer-Encoding: chunked\r\n\r\n"},
		"of known length":       {XHRStreaming, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"},
		"of unknown length":     {XHRStreaming, "HTTP/1.1 200 OK\r\n\r\n[]"},
		"a style of polls":      {LongPolling, chunkedHead + "\r\n"},
		"upgrade refused":       {WebSocket, "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n"},
		"upgrade taken for GET": {WebSocket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
	} {
		if s, _, n, err := Open(c.style, []byte(c.text)); s != nil || n != 0 || err != nil {
			t.Errorf("%s: %+v %d %v", name, s, n, err)
		}
	}
}

func TestStreamsRefuse(t *testing.T) {
	const boundary = "Content-Type: multipart/mixed; boundary=x\r\n\r\n"
	for name, c := range map[string]struct {
		style Style
		text  string
		want  error
	}{
		"another key's answer":     {WebSocket, "HTTP/1.1 101 X\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", ErrStream},
		"no boundary":              {MimeMessageBlock, chunkedHead + "\r\n", ErrStream},
		"not HTTP":                 {Events, "220 mail ready\r\n\r\n", ErrResponse},
		"bad chunk":                {Events, chunkedHead + "\r\nxyz\r\n", ErrResponse},
		"part without a head":      {MimeMessageBlock, streamRow{head: chunkedHead + boundary, body: "--x\r\n[1]\r\n--x\r\n"}.bytes(100), ErrStream},
		"script that only ends":    {Iframe, streamRow{head: chunkedHead + "\r\n", body: "</script>"}.bytes(100), ErrStream},
		"binary message":           {WebSocket, upgradeHead + "\x82\x00", ErrStream},
		"continuation of nothing":  {WebSocket, upgradeHead + "\x80\x00", ErrStream},
		"text among the fragments": {WebSocket, upgradeHead + "\x01\x00\x81\x00", ErrStream},
		"masked frame":             {WebSocket, upgradeHead + "\x81\x80\x00\x00\x00\x00", ErrFrame},
	} {
		if _, _, _, err := follow(c.style, c.text, 3); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzStream(f *testing.F) {
	for _, row := range streamRows() {
		f.Add(uint8(row.style), []byte(row.bytes(5)), uint8(3))
	}
	f.Fuzz(func(t *testing.T, style uint8, data []byte, step uint8) {
		whole, _, _, err := follow(Style(style)%8, string(data), len(data)+1)
		parts, _, _, errParts := follow(Style(style)%8, string(data), int(step)+1)
		if err == nil && errParts == nil && !slices.Equal(whole, parts) {
			t.Errorf("whole %q, by %d %q", whole, step+1, parts)
		}
	})
}
