// Proved by TestReadEvents, TestSilentStream and TestEventsReconnect.

package client

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
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
// server refuses; after a lost connection it asks again, from the last event on
// that had an id. What was published meanwhile to channels without a history is
// missed. Of the options HTTP, Header, Forgotten, the back-off, MaxResponse and
// OnError count.
func Events(ctx context.Context, address string, o Options, handler Handler) error {
	o.fill()
	t, err := newLongPolling(address, o)
	if err != nil {
		return err
	}
	defer t.Close()
	wait := backoff{min: o.MinBackoff, max: o.MaxBackoff}
	for last := ""; ; {
		heard, err := t.follow(ctx, &last, handler, o.OnError)
		var status *StatusError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &status) && status.Status == 400 && o.elsewhere(&last):
			continue
		case errors.As(err, &status) && status.Status < 500:
			return fmt.Errorf("client: %w", err)
		case err == nil:
			err = ErrConnectionEnded
		}
		o.OnError(err)
		if heard {
			wait.reset()
		}
		sleep(ctx, wait.next(rand.Float64()))
	}
}

// elsewhere moves a cursor that the server has forgotten, if the policy is to.
func (o *Options) elsewhere(last *string) bool {
	if *last == "" || *last == strconv.FormatInt(Earliest, 10) || o.Forgotten == ForgottenFails {
		return false
	}
	*last = ""
	if o.Forgotten == ForgottenEarliest {
		*last = strconv.FormatInt(Earliest, 10)
	}
	return true
}

// follow reads one stream to its end, from the event with the id last on, and notes
// the id of each; heard tells whether there was one, and tell is told of messages that
// were dropped.
func (t *longPolling) follow(ctx context.Context, last *string, handler Handler, tell func(error)) (heard bool, err error) {
	resp, err := t.getStream(ctx, t.url, *last)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	return true, readEvents(resp.Body, t.limit, func(e event) error {
		messages, err := decode(e.data)
		for _, m := range messages {
			if m.Successful == nil {
				handler(m.delivery(true))
			} else if e := dropped(m.Ext); e != nil {
				tell(e)
			}
		}
		if e.id != "" {
			*last = e.id
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
