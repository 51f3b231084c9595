package system

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// LogWriter writes the log to a file that may be a pipe or a socket whose reader has
// stopped reading. A write would wait for it then, and with the writer an event loop or
// the end of the process: what does not go in time is left out instead, and counted.
type LogWriter struct {
	File *os.File
	Tell func(lost int) // says in the log how many lines were left out, by writing to File

	mu    sync.Mutex
	stuck bool // the last line did not go
	lost  int  // lines
}

const (
	// logPatience is how long a line waits for a reader that has kept up so far.
	logPatience = 20 * time.Millisecond
	// pipeRoom is what goes into a pipe that poll(2) calls writable.
	pipeRoom = 4096
)

// Write implements io.Writer. A line that is left out is no error: slog has no use for it.
func (w *LogWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost > 0 && w.ready() {
		w.Tell(w.lost)
		w.lost = 0
	}
	for rest := line; len(rest) > 0; {
		if w.stuck = !w.ready(); w.stuck {
			w.lost++
			return len(line), nil
		}
		part := rest[:min(len(rest), pipeRoom)]
		if n, err := w.File.Write(part); err != nil {
			return len(line) - len(rest) + n, err
		}
		rest = rest[len(part):]
	}
	return len(line), nil
}

// ready waits until a write does not have to. One that fails at once does not either.
func (w *LogWriter) ready() bool {
	patience := int(logPatience.Milliseconds())
	if w.stuck {
		patience = 0
	}
	raw, err := w.File.SyscallConn()
	if err != nil {
		return true
	}
	ready := true
	raw.Control(func(fd uintptr) {
		for {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, patience)
			if err == unix.EINTR {
				continue
			}
			ready = n > 0 || err != nil
			return
		}
	})
	return ready
}
