package wire

import (
	"bytes"
	"errors"
	"mime"
)

// Piece is the next thing that a stream brought.
type Piece struct {
	Messages []byte // an array or a single message; nil when there is none
	Gap      bool   // the server says that messages before this one have been dropped
	Ping     []byte // the payload of a websocket's ping; nil when it is none
	Closing  bool   // a websocket's close frame: nothing will follow
	Code     uint16 // of the close frame; 0 when it gave none
}

// ErrStream says that a stream brought what its connection type does not allow.
var ErrStream = errors.New("malformed stream")

// maxPending bounds what one stream may leave incomplete.
const maxPending = 64 << 20

// Stream reads what comes over a connection that was opened in a streaming style or as a
// websocket. Create it with Open; hand it bytes with Take, and ask Next for the pieces.
type Stream struct {
	Style  Style
	Retry  int64  // milliseconds after which the client of an event-stream shall come back
	LastID string // of the last event that had an id
	Close  bool   // the connection ends with the stream

	framing  framing
	boundary []byte // of a mime-message-block, with the dashes before it
	pending  []byte // the beginning of a piece whose rest has not come
	text     []byte // what Next has not seen yet
	joined   []byte // the fragments of a websocket's message
	partial  bool   // there are some, possibly empty ones
	err      error
}

// framing says where the body of the response ends.
type framing uint8

const (
	chunked framing = iota
	untilClose
	frames
)

// Open looks for the head of a response that begins a stream. s is nil and n is 0 when
// the bytes are not a complete head, or one of an ordinary response, which is how a server
// refuses. cookie is what the head set.
func Open(style Style, buf []byte) (s *Stream, cookie []byte, n int, err error) {
	end := bytes.Index(buf, []byte("\r\n\r\n"))
	if end < 0 || !style.Streams() && !style.Upgrades() {
		return nil, nil, 0, nil
	}
	h, err := parseHead(buf[:end+2])
	if err != nil {
		return nil, nil, 0, err
	}
	s = &Stream{Style: style, Retry: -1, Close: h.Close}
	if style.Upgrades() {
		return s.upgraded(&h, end+4)
	}
	if h.Status != 200 || h.length >= 0 || !h.chunked && style != EventSource && style != Events {
		return nil, nil, 0, nil
	}
	if !h.chunked {
		s.framing, s.Close = untilClose, true
	}
	if style == MimeMessageBlock {
		_, parameters, err := mime.ParseMediaType(string(h.contentType))
		if err != nil || parameters["boundary"] == "" {
			return nil, nil, 0, ErrStream
		}
		s.boundary = []byte("--" + parameters["boundary"])
	}
	return s, h.Cookie, end + 4, nil
}

// upgraded checks the answer to an upgrade (RFC 6455, 4.1).
func (s *Stream) upgraded(h *head, n int) (*Stream, []byte, int, error) {
	if h.Status != 101 {
		return nil, nil, 0, nil
	}
	if string(h.accept) != acceptOf(key) {
		return nil, nil, 0, ErrStream
	}
	s.framing = frames
	return s, h.Cookie, n, nil
}

// EndsByClose reports whether the end of the connection is the orderly end of the stream.
func (s *Stream) EndsByClose() bool { return s.framing == untilClose && len(s.pending) == 0 }

// Take reads the framing at the front of in and remembers the text in it until Next has
// been asked for everything. n is how many bytes that took, 0 when more must come first;
// ended says that the response is complete.
func (s *Stream) Take(in []byte) (n int, ended bool, err error) {
	text := in
	switch s.framing {
	case chunked:
		if text, n, err = cutChunk(in); err != nil || n == 0 {
			return n, false, err
		}
		ended = text == nil
	case untilClose:
		n = len(in)
	case frames:
		_, n, err = ParseFrame(in)
		s.text = in[:n]
		return n, false, err
	}
	if len(s.pending) > 0 {
		s.pending = append(s.pending, text...)
		text = s.pending
	}
	s.text = text
	return n, ended, nil
}

// Next takes the next piece out of what Take was given and reports whether there was one.
func (s *Stream) Next(p *Piece) bool {
	*p = Piece{}
	for s.err == nil && len(s.text) > 0 {
		n := s.next(p)
		if n == 0 {
			break
		}
		s.text = s.text[n:]
		if p.Messages != nil || p.Gap || p.Ping != nil || p.Closing {
			return true
		}
	}
	s.keep()
	return false
}

// Err is the fault that ended the pieces early, or nil.
func (s *Stream) Err() error { return s.err }

