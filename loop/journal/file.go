// Package journal is the file by which the history of channels survives a restart. One goroutine writes it; whatever
// is appended meanwhile shares its next write.
package journal

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"halley/bayeux/history"
)

// ErrBusy means that more waits for the disk than may.
var ErrBusy = errors.New("too much waits for the disk")

// ErrClosed means that the file was closed.
var ErrClosed = errors.New("the history file is closed")

// Sync says when the file is made safe from a crash of the machine. From one of the
// process it is safe before a publish is acknowledged, whatever this says.
type Sync string

// When the file is made safe.
const (
	Always   Sync = "always"   // before a publish is acknowledged
	Interval Sync = "interval" // once a second
	Never    Sync = "never"    // when the system pleases
)

// Options say where a file is and how it is written.
type Options struct {
	Path    string
	Sync    Sync             // when the file is safe from a crash of the machine
	Most    int              // bytes that may wait to be written
	Log     *slog.Logger     // for faults of the file, and their end
	Trouble func(why string) // told why nothing can be written; empty: it can again
	// Image hands the parts of what is remembered to put, with the events up to a
	// number. Whatever stored was called for is in it.
	Image func(upto int64, put func(history.Image))
	// Disk, if it is not nil, returns what stands between the journal and its file: a
	// disk that fails, in tests.
	Disk func(*os.File) Disk
}

// File is the file that the history survives a restart by: records, one after
// the other. The torn record at the end, which a crash leaves, is cut off; events
// that are forgotten go when they are more than those that are not.
//
// What cannot be written is cut off as well, and answered with an error: it is not in
// the file. Until the file can be written again everything is answered so.
type File struct {
	options Options
	now     func() time.Time

	// Only run touches these.
	file     Disk
	target   string // the file's own name, if path is a link
	size     int64  // of what the file has that is whole and answered for
	written  int    // events in it
	last     int64  // the number of the last one
	state    state
	synced   time.Time
	syncing  chan error // brings the end of the sync under way; nil: none is
	filling  *filling   // the file that is to take the place of this one; nil: none is
	wanted   bool       // one is
	begun    time.Time
	pause    time.Duration // until the next attempt to write the file anew
	nextTry  time.Time
	lastSize int // of what could not be written

	Found

	mu      sync.Mutex
	wake    sync.Cond
	buffer  []byte        // records to write
	waiting []func(error) // for them
	newest  int64         // the number of the last event
	calls   calls         // for run
	pending int           // events in buffer
	events  int           // in the file, and on their way there
	failure error         // why nothing can be written
	counts  Counts
	ended   bool
	done    chan struct{}
}

// state is how far the file can be trusted.
type state uint8

const (
	safe  state = iota // what was written is synced
	dirty              // some of it is not
	stale              // it may lack what was answered for, and must be written anew: until then nothing can be written
)

// Found is how the file was when it was opened.
type Found struct {
	Damaged bool // records in the middle of it were broken
	Old     bool // it has no magic number
}

// calls are reasons for run to work, beside records to write.
type calls struct {
	anew bool // the file is to be written anew
	due  bool // the file is to be looked after, and synced
	came bool // something that was under way has ended
}

// Counts are what a journal counts.
type Counts struct {
	Refused       uint64 `metric:"history_refused_total" help:"Publishes refused since the history file could not be written."`
	Rewrites      uint64 `metric:"history_rewrites_total" help:"Times that the history file was written anew."`
	RewriteErrors uint64 `metric:"history_rewrite_errors_total" help:"Times that this failed."`
	Events        int    // in the file, and on their way there
}

// Disk is what a journal does to its file.
type Disk interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

// compactLeast is how many events the file has before it is written anew.
const compactLeast = 10_000

// Append adds events that are written together or not at all; stored is called, on
// another goroutine, when they are as safe as was asked for or cannot be. Where too
// much waits, or nothing is written any more, it is called at once.
func (j *File) Append(entries []history.Entry, stored func(error)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.ended:
		stored(ErrClosed)
		return
	case len(j.buffer) > j.options.Most:
		stored(ErrBusy)
		return
	}
	for _, e := range entries {
		j.buffer = appendRecord(j.buffer, Record{Event, e})
		j.newest = e.ID
	}
	j.waiting = append(j.waiting, stored)
	j.pending += len(entries)
	j.events += len(entries)
	j.wake.Signal()
}

