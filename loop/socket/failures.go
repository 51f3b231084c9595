// Proved by TestFailures, TestFirstBytes and TestHandshakeQueue.

package socket

import (
	"crypto/tls"
	"errors"
	"strings"
)

var (
	// ErrPlainHTTP is what Receive returns when the client speaks HTTP without TLS. The plain socket below can answer it.
	ErrPlainHTTP = errors.New("HTTP on a port for TLS")

	// ErrFull is what Receive returns when so many handshakes are under way that none is begun.
	ErrFull = errors.New("too many TLS handshakes are under way")

	errNotHTTP = errors.New("another protocol than HTTP was agreed on")
	errLate    = errors.New("the TLS handshake took too long")
	errLeft    = errors.New("the client has left during the TLS handshake")
	errGarbage = errors.New("the first bytes are not TLS")
	errFlood   = errors.New("too much came during the TLS handshake")
)

// TLSFigures tells of encrypted connections.
type TLSFigures struct {
	Open     int64     `metric:"tls_connections" help:"TLS connections open, of those whose handshake is over."`
	UnderWay int64     `metric:"tls_handshakes_under_way" help:"TLS handshakes begun and not ended, those that wait for a place included."`
	Done     uint64    `metric:"tls_handshakes_total" help:"TLS handshakes that succeeded."`
	Resumed  uint64    `metric:"tls_handshakes_resumed_total" help:"TLS handshakes that resumed an earlier session, of those that succeeded."`
	Failed   ByFailure `metric:"tls_handshakes_failed_total" label:"reason" help:"TLS handshakes that failed, by reason."`
}

// Figures tells what has happened. On a nil Handshakes nothing has.
func (h *Handshakes) Figures() (f TLSFigures) {
	if h == nil {
		return f
	}
	h.mu.Lock()
	f.UnderWay = int64(h.working + h.queue.Len())
	h.mu.Unlock()
	f.Open, f.Done, f.Resumed = h.open.Load(), h.done.Load(), h.resumed.Load()
	for i := range h.failed {
		f.Failed[i] = h.failed[i].Load()
	}
	return f
}

// Failure is why a handshake failed.
type Failure uint8

// Failures, by whose fault they are: the client's time, bytes, certificate or version, or this server's want of places.
const (
	FailedTimeout     Failure = iota // it took too long
	FailedPlainHTTP                  // the client speaks HTTP without TLS
	FailedGarbage                    // the client speaks something else
	FailedCertificate                // one side refused the other's
	FailedProtocol                   // no common version, cipher or application protocol, or messages that are wrong
	FailedLeft                       // the client left
	FailedFull                       // too many were under way
	FailedFlood                      // the client sent too much before its end
	failures
)

// String names the reason.
func (f Failure) String() string {
	return [...]string{"timeout", "plain_http", "garbage", "certificate", "protocol", "left", "full", "flood"}[f]
}

// ByFailure counts handshakes that failed.
type ByFailure [failures]uint64

// Label implements metric.Labels.
func (ByFailure) Label(i int) string { return Failure(i).String() }

// failureOf sorts the errors of handshakes. The alert by which a client refuses a certificate has no type of its own.
func failureOf(err error) Failure {
	var head tls.RecordHeaderError
	switch {
	case err == errLate:
		return FailedTimeout
	case err == ErrPlainHTTP:
		return FailedPlainHTTP
	case err == errLeft:
		return FailedLeft
	case err == ErrFull:
		return FailedFull
	case err == errFlood:
		return FailedFlood
	case err == errGarbage, errors.As(err, &head):
		return FailedGarbage
	case strings.Contains(err.Error(), "certificate"):
		return FailedCertificate
	}
	return FailedProtocol
}
