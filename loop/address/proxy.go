// Proved by TestProxyHeaders, TestProxyHeadersInPieces and FuzzProxyHeader.

package address

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"

	"github.com/pires/go-proxyproto"
)

// ProxyReader reads headers of the PROXY protocol, versions 1 and 2. It belongs to one loop. The zero ProxyReader is ready.
type ProxyReader struct {
	text   bytes.Reader
	reader *bufio.Reader
}

const (
	longestV1 = 107 // bytes, with the end of the line
	lengthAt  = 14  // of version 2: where the length of what follows the first 16 bytes stands
	headV2    = 16
)

// ErrProxyHeader means that a connection does not begin with a header of the PROXY protocol.
var ErrProxyHeader = errors.New("no header of the PROXY protocol")

// Read reads the header at the start of buf, of n bytes. source is the client that it names, and not valid where the proxy
// speaks for itself, as its health checks do, or names nobody. n is 0 while buf holds only a part of a header.
func (r *ProxyReader) Read(buf []byte) (source netip.AddrPort, n int, err error) {
	n, err = headerLength(buf)
	if n == 0 || err != nil {
		return source, 0, err
	}
	r.text.Reset(buf[:n])
	if r.reader == nil {
		r.reader = bufio.NewReaderSize(&r.text, longestV1)
	}
	r.reader.Reset(&r.text)
	header, err := proxyproto.Read(r.reader)
	if err != nil {
		return source, 0, err
	}
	if left := r.reader.Buffered() + r.text.Len(); left > 0 {
		return source, 0, ErrProxyHeader
	}
	if from, ok := header.SourceAddr.(*net.TCPAddr); ok && !header.Command.IsLocal() {
		source = unmapped(from.AddrPort())
	}
	return source, n, nil
}

// headerLength is how many bytes the header at the start of buf has, 0 while that is not known.
func headerLength(buf []byte) (int, error) {
	switch {
	case begins(buf, proxyproto.SIGV1):
		line := buf[:min(len(buf), longestV1)]
		end := bytes.IndexByte(line, '\n')
		if end < 0 && len(line) == longestV1 {
			return 0, ErrProxyHeader
		}
		return end + 1, nil
	case begins(buf, proxyproto.SIGV2):
		if len(buf) < headV2 {
			return 0, nil
		}
		rest := int(binary.BigEndian.Uint16(buf[lengthAt:]))
		if rest > int(proxyproto.MaxV2HeaderSize) {
			return 0, ErrProxyHeader
		}
		if len(buf) < headV2+rest {
			return 0, nil
		}
		return headV2 + rest, nil
	}
	return 0, ErrProxyHeader
}

// begins tells whether buf begins with signature, as far as it has come.
func begins(buf, signature []byte) bool {
	n := min(len(buf), len(signature))
	return bytes.Equal(buf[:n], signature[:n])
}
