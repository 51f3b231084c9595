// Proved by TestOpen.

package feed

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
)

// Synthetic is the file name that stands for a generated day of trades.
const Synthetic = "synthetic"

// Open opens a feed, plain or compressed by gzip. The name Synthetic stands
// for a generated day, "-" for standard input.
func Open(name string, stdin io.Reader) (io.ReadCloser, error) {
	switch name {
	case Synthetic:
		return io.NopCloser(Trades(1)), nil
	case "-":
		return decompress(io.NopCloser(stdin))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	r, err := decompress(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// decompress looks at the first bytes, since a name may lie.
func decompress(f io.ReadCloser) (io.ReadCloser, error) {
	b := bufio.NewReaderSize(f, 64<<10)
	if magic, _ := b.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return file{b, f}, nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, err
	}
	return file{z, f}, nil
}

type file struct {
	io.Reader
	io.Closer
}
