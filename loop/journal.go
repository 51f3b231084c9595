package loop

import (
	"io"
	"log/slog"
	"sync"
	"time"

	"halley/bayeux/history"
)

// journalSync says when the journal's file is made safe from a crash of the
// machine. From one of the process it is safe before a publish is acknowledged,
// whatever this says.
type journalSync string

const (
	syncAlways   journalSync = "always"   // before a publish is acknowledged
	syncInterval journalSync = "interval" // once a second
	syncNever    journalSync = "never"    // when the system pleases
)

// journalOptions are what a journal is told.
type journalOptions struct {
	path    string
	sync    journalSync
	most    int // bytes that may wait to be written
	log     *slog.Logger
	trouble func(why string) // told why nothing can be written; empty: it can again
	// image hands the parts of what is remembered to put, with the events up to a
	// number. Whatever stored was called for is in it.
	image func(upto int64, put func(history.Image))
}

// journal is the file that the history survives a restart by: records, one after
// the other. The torn record at the end, which a crash leaves, is cut off; events
// that are forgotten go when they are more than those that are not.
//
// What cannot be written is cut off as well, and answered with an error: it is not in
// the file. Until the file can be written again everything is answered so.
type journal struct {
	journalOptions
	now func() time.Time

	// Only run touches these.
	file     disk
	target   string // the file's own name, if path is a link
	size     int64  // of what the file has that is whole and answered for
	written  int    // events in it
	last     int64  // the number of the last one
	dirty    bool   // what was written is not synced
	synced   time.Time
	syncing  chan error // brings the end of the sync under way; nil: none is
	filling  *filling   // the file that is to take the place of this one; nil: none is
	wanted   bool       // one is
	stale    bool       // the file may lack what was answered for: it must be written anew
	begun    time.Time
	pause    time.Duration // until the next attempt to write the file anew
	nextTry  time.Time
	lastSize int // of what could not be written

	damaged bool // records in the middle of it were broken
	old     bool // it has no magic number

	mu      sync.Mutex
	wake    sync.Cond
	buffer  []byte        // records to write
	waiting []func(error) // for them
	newest  int64         // the number of the last event
	anew    bool          // the file is to be written anew
	due     bool          // the file is to be looked after, and synced
	came    bool          // something that was under way has ended
	pending int           // events in buffer
	events  int           // in the file, and on their way there
	failure error         // why nothing can be written
	counts  journalCounts
	ended   bool
	done    chan struct{}
}

// journalCounts are what a journal counts.
type journalCounts struct {
	refused, rewrites, rewriteErrors uint64
}

// disk is what a journal does to its file.
type disk interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

// compactLeast is how many events the file has before it is written anew.
const compactLeast = 10_000

// append adds events that are written together or not at all; stored is called, on
// another goroutine, when they are as safe as was asked for or cannot be. Where too
// much waits, or nothing is written any more, it is called at once.
func (j *journal) append(entries []history.Entry, stored func(error)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.ended:
		stored(ErrClosed)
		return
	case len(j.buffer) > j.most:
		stored(ErrBusy)
		return
	}
	for _, e := range entries {
		j.buffer = appendRecord(j.buffer, record{recordEvent, e})
		j.newest = e.ID
	}
	j.waiting = append(j.waiting, stored)
	j.pending += len(entries)
	j.events += len(entries)
	j.wake.Signal()
}

// note adds a record that nobody waits for.
func (j *journal) note(kind recordKind, id int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.buffer = appendRecord(j.buffer, record{kind, history.Entry{ID: id}})
	j.wake.Signal()
}

// bloated tells whether most of the file is forgotten, of which so many events are
// left.
func (j *journal) bloated(left int) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.events >= compactLeast && j.events >= 2*left && !j.anew
}

// compact has the file written anew with what is known now alone.
func (j *journal) compact() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.anew = true
	j.wake.Signal()
}

// beat has the file looked after, once a second.
func (j *journal) beat() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.due = true
	j.wake.Signal()
}

// usage tells what was counted, and whether nothing can be written.
func (j *journal) usage() (counts journalCounts, failing bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.counts, j.failure != nil
}

// run is the only one to write to the file. It writes what is appended: all that
// came while the last write went on, with one write and, if asked for, one sync. What
// is to take the place of the file is filled meanwhile, and so goes a sync that nobody
// waits for: they keep no event.
func (j *journal) run() {
	defer close(j.done)
	for {
		work, more := j.take()
		if !more {
			return
		}
		if work.came {
			j.endSync()
			j.install()
		}
		if work.due {
			j.look()
		}
		if j.wanted = j.wanted || work.anew; j.wanted && j.failed() == nil {
			j.beginAnew()
		}
		j.answer(&work, j.write(&work))
	}
}

