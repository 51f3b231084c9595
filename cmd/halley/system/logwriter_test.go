package system

import (
	"bytes"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// narrow is a pipe for so many parts.
func narrow(t *testing.T, parts int) (reader, writer *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(writer.Fd(), unix.F_SETPIPE_SZ, parts*pipeRoom); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close(); writer.Close() })
	return reader, writer
}

// A line that is longer than the pipe goes whole to whoever reads it.
func TestLogLineLongerThanThePipe(t *testing.T) {
	reader, writer := narrow(t, 2)
	text := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(reader)
		text <- all
	}()
	w := &LogWriter{File: writer, Tell: func(int) {}}
	long := bytes.Repeat([]byte("x"), 5*pipeRoom)
	if _, err := w.Write(long); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	if got := <-text; w.lost == 0 && !bytes.Equal(got, long) {
		t.Errorf("%d bytes of %d", len(got), len(long))
	}
}