// keep stores the beginning of a piece until the rest comes.
func (s *Stream) keep() {
	if len(s.text) > maxPending {
		s.err = ErrStream
	}
	if len(s.text) == 0 || s.err != nil {
		s.pending = nil
	} else {
		s.pending = append(s.pending[:0], s.text...)
	}
	s.text = nil
}

func (s *Stream) next(p *Piece) int {
	switch s.Style {
	case WebSocket, Sockets:
		return s.nextFrame(p)
	case EventSource, Events:
		return s.nextEvent(p)
	case Iframe:
		return s.nextScript(p)
	case MimeMessageBlock:
		return s.nextPart(p)
	}
	return nextLine(s.text, p)
}

// nextLine takes a line, which holds an array or nothing but white space.
func nextLine(text []byte, p *Piece) int {
	end := bytes.IndexByte(text, '\n')
	if line := bytes.TrimSpace(text[:max(end, 0)]); len(line) > 0 {
		p.Messages = line
	}
	return end + 1
}

func (s *Stream) nextEvent(p *Piece) int {
	e, n := ParseEvent(s.text)
	if n == 0 {
		return 0
	}
	if e.Retry >= 0 {
		s.Retry = e.Retry
	}
	if e.ID != nil && string(e.ID) != s.LastID {
		s.LastID = string(e.ID)
	}
	if p.Gap = string(e.Name) == "gap"; len(e.Data) > 0 {
		p.Messages = e.Data
	}
	return n
}

// nextScript takes everything up to the end of the next script element. Scripts that do
// not call something with an array are the page's own.
func (s *Stream) nextScript(p *Piece) int {
	const begin, end = "<script", "</script>"
	close := bytes.Index(s.text, []byte(end))
	if close < 0 {
		return 0
	}
	open := bytes.LastIndex(s.text[:close], []byte(begin))
	if open < 0 {
		s.err = ErrStream
		return 0
	}
	_, script, _ := bytes.Cut(s.text[open:close], []byte(">"))
	if array, ok := argument(bytes.TrimSpace(script)); ok {
		p.Messages = array
	}
	return close + len(end)
}

// argument takes the array out of a call such as d([…]) or parent.cometd.deliver([…]).
func argument(script []byte) ([]byte, bool) {
	name, rest, found := bytes.Cut(script, []byte("("))
	inner, closed := bytes.CutSuffix(bytes.TrimSuffix(rest, []byte(";")), []byte(")"))
	if !found || !closed || len(inner) < 2 || inner[0] != '[' || inner[len(inner)-1] != ']' {
		return nil, false
	}
	for _, c := range name {
		if !(c == '.' || c == '_' || c == '$' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z') {
			return nil, false
		}
	}
	return inner, true
}

// nextPart takes a part of a multipart body (RFC 2046, 5.1.1) up to the boundary
// line that ends it, which is left to begin the next.
func (s *Stream) nextPart(p *Piece) int {
	if !bytes.HasPrefix(s.text, s.boundary) {
		return max(bytes.Index(s.text, s.boundary), 0) // what stands before the first boundary
	}
	if bytes.HasPrefix(s.text[len(s.boundary):], []byte("--")) {
		return len(s.text) // behind the last boundary nothing counts
	}
	end := bytes.Index(s.text[1:], append([]byte("\r\n"), s.boundary...))
	if end < 0 {
		return 0
	}
	part := s.text[len(s.boundary) : end+1]
	if _, body, ok := bytes.Cut(part, []byte("\r\n\r\n")); !ok {
		s.err = ErrStream
	} else if body = bytes.TrimSpace(body); len(body) > 0 {
		p.Messages = body
	}
	return end + 1 + len("\r\n")
}

func (s *Stream) nextFrame(p *Piece) int {
	f, n, err := ParseFrame(s.text)
	if err != nil {
		s.err = err
		return 0
	}
	switch f.Opcode {
	case OpPing:
		p.Ping = append([]byte{}, f.Payload...)
	case OpPong:
	case OpClose:
		p.Closing = true
		if len(f.Payload) >= 2 {
			p.Code = uint16(f.Payload[0])<<8 | uint16(f.Payload[1])
		}
	case OpText, OpContinuation:
		s.join(&f, p)
	default:
		s.err = ErrStream // Bayeux has no binary messages
	}
	return n
}

// join puts the fragments of a message together (RFC 6455, 5.4).
func (s *Stream) join(f *Frame, p *Piece) {
	switch {
	case s.partial != (f.Opcode == OpContinuation) || len(s.joined)+len(f.Payload) > maxPending:
		s.err = ErrStream
	case !f.Final:
		s.joined, s.partial = append(s.joined, f.Payload...), true
	case s.partial:
		p.Messages = append(s.joined, f.Payload...)
		s.joined, s.partial = nil, false
	default:
		p.Messages = f.Payload
	}
}