// answer tells those who wait whether what they appended is written.
func (j *journal) answer(w *work, err error) {
	if err != nil {
		j.mu.Lock()
		j.counts.refused += uint64(len(w.waiting))
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
	anew    bool
	due     bool
	came    bool
}

// take waits for work; more is false when there will be none.
func (j *journal) take() (w work, more bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for len(j.buffer) == 0 && !j.anew && !j.due && !j.came && !(j.ended && j.filling == nil) {
		j.wake.Wait()
	}
	w = work{j.buffer, j.waiting, j.pending, j.newest, j.anew, j.due, j.came}
	j.buffer, j.waiting, j.pending, j.anew, j.due, j.came = nil, nil, 0, false, false, false
	return w, len(w.buffer) > 0 || w.anew || w.due || w.came
}

// write writes to the file, and syncs it when that is to be. What fails is not in
// the file.
func (j *journal) write(w *work) error {
	if err := j.failed(); err != nil {
		return err
	}
	if len(w.buffer) > 0 {
		j.dirty = true
		if _, err := j.file.WriteAt(w.buffer, j.size); err != nil {
			j.lastSize = len(w.buffer)
			return j.fail(err)
		}
	}
	if j.dirty && j.sync == syncAlways {
		if err := j.file.Sync(); err != nil {
			return j.unsure(err)
		}
		j.dirty = false
	}
	j.size += int64(len(w.buffer))
	j.written += w.events
	j.last = max(j.last, w.last)
	if j.sync == syncInterval && (w.due || j.now().Sub(j.synced) >= time.Second) {
		j.beginSync()
	}
	return nil
}

// beginSync syncs what is written, unless that is under way.
func (j *journal) beginSync() {
	if !j.dirty || j.syncing != nil {
		return
	}
	j.dirty, j.synced = false, j.now()
	file, ended := j.file, make(chan error, 1)
	j.syncing = ended
	go func() {
		ended <- file.Sync()
		j.tell()
	}()
}

// tell wakes run, since something that was under way has ended.
func (j *journal) tell() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.came = true
	j.wake.Signal()
}

// endSync looks how the sync under way went, if it has ended.
func (j *journal) endSync() {
	select {
	case err := <-j.syncing:
		j.syncing = nil
		if j.stale = j.stale || err != nil; err != nil && j.failed() == nil {
			j.fail(err)
		}
	default:
	}
}

// awaitSync waits for the sync under way. How it went is no matter for a file that goes.
func (j *journal) awaitSync() {
	if j.syncing != nil {
		<-j.syncing
		j.syncing = nil
	}
}

// unsure is fail for a sync: nobody knows what of it, and of what was written before, is
// on the disk.
func (j *journal) unsure(err error) error {
	j.stale = true
	return j.fail(err)
}

// failed is why nothing can be written.
func (j *journal) failed() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.failure
}

func (j *journal) setFailure(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failure = err
}

// fail cuts off what was not written, or not for certain, and tells that nothing can
// be written.
func (j *journal) fail(err error) error {
	if cut := j.file.Truncate(j.size); cut != nil {
		j.stale = true
	}
	j.begun = j.now()
	j.setFailure(err)
	j.trouble(err.Error())
	j.log.Error("the history file cannot be written: until it can, what is published to channels with a history is refused", "file", j.path, "error", err)
	return err
}

// look looks after the file: whether it can be written again, and whether it is still
// there.
func (j *journal) look() {
	failure := j.failed()
	switch {
	case failure == nil && j.missing():
		j.log.Error("the history file was deleted or replaced: it is written anew", "file", j.path)
		j.stale = true
		if err := j.renew(); err != nil {
			j.fail(err)
		}
	case failure == nil:
	case j.stale && j.renew() == nil, !j.stale && j.probe() == nil:
		j.setFailure(nil)
		j.trouble("")
		j.log.Info("the history file can be written again", "file", j.path, "after", j.now().Sub(j.begun).Round(time.Millisecond))
	}
}

// probe finds out whether the file can be written: as much as could not, before.
func (j *journal) probe() error {
	_, err := j.file.WriteAt(make([]byte, min(max(j.lastSize, probeLeast), probeMost)), j.size)
	if err == nil {
		err = j.file.Sync()
	}
	if cut := j.file.Truncate(j.size); cut != nil {
		j.stale = true
		return cut
	}
	return err
}

const (
	probeLeast = 64 << 10 // bytes
	probeMost  = 1 << 20
)

// close writes what is left.
func (j *journal) close() error {
	j.mu.Lock()
	j.ended = true
	j.wake.Signal()
	j.mu.Unlock()
	<-j.done
	return j.end()
}
