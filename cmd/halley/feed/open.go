package feed

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
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

// Recorded names the recorded feed for tests and benchmarks: $HALLEY_FEED, by
// default ../shared/data/trades-2013-10-07.csv.gz beside the project, and
// Synthetic where that is absent.
func Recorded() string {
	name := os.Getenv("HALLEY_FEED")
	if name == "" {
		name = filepath.Join(root(), "../shared/data/trades-2013-10-07.csv.gz")
	}
	if _, err := os.Stat(name); err != nil {
		return Synthetic
	}
	return name
}

// root is the nearest folder above with a go.mod, or the present one.
func root() string {
	start, err := os.Getwd()
	if err != nil {
		return "."
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return start
		}
	}
}