// Note adds a record that nobody waits for.
func (j *File) Note(kind Kind, id int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.buffer = appendRecord(j.buffer, Record{kind, history.Entry{ID: id}})
	j.wake.Signal()
}

// Bloated tells whether most of the file is forgotten, of which so many events are
// left.
func (j *File) Bloated(left int) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.events >= compactLeast && j.events >= 2*left && !j.calls.anew
}

// Compact has the file written anew with what is known now alone.
func (j *File) Compact() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls.anew = true
	j.wake.Signal()
}

// LookAfter has the file looked after: it is to be called once a second.
func (j *File) LookAfter() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls.due = true
	j.wake.Signal()
}

// Usage tells what was counted, and whether nothing can be written.
func (j *File) Usage() (counts Counts, failing bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	counts = j.counts
	counts.Events = j.events
	return counts, j.failure != nil
}

// run is the only one to write to the file. It writes what is appended: all that
// came while the last write went on, with one write and, if asked for, one sync. What
// is to take the place of the file is filled meanwhile, and so goes a sync that nobody
// waits for: they keep no event.
func (j *File) run() {
	defer close(j.done)
	for {
		work, more := j.take()
		if !more {
			return
		}
		j.wanted = j.wanted || work.anew // while one is being filled that is the one
		if work.came {
			j.endSync()
			j.install()
		}
		if work.due {
			j.look()
		}
		if j.wanted && j.failed() == nil {
			j.beginAnew()
		}
		j.answer(&work, j.write(&work))
	}
}

// answer tells those who wait whether what they appended is written.
func (j *File) answer(w *work, err error) {
	if err != nil {
		j.mu.Lock()
		j.counts.Refused += uint64(len(w.waiting))
		j.events -= w.events
		j.mu.Unlock()
	}
	for _, stored := range w.waiting {
		stored(err)
	}
}

// work is what run does next.
type work struct {
	buffer  []byte
	waiting []func(error)
	events  int   // in buffer
	last    int64 // the number of the last one
	calls
}

// take waits for work; more is false when there will be none.
func (j *File) take() (w work, more bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for len(j.buffer) == 0 && j.calls == (calls{}) && !(j.ended && j.filling == nil) {
		j.wake.Wait()
	}
	w = work{j.buffer, j.waiting, j.pending, j.newest, j.calls}
	j.buffer, j.waiting, j.pending, j.calls = nil, nil, 0, calls{}
	return w, len(w.buffer) > 0 || w.calls != (calls{})
}

// write writes to the file, and syncs it when that is to be. What fails is not in
// the file.
func (j *File) write(w *work) error {
	if err := j.failed(); err != nil {
		return err
	}
	if len(w.buffer) > 0 {
		j.state = dirty
		if _, err := j.file.WriteAt(w.buffer, j.size); err != nil {
			j.lastSize = len(w.buffer)
			return j.fail(err)
		}
	}
	if j.state == dirty && j.options.Sync == Always {
		if err := j.file.Sync(); err != nil {
			return j.unsure(err)
		}
		j.state = safe
	}
	j.size += int64(len(w.buffer))
	j.written += w.events
	j.last = max(j.last, w.last)
	if j.options.Sync == Interval && (w.due || j.now().Sub(j.synced) >= time.Second) {
		j.beginSync()
	}
	return nil
}

// beginSync syncs what is written, unless that is under way.
func (j *File) beginSync() {
	if j.state != dirty || j.syncing != nil {
		return
	}
	j.state, j.synced = safe, j.now()
	file, ended := j.file, make(chan error, 1)
	j.syncing = ended
	go func() {
		ended <- file.Sync()
		j.tell()
	}()
}

// tell wakes run, since something that was under way has ended.
func (j *File) tell() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls.came = true
	j.wake.Signal()
}

// endSync looks how the sync under way went, if it has ended.
func (j *File) endSync() {
	select {
	case err := <-j.syncing:
		j.syncing = nil
		if err == nil {
			return
		}
		if j.state = stale; j.failed() == nil {
			j.fail(err)
		}
	default:
	}
}

// awaitSync waits for the sync under way. How it went is no matter for a file that goes.
func (j *File) awaitSync() {
	if j.syncing != nil {
		<-j.syncing
		j.syncing = nil
	}
}

// Close writes what is left.
func (j *File) Close() error {
	j.mu.Lock()
	j.ended = true
	j.wake.Signal()
	j.mu.Unlock()
	<-j.done
	return j.end()
}
