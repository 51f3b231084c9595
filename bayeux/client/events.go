// Proved by TestReadEvents, TestSilentStream, TestEventsReconnect, TestOpenEvents and TestOpenedEventsEnd.

package client

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// event is one event of an event-stream.
type event struct {
	name string // empty for a message
	data []byte // valid until the next one
	id   string // of it or of one before
}

// readEvents parses an event-stream (HTML, 9.2.6) and hands over each
// event that has data, until the stream ends. Nil is a whole stream. One event
// has at most limit bytes.
func readEvents(r io.Reader, limit int64, handle func(event) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, int(limit))
	lines.Split(splitLines())
	var e event
	for lines.Scan() {
		if line := lines.Bytes(); len(line) > 0 {
			if e.field(line); int64(len(e.data)) > limit {
				return bufio.ErrTooLong
			}
			continue
		}
		if len(e.data) > 0 {
			e.data = e.data[:len(e.data)-1] // the last line's end
			if err := handle(e); err != nil {
				return err
			}
		}
		e = event{data: e.data[:0], id: e.id}
	}
	return lines.Err() // an event without its empty line is dropped
}

// field takes one line. Comments, which keep the connection alive, have no name.
func (e *event) field(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "data":
		e.data = append(append(e.data, value...), '\n')
	case "event":
		e.name = string(value)
	case "id":
		if bytes.IndexByte(value, 0) < 0 { // as the specification has it
			e.id = string(value)
		}
	}
}

// splitLines is a bufio.SplitFunc for lines that end with LF, CR LF or CR. It
// does not wait after a CR for an LF: that is left out when it comes. A last line
// without an end is no line.
func splitLines() bufio.SplitFunc {
	afterCR := false
	return func(data []byte, _ bool) (advance int, line []byte, err error) {
		if len(data) == 0 {
			return 0, nil, nil
		}
		start := 0
		if afterCR && data[0] == '\n' {
			start = 1
		}
		afterCR = false
		n := bytes.IndexAny(data[start:], "\r\n")
		if n < 0 {
			return start, nil, nil
		}
		end := start + n
		afterCR = data[end] == '\r'
		return end + 1, data[start:end:end], nil
	}
}

// Events follows an event-stream of a server that needs no Bayeux, such as
// http://127.0.0.1:8080/events?channel=/stock/*: each event is a message. It
// returns when ctx is done, with its error, or with a *StatusError when the
// server refuses for good; a server that cannot be reached it asks again, as EventStream.Follow
// does after a lost connection.
func Events(ctx context.Context, address string, o Options, handler Handler) error {
	s, err := newEventStream(address, o)
	if err != nil {
		return err
	}
	return s.Follow(ctx, handler)
}

// EventStream is an event-stream that Follow reads.
type EventStream struct {
	transport *longPolling
	options   Options
	opened    *http.Response // not read yet; nil if there is none
	cancel    func()         // ends it
	last      string         // id of the last event that had one
}

// OpenEvents asks once for an event-stream as Events has it, for callers that want to know
// whether a server is there: the error is a *StatusError if it refuses. Follow has to be
// called then. ctx is for that only.
func OpenEvents(ctx context.Context, address string, o Options) (*EventStream, error) {
	s, err := newEventStream(address, o)
	if err != nil {
		return nil, err
	}
	if err := s.show(ctx); err != nil {
		s.transport.Close()
		return nil, err
	}
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	release := context.AfterFunc(ctx, cancel)
	s.opened, err = s.transport.getStream(lasting, s.transport.url, "")
	if s.cancel = cancel; !release() {
		err = ctx.Err()
	}
	if err != nil {
		cancel()
		s.transport.Close()
		return nil, fmt.Errorf("client: %w", err)
	}
	return s, nil
}

func newEventStream(address string, o Options) (*EventStream, error) {
	o.fill()
	t, err := newLongPolling(address, o)
	if err != nil {
		return nil, err
	}
	return &EventStream{transport: t, options: o, cancel: func() {}}, nil
}

// Follow reads the stream until ctx is done, whose error it returns, or the server refuses for good (a
// *StatusError). After a lost connection, of which Options.OnError is told, it asks again,
// from the last event on that had an id. What was published meanwhile to channels without a
// history is missed. Of the options HTTP, Header, Token, Forgotten, the back-off, MaxResponse and
// OnError count: each request has a token of its own, and after one that has expired it asks again. It can be called once.
func (s *EventStream) Follow(ctx context.Context, handler Handler) error {
	defer s.transport.Close()
	defer context.AfterFunc(ctx, s.cancel)()
	wait := backoff{min: s.options.MinBackoff, max: s.options.MaxBackoff}
	for {
		heard, err := s.read(ctx, handler)
		var status *StatusError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &status) && status.Status == 400 && s.elsewhere():
			continue
		case errors.As(err, &status) && !status.Passing() && !s.renewable(err):
			return fmt.Errorf("client: %w", err)
		case err == nil:
			err = ErrConnectionEnded
		}
		s.options.OnError(err)
		if heard {
			wait.reset()
		}
		sleep(ctx, wait.next(rand.Float64()))
	}
}

// renewable tells whether the server has refused a token that was good once: the next request shows another one.
func (s *EventStream) renewable(err error) bool { return s.options.Token != nil && TokenExpired(err) }

// show has the next request show a token that is given for it, if there are any.
func (s *EventStream) show(ctx context.Context) error {
	if s.options.Token == nil {
		return nil
	}
	_, err := s.options.askToken(ctx)
	return err
}

// elsewhere moves a cursor that the server has forgotten, if the policy is to.
func (s *EventStream) elsewhere() bool {
	if s.last == "" || s.last == strconv.FormatInt(Earliest, 10) || s.options.Forgotten == ForgottenFails {
		return false
	}
	s.last = ""
	if s.options.Forgotten == ForgottenEarliest {
		s.last = strconv.FormatInt(Earliest, 10)
	}
	return true
}

// read reads one response to its end, the one that is open or else a new one, and notes
// the id of each event; heard tells whether there was a response. Of messages that were
// dropped OnError is told.
func (s *EventStream) read(ctx context.Context, handler Handler) (heard bool, err error) {
	resp := s.opened
	if s.opened = nil; resp == nil {
		if err := s.show(ctx); err != nil {
			return false, err
		}
		if resp, err = s.transport.getStream(ctx, s.transport.url, s.last); err != nil {
			return false, err
		}
	}
	defer context.AfterFunc(ctx, func() { resp.Body.Close() })() // the first one was asked for with another context
	defer resp.Body.Close()
	return true, readEvents(resp.Body, s.transport.limit, func(e event) error {
		messages, err := decode(e.data)
		for _, m := range messages {
			if m.Successful == nil {
				handler(m.delivery(true))
			} else if e := dropped(m.Ext); e != nil {
				s.options.OnError(e)
			}
		}
		if e.id != "" {
			s.last = e.id
		}
		return err
	})
}

// sleep waits for d or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
