package internalhttp

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"halley/bayeux/message"
	"halley/loop"
	"halley/loop/sequence"
)

// maxKey bounds a dedup key in bytes.
const maxKey = 256

// publish takes one message, an array of them, or one on each line. Nothing of
// a bad body is published.
func (l *Listener) publish(ctx *fasthttp.RequestCtx) {
	raw, done, err := l.bodies.read(ctx)
	if err != nil {
		refuseBody(ctx, err)
		return
	}
	defer done()
	body, err := l.decoded(ctx, raw)
	if err != nil {
		refuseBody(ctx, err)
		return
	}
	items, err := l.parse(body)
	if err != nil {
		refuse(ctx, err)
		return
	}
	k := holder(ctx)
	if bad := forbiddenOf(l.backend, k, items); bad != nil {
		l.gate.forbid(ctx, k, bad)
		return
	}
	ctx.SetUserValue(messagesOf{}, len(items))
	published, duplicates, err := l.publishOnce(items)
	if err != nil {
		refuse(ctx, err)
		return
	}
	if k != nil {
		k.Published(published)
	}
	answer := append(make([]byte, 0, 64), '{')
	if duplicates > 0 {
		answer = append(strconv.AppendInt(append(answer, `"duplicates":`...), int64(duplicates), 10), ',')
	}
	answer = strconv.AppendInt(append(answer, `"published":`...), int64(published), 10)
	replyText(ctx, append(answer, "}\n"...))
}

// refuse answers a publish that did not happen.
func refuse(ctx *fasthttp.RequestCtx, err error) {
	var bad itemError
	switch {
	case errors.As(err, &bad):
		reply(ctx, fasthttp.StatusBadRequest, map[string]any{"error": bad.reason, "index": bad.index})
	case errors.Is(err, loop.ErrTooLarge), errors.Is(err, sequence.ErrTooLarge), errors.Is(err, errTooMany):
		fail(ctx, fasthttp.StatusRequestEntityTooLarge, err.Error())
	case errors.Is(err, loop.ErrBusy), errors.Is(err, loop.ErrClosed):
		unavailable(ctx, err)
	default:
		fail(ctx, fasthttp.StatusInternalServerError, err.Error())
	}
}

// itemError is the first bad message of a body.
type itemError struct {
	index  int
	reason string
}

// Error says which message it is, counted from 0, and why.
func (e itemError) Error() string { return fmt.Sprintf("message %d: %s", e.index, e.reason) }

// parse reads a body by its first byte: an array, one object, or an object on
// each line. The Key of each message is that of its dedup field.
func (l *Listener) parse(body []byte) ([]loop.Publication, error) {
	// Growing the list would take several times as much, and leave it to the collector.
	items := make([]loop.Publication, 0, min(messagesIn(body), l.scanner.MaxMessages))
	if inLines(body, l.options.MaxDepth) {
		return l.parseLines(items, body)
	}
	return l.scan(items, body)
}

// inLines tells whether a body is several lines of JSON: an object may well be
// spread over lines.
func inLines(body []byte, depth int) bool {
	first, rest, ok := bytes.Cut(bytes.TrimSpace(body), []byte("\n"))
	return ok && len(rest) > 0 && first[0] == '{' && message.Valid(first, depth) == nil
}

// errTooMany says that a body has more messages than can wait for a subscriber's
// event loop: each takes far more there than its bytes.
var errTooMany = errors.New("too many messages for --max-mailbox: send them in parts")

