package client

import (
	"context"
	"io"
	"sync/atomic"
	"time"
)

// listened is the body of an event-stream that ends with ErrSilent when it has brought
// nothing for a while: a server whose end was never heard of brings nothing for ever.
type listened struct {
	io.ReadCloser
	silence time.Duration
	timer   *time.Timer // runs while a Read waits
	silent  atomic.Bool
	cancel  context.CancelFunc
}

// listenTo wraps a body; cancel makes a Read that waits return.
func listenTo(body io.ReadCloser, silence time.Duration, cancel context.CancelFunc) *listened {
	l := &listened{ReadCloser: body, silence: silence, cancel: cancel}
	l.timer = time.AfterFunc(silence, func() {
		l.silent.Store(true)
		cancel()
	})
	l.timer.Stop()
	return l
}

// Read reads from the body.
func (l *listened) Read(p []byte) (int, error) {
	l.timer.Reset(l.silence)
	n, err := l.ReadCloser.Read(p)
	l.timer.Stop()
	if err != nil && l.silent.Load() {
		err = ErrSilent
	}
	return n, err
}

// Close closes the body.
func (l *listened) Close() error {
	l.timer.Stop()
	defer l.cancel()
	return l.ReadCloser.Close()
}
