package reload

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// fake is a part that says what it is told to, and tells of each reload.
type fake struct {
	files    []string
	changed  []string
	err      error
	reloaded chan string // the first file's text
}

func (f *fake) Name() string    { return "fake" }
func (f *fake) Files() []string { return f.files }

func (f *fake) Reload() ([]string, error) {
	if len(f.files) > 0 {
		text, _ := os.ReadFile(f.files[0])
		f.reloaded <- string(text)
	}
	return f.changed, f.err
}

// deadline bounds every wait of these tests; it is long because machines are busy.
const deadline = time.Minute

// page is a log that several goroutines may write.
type page struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *page) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// The log says of each part what has changed, what could not be read, or that nothing is different.
func TestReloadIsLogged(t *testing.T) {
	for _, tt := range []struct {
		part  fake
		lines []string
	}{
		{fake{}, []string{"level=INFO msg=\"read again, and nothing has changed\" part=fake"}},
		{fake{changed: []string{"a", "b"}}, []string{"level=INFO msg=changed part=fake what=a", "level=INFO msg=changed part=fake what=b"}},
		{fake{changed: []string{"a"}, err: errors.New("b is bad")}, []string{"msg=changed part=fake what=a", "level=ERROR", "error=\"b is bad\""}},
	} {
		var log page
		p := New(slog.New(slog.NewTextHandler(&log, nil)), &tt.part, nil)
		p.Reload()
		for _, line := range tt.lines {
			if !strings.Contains(log.String(), line) {
				t.Errorf("%+v: no %q in %s", tt.part, line, log.String())
			}
		}
	}
}

// A named pipe in a file's place, of which nobody may ever write, keeps no reload waiting.
func TestPipesAreNotRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "keys")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	var log page
	part := &fake{files: []string{name}, reloaded: make(chan string, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		New(slog.New(slog.NewTextHandler(&log, nil)), part).Reload()
	}()
	select {
	case <-done:
	case <-time.After(deadline):
		_ = os.WriteFile(name, nil, 0o600) // lets the reader go
		t.Fatal("the reload waits for the pipe")
	}
	if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), name) {
		t.Errorf("the log has no word of it: %s", log.String())
	}
}

// await waits until the part has read text; a slow machine may have it read the beginning before.
func await(t *testing.T, c chan string, text string) {
	t.Helper()
	limit := time.After(deadline)
	for {
		select {
		case got := <-c:
			if got == text {
				return
			}
		case <-limit:
			t.Fatalf("%q is not read", text)
		}
	}
}

// A part reads again when its file is written, replaced, goes and comes again, or a link of it leads elsewhere.
func TestWatchedFiles(t *testing.T) {
	dir := t.TempDir()
	name, other := filepath.Join(dir, "link"), filepath.Join(dir, "other")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(other, "one")
	if err := os.Symlink(other, name); err != nil {
		t.Fatal(err)
	}
	part := &fake{files: []string{name, filepath.Join(dir, "absent")}, reloaded: make(chan string)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		New(slog.New(slog.DiscardHandler), part, &fake{}).Watch(ctx, time.Millisecond)
	}()
	await(t, part.reloaded, "one")
	write(other, "two2")
	await(t, part.reloaded, "two2")
	third := filepath.Join(dir, "third")
	write(third, "3333")
	if err := os.Rename(third, other); err != nil {
		t.Fatal(err)
	}
	await(t, part.reloaded, "3333")
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	await(t, part.reloaded, "")
	write(filepath.Join(dir, "fourth"), "four")
	for _, err := range []error{os.Symlink(filepath.Join(dir, "fourth"), name+".new"), os.Rename(name+".new", name)} { // at once, and so read once
		if err != nil {
			t.Fatal(err)
		}
	}
	await(t, part.reloaded, "four")
	select {
	case text := <-part.reloaded:
		t.Errorf("read again without a change: %q", text)
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	<-done
}

// What changes between two looks is not read before it has come to rest.
func TestUnsettledFilesAreNotRead(t *testing.T) {
	var l look
	a, b := []mark{{size: 1}}, []mark{{size: 2}}
	for i, step := range []struct {
		now []mark
		due bool
	}{{a, false}, {a, true}, {a, false}, {b, false}, {a, false}, {a, false}, {b, false}, {b, true}, {b, false}, {[]mark{{}}, false}, {[]mark{{}}, true}} {
		if due := l.settled(step.now); due != step.due {
			t.Errorf("step %d: %v", i, due)
		}
	}
}

// Without files there is nothing to watch.
func TestWatchWithoutFilesReturns(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		New(slog.New(slog.DiscardHandler), &fake{}).Watch(t.Context(), time.Hour)
	}()
	select {
	case <-done:
	case <-time.After(deadline):
		t.Fatal("it goes on")
	}
}
