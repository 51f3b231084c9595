package internalhttp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/sync/semaphore"

	"halley/loop"
)

// bodies bounds what the bodies of publishes take together: while they come, and
// while they are worked on, when each takes many times its length.
type bodies struct {
	max     int                   // of one
	short   func(bytes int) error // says that there is no memory to spare, or notes that so much is about to be taken
	timeout time.Duration
	mu      sync.Mutex
	free    int // bytes that may come yet
	work    *semaphore.Weighted
}

// bodiesComing is how many of the longest bodies may come at once.
const bodiesComing = 2

// mostDiscarded is how many bytes of a body that is too long are read all the same.
const mostDiscarded = 64 << 20

func newBodies(max int, timeout time.Duration, short func(bytes int) error) *bodies {
	return &bodies{max: max, short: short, timeout: timeout, free: bodiesComing * max, work: semaphore.NewWeighted(int64(max))}
}

// errBodies says that too many bodies are being read or worked on.
var errBodies = errors.New("too many publishes at once: try again later")

// read reads the body of a request, for which room is taken as it comes. The caller
// calls done when it has worked on it.
func (b *bodies) read(ctx *fasthttp.RequestCtx) (body []byte, done func(), err error) {
	stream := ctx.RequestBodyStream()
	switch {
	case stream == nil: // no body at all
		return nil, func() {}, nil
	case ctx.Request.Header.ContentLength() > b.max:
		ctx.Conn().SetReadDeadline(time.Now().Add(b.timeout))
		io.Copy(io.Discard, io.LimitReader(stream, mostDiscarded)) // else its client would not see the answer
		return nil, nil, fasthttp.ErrBodyTooLarge
	}
	ctx.Conn().SetReadDeadline(time.Now().Add(b.timeout))
	work := 0
	if body, err = b.collect(stream, ctx.Request.Header.ContentLength()); err == nil {
		if work = b.worth(body); len(ctx.Request.Header.ContentEncoding()) > 0 {
			work = b.max // what it may decode to
		}
		err = b.begin(work)
	}
	if err != nil {
		b.give(cap(body))
		if errors.Is(err, errBodies) || errors.Is(err, loop.ErrBusy) {
			io.Copy(io.Discard, io.LimitReader(stream, int64(b.max))) // else its client would not see the answer
		}
		return nil, nil, err
	}
	return body, func() { b.done(cap(body), work) }, nil
}

// collect reads a body to its end, of the length that was announced, if any. Room for it
// grows as it comes: quickly, or most of the memory would go to what it is copied from.
// Where memory gets short meanwhile, no more of it is read.
func (b *bodies) collect(stream io.Reader, length int) (body []byte, err error) {
	for {
		if len(body) == cap(body) {
			room := min(max(2*cap(body), leastBody), b.max+1)
			switch {
			case length >= room:
				room = min(length+1, growth*room) // one more finds the end
			case length >= 0:
				room = length + 1
			}
			if room == cap(body) {
				return body, fasthttp.ErrBodyTooLarge
			}
			if err := b.short(room); err != nil {
				return body, err
			}
			if !b.take(room - cap(body)) {
				return body, errBodies
			}
			body = append(make([]byte, 0, room), body...)
		}
		n, err := stream.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case errors.Is(err, io.EOF) && len(body) > b.max:
			return body, fasthttp.ErrBodyTooLarge
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return body, err
		}
	}
}

// leastBody is the room that a body begins with whose length is not known.
const leastBody = 8 << 10

// growth is how many times as much room a body is given whose length is known, beside
// the usual double.
const growth = 8

func (b *bodies) take(n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.free < n {
		return false
	}
	b.free -= n
	return true
}

func (b *bodies) give(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free += n
}

// messageWork is about how many bytes a message takes beside its text while its body is
// worked on.
const messageWork = 200

// worth is what a body takes while it is worked on: many short messages take more than
// their text.
func (b *bodies) worth(body []byte) int {
	return min(b.max, len(body)+messageWork*messagesIn(body))
}

// messagesIn is about how many messages a body has, and no less, unless it escapes their fields' names. The first letter of what
// is looked for is rare, which takes a quarter of the time.
func messagesIn(body []byte) int { return bytes.Count(body, []byte(`hannel"`)) }

// begin waits for the turn of a body that is worth so much: all that are worked on are
// together not worth more than the longest. None is worked on if memory got short while it
// waited.
func (b *bodies) begin(worth int) error {
	if !b.work.TryAcquire(int64(worth)) && !b.await(worth) {
		return errBodies
	}
	if err := b.short(worth); err != nil {
		b.work.Release(int64(worth))
		return err
	}
	return nil
}

// await waits for others to have done so much.
func (b *bodies) await(worth int) bool {
	wait, cancel := context.WithTimeout(context.Background(), b.timeout)
	defer cancel()
	return b.work.Acquire(wait, int64(worth)) == nil
}

// done gives back the room of a body and its share of the work.
func (b *bodies) done(room, work int) {
	b.work.Release(int64(work))
	b.give(room)
}