// parseLines appends the messages of each line that is not empty.
func (l *Listener) parseLines(items []loop.Publication, body []byte) (all []loop.Publication, err error) {
	for line := range bytes.SplitSeq(body, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if len(items) >= l.scanner.MaxMessages {
			return nil, errTooMany
		}
		if line[0] != '{' {
			return nil, itemError{len(items), "a line must be one object"}
		}
		if items, err = l.scan(items, line); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// scan appends the messages of an object or an array.
func (l *Listener) scan(items []loop.Publication, body []byte) ([]loop.Publication, error) {
	var batch message.Batch
	var bad itemError
	before := len(items)
	begun, err := l.scanner.Each(body, &batch, func(m *message.Message) {
		if bad.reason != "" {
			return // what is no JSON at all goes first
		}
		p, reason := publicationOf(m)
		if bad = (itemError{len(items), reason}); reason == "" {
			items = append(items, p)
		}
	})
	if err != nil {
		var e message.Error
		if errors.As(err, &e) && e.Kind == message.KindTooManyMessages {
			return nil, errTooMany
		}
		return nil, itemError{before + place(err, begun), err.Error() + joined(body, e)}
	}
	if string(bytes.TrimSpace(body)) == "null" { // a batch for Bayeux, here a publisher's mistake
		return nil, itemError{len(items), message.KindNoMessage.String()}
	}
	if bad.reason != "" {
		return nil, bad
	}
	return items, nil
}

// joined helps those whose tool has taken the ends of lines away, as curl's -d does.
func joined(body []byte, e message.Error) string {
	if e.Kind == message.KindSyntax && e.Offset > 0 && e.Offset < len(body) && body[e.Offset] == '{' && body[e.Offset-1] == '}' {
		return ": several messages are an array, or a line each (curl keeps lines with --data-binary)"
	}
	return ""
}

// place is the index of the message at which a scan stopped, after seen of them
// had begun.
func place(err error, seen int) int {
	var e message.Error
	if errors.As(err, &e) && e.Kind == message.KindNoMessage {
		return seen
	}
	return max(0, seen-1)
}

// publicationOf checks one message, or says what is wrong with it.
func publicationOf(m *message.Message) (p loop.Publication, reason string) {
	p = loop.Publication{Channel: m.Channel, Data: m.Data}
	if m.Has&^(message.FieldChannel|message.FieldData) != 0 {
		p.Key, reason = keyOf(m)
	}
	switch {
	case reason != "":
	case m.Wrong&message.FieldChannel != 0:
		reason = "channel must be a string"
	case m.Channel == nil:
		reason = "channel is missing"
	case m.Data == nil:
		reason = "data is missing"
	}
	return p, reason
}

// keyOf is the dedup key of a message, or what is wrong with its fields.
func keyOf(m *message.Message) (dedup, reason string) {
	message.Each(m.Raw, func(key, value []byte) bool {
		switch string(key) {
		case "channel", "data":
		case "dedup":
			if value[0] != '"' || len(value) < 3 || len(value) > maxKey+2 {
				reason = fmt.Sprintf("dedup must be a string of 1 to %d bytes", maxKey)
				return false
			}
			dedup = string(message.AppendUnquoted(nil, value))
		default:
			reason = fmt.Sprintf("unknown field %.40q: a publish has channel, data and dedup", key)
			return false
		}
		return true
	})
	return dedup, reason
}

// publishOnce publishes all items but those whose key is remembered. A body with a key waits for the one before it that has this key,
// so that a repeat which overtakes its first still finds it.
func (l *Listener) publishOnce(items []loop.Publication) (published, duplicates int, err error) {
	c, end := l.keys.begin(items, time.Now())
	sent := false
	defer func() { end(sent) }()
	if err := l.send(c); err != nil {
		return 0, 0, err
	}
	sent = true
	return len(c.batch), len(items) - len(c.batch), nil
}

// choice is what of a body is to be published.
type choice struct {
	batch []loop.Publication
	index []int    // where each was in the body; nil: all of it is to be published
	keys  []string // to remember when it has been published
}

// sift leaves out repeats, of earlier bodies and of this one.
func sift(items []loop.Publication, seen *memory, now time.Time) choice {
	c := choice{batch: make([]loop.Publication, 0, len(items)), index: make([]int, 0, len(items))}
	fresh := make(map[string]bool)
	for i, p := range items {
		if p.Key != "" {
			if fresh[p.Key] || seen.has(p.Key, now) {
				continue
			}
			fresh[p.Key] = true
			c.keys = append(c.keys, p.Key)
		}
		c.batch, c.index = append(c.batch, p), append(c.index, i)
	}
	return c
}

// send publishes what was chosen. A bad channel is named by its place in the
// body.
func (l *Listener) send(c choice) error {
	if len(c.batch) == 0 {
		return nil
	}
	err := l.backend.Publish(c.batch)
	var bad loop.ChannelError
	switch {
	case !errors.As(err, &bad):
		return err
	case c.index == nil:
		return itemError{bad.Index, bad.Reason}
	}
	return itemError{c.index[bad.Index], bad.Reason}
}
