// Package reload has the parts of a running server read again what they were started with, such as certificates and
// keys: when somebody says so, and when a file of theirs has changed.
package reload

import (
	"fmt"
	"log/slog"
	"os"
	"sync"
)

// Part can read again what it was started with.
type Part interface {
	// Name is what the log calls the part.
	Name() string
	// Files are what the part reads. When one of them changes, it is told to reload; a part without files waits to be
	// told.
	Files() []string
	// Reload says what is different from before, if anything is. What it could not read it keeps as it was, and says so
	// in the error. It runs on any goroutine, but never twice at once.
	Reload() (changed []string, err error)
}

// Parts are the parts of one server.
type Parts struct {
	log  *slog.Logger
	list []Part
	mu   sync.Mutex // held during a reload
}

// New makes Parts of those that are not nil.
func New(log *slog.Logger, list ...Part) *Parts {
	p := &Parts{log: log}
	for _, part := range list {
		if part != nil {
			p.list = append(p.list, part)
		}
	}
	return p
}

// Reload has all parts read again. The log says what has changed, or that nothing has.
func (p *Parts) Reload() {
	for _, part := range p.list {
		if p.reload(part) {
			continue
		}
		p.log.Info("read again, and nothing has changed", "part", part.Name())
	}
}

// noPipe refuses a named pipe in a file's place: whoever opens it waits until somebody writes, and no part would be read
// again meanwhile.
func noPipe(files []string) error {
	for _, name := range files {
		if info, err := os.Stat(name); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
			return fmt.Errorf("%s is a pipe: want a file", name)
		}
	}
	return nil
}

// reload has one part read again. It returns whether the log has a line of it.
func (p *Parts) reload(part Part) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	changed, err := []string(nil), noPipe(part.Files())
	if err == nil {
		changed, err = part.Reload()
	}
	for _, what := range changed {
		p.log.Info("changed", "part", part.Name(), "what", what)
	}
	if err != nil {
		p.log.Error("not changed: what was read before stays in force", "part", part.Name(), "error", err)
	}
	return err != nil || len(changed) > 0
}
