package loop

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

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

// journal is the file that the history survives a restart by: records, one after
// the other. The torn record at the end, which a crash leaves, is cut off; events
// that are forgotten go when they are more than those that are not.
type journal struct {
	path    string
	sync    journalSync
	file    disk
	dirty   bool // what was written is not synced
	synced  time.Time
	failure error // the first one of the file's
	damaged bool  // records in the middle of it were broken
	image   imageFunc

	mu      sync.Mutex
	wake    sync.Cond
	buffer  []byte        // records to write
	waiting []func(error) // for them
	anew    bool          // the file is to be written anew
	due     bool          // a sync is
	events  int           // in the file and the buffer
	ended   bool
	done    chan struct{}
}

// imageFunc hands the parts of what is remembered to put. Nothing that is appended is
// remembered meanwhile.
type imageFunc func(put func(history.Image))

// disk is what a journal does to its file.
type disk interface {
	io.Writer
	Sync() error
	Close() error
}

// compactLeast is how many events the file has before it is written anew.
const compactLeast = 10_000

// openJournal reads the file at path, which is made if it does not exist, and
// calls load with each of its records. An event that is there twice is loaded once.
func openJournal(path string, sync journalSync, load func(record), image imageFunc) (*journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("--history-file: %w", err)
	}
	j := &journal{path: path, sync: sync, file: file, image: image, done: make(chan struct{})}
	j.wake.L = &j.mu
	err = lock(file)
	if err == nil {
		err = errors.Join(j.load(file, load), j.syncFolder())
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("--history-file %s: %w", path, err)
	}
	go j.run()
	return j, nil
}

// lock keeps other servers from the file as long as it is open.
func lock(file *os.File) error {
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("another server uses it: %w", err)
	}
	return nil
}

// load reads the file and cuts off what is torn.
func (j *journal) load(file *os.File, load func(record)) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	last := int64(0)
	end, damaged, err := readRecords(file, info.Size(), func(r record) {
		if r.kind == recordEvent {
			if j.events++; r.ID <= last {
				return
			}
			last = r.ID
		}
		load(r)
	})
	if err != nil {
		return err
	}
	j.damaged = damaged
	if err := file.Truncate(end); err != nil {
		return err
	}
	_, err = file.Seek(end, io.SeekStart)
	return err
}

// syncFolder makes the file's name safe. Not every file system can.
func (j *journal) syncFolder() error {
	if j.sync != syncAlways {
		return nil
	}
	folder, err := os.Open(filepath.Dir(j.path))
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

// append adds an event; stored is called, on another goroutine, when it is as
// safe as was asked for.
func (j *journal) append(e history.Entry, stored func(error)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.buffer = appendRecord(j.buffer, record{recordEvent, e})
	j.waiting = append(j.waiting, stored)
	j.events++
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

// beat syncs what was written last, as syncInterval promises.
func (j *journal) beat() {
	if j.sync != syncInterval {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.due = true
	j.wake.Signal()
}

// run is the only one to touch the file. It writes what is appended: all that
// came while the last write went on, with one write and, if asked for, one sync.
func (j *journal) run() {
	defer close(j.done)
	for {
		work, more := j.take()
		if !more {
			return
		}
		if work.anew {
			j.rewrite()
		}
		err := j.write(work.buffer, work.due)
		for _, stored := range work.waiting {
			stored(err)
		}
	}
}

// work is what run does next.
type work struct {
	buffer  []byte
	waiting []func(error)
	anew    bool
	due     bool
}

// take waits for work; more is false when there will be none.
func (j *journal) take() (w work, more bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for len(j.buffer) == 0 && !j.anew && !j.due && !j.ended {
		j.wake.Wait()
	}
	w = work{j.buffer, j.waiting, j.anew, j.due}
	j.buffer, j.waiting, j.anew, j.due = nil, nil, false, false
	return w, len(w.buffer) > 0 || w.anew || w.due
}

// write writes to the file, and syncs it when that is to be. After a failure
// nothing more is written: a hole in the middle would be a gap that nobody knows.
func (j *journal) write(buffer []byte, due bool) error {
	if j.failure != nil {
		return j.failure
	}
	if len(buffer) > 0 {
		j.dirty = true
		_, j.failure = j.file.Write(buffer)
	}
	due = due || j.sync == syncAlways || j.sync == syncInterval && time.Since(j.synced) >= time.Second
	if j.failure == nil && j.dirty && due {
		j.failure = j.file.Sync()
		j.dirty, j.synced = false, time.Now()
	}
	return j.failure
}

// rewrite replaces the file by one of what image has. Events that wait to be
// written may be in it: the second copy is passed over when it is read. If anything
// fails, the old file goes on.
func (j *journal) rewrite() {
	if j.failure != nil {
		return
	}
	next, err := os.CreateTemp(filepath.Dir(j.path), filepath.Base(j.path)+".*")
	if err != nil {
		return
	}
	out := bufio.NewWriterSize(next, 1<<20)
	events := 0
	j.image(func(part history.Image) {
		writeImage(out, &part)
		events += len(part.Entries)
	})
	err = errors.Join(out.Flush(), next.Sync(), next.Chmod(0o644), lock(next))
	if err == nil {
		err = os.Rename(next.Name(), j.path)
	}
	if err != nil {
		next.Close()
		os.Remove(next.Name())
		return
	}
	j.file.Close()
	j.file, j.dirty = next, false
	j.failure = j.syncFolder()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = events // and those that came meanwhile, which is no matter
}

// writeImage writes an image as records, which are read in this order: what is gone
// must come after the events, for it is said of channels that have none.
func writeImage(out io.Writer, image *history.Image) {
	var data []byte
	write := func(kind recordKind, e history.Entry) {
		data = appendRecord(data[:0], record{kind, e})
		out.Write(data)
	}
	write(recordAll, history.Entry{ID: image.Floor})
	for _, f := range image.Floors {
		write(recordFloor, history.Entry{ID: f.ID, Channel: f.Channel})
	}
	for _, e := range image.Entries {
		write(recordEvent, e)
	}
	write(recordGone, history.Entry{ID: image.Gone})
	write(recordLast, history.Entry{ID: image.Last})
}

// close writes what is left.
func (j *journal) close() error {
	j.mu.Lock()
	j.ended = true
	j.wake.Signal()
	j.mu.Unlock()
	<-j.done
	return errors.Join(j.failure, j.file.Sync(), j.file.Close())
}
