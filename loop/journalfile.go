package loop

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"halley/bayeux/history"
)

// A history file begins with its magic number, which has the version of what follows.
// The first version of all has none: it is told by a first record that is whole.
const (
	magicName = "halley history "
	magic     = magicName + "1\n"
)

var (
	errForeign = errors.New("this is no history file; it is left as it is")
	errVersion = errors.New("this history file is of a version that this program does not know; it is left as it is")
	errIsOther = errors.New("this is no regular file")
	errElse    = errors.New("it was written anew, but is not found under its name")
	errLater   = errors.New("writing it anew has failed, and is tried again later")
)

// openJournal reads the file that o names, which is made if it does not exist, and
// calls load with each of its records. An event that is there twice is loaded once.
func openJournal(o journalOptions, load func(record)) (*journal, error) {
	file, err := os.OpenFile(o.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--history-file: %w", err)
	}
	j := &journal{journalOptions: o, now: time.Now, file: file, done: make(chan struct{})}
	j.wake.L = &j.mu
	err = lock(file)
	if err == nil {
		err = errors.Join(j.load(file, load), j.syncFolder())
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("--history-file %s: %w", o.path, err)
	}
	os.Remove(j.place() + rewriting) // what a crash has left
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
	if !info.Mode().IsRegular() {
		return errIsOther
	}
	base, err := j.begin(file, info.Size())
	if err != nil {
		return err
	}
	last := int64(0)
	size := max(info.Size(), base) - base
	end, damaged, err := readRecords(io.NewSectionReader(file, base, size), size, func(r record) {
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
	j.damaged, j.size = damaged, base+end
	return file.Truncate(j.size)
}

// begin finds out where the records of a file of that size begin, and begins a file
// that is empty, or was not yet begun when the power went.
func (j *journal) begin(file *os.File, size int64) (base int64, err error) {
	head := make([]byte, min(size, int64(len(magic))))
	if _, err := file.ReadAt(head, 0); err != nil && notEnd(err) != nil {
		return 0, err
	}
	switch {
	case string(head) == magic:
		return int64(len(magic)), nil
	case bytes.HasPrefix([]byte(magic), head):
		if _, err := file.WriteAt([]byte(magic), 0); err != nil {
			return 0, err
		}
		return int64(len(magic)), file.Sync()
	case bytes.HasPrefix(head, []byte(magicName)):
		return 0, errVersion
	}
	first := 0
	if _, err := readRun(bufio.NewReader(io.NewSectionReader(file, 0, size)), 0, func(record) bool { first++; return false }); err != nil {
		return 0, err
	}
	if j.old = first > 0; !j.old {
		return 0, errForeign
	}
	return 0, nil
}

// syncFolder makes the file's name safe. Not every file system can.
func (j *journal) syncFolder() error {
	if j.sync != syncAlways {
		return nil
	}
	folder, err := os.Open(filepath.Dir(j.place()))
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

// place is where the file is, or is to be if it is gone: its path, or what that is a
// link to.
func (j *journal) place() string {
	if target, err := filepath.EvalSymlinks(j.path); err == nil {
		j.target = target
	} else if link, err := os.Readlink(j.path); err == nil {
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(j.path), link)
		}
		j.target = link
	}
	if j.target == "" {
		return j.path
	}
	return j.target
}

// missing tells whether the path leads to the file no more.
func (j *journal) missing() bool {
	file, ok := j.file.(*os.File)
	if !ok {
		return false
	}
	there, err := os.Stat(j.path)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	mine, err := file.Stat()
	return err == nil && !os.SameFile(mine, there)
}

// renew writes the file anew. What fails is tried again after a while, which doubles.
func (j *journal) renew() error {
	if j.now().Before(j.nextTry) {
		return errLater
	}
	err := j.rewrite()
	j.mu.Lock()
	defer j.mu.Unlock()
	if err == nil {
		j.counts.rewrites++
		j.pause, j.nextTry, j.stale = 0, time.Time{}, false
		return nil
	}
	j.counts.rewriteErrors++
	j.pause = min(max(2*j.pause, pauseLeast), pauseMost)
	j.nextTry = j.now().Add(j.pause)
	j.log.Error("the history file could not be written anew", "file", j.path, "error", err, "again in", j.pause)
	return err
}

const (
	pauseLeast = time.Second
	pauseMost  = 5 * time.Minute
)

// rewriting ends the name of the file that is to take the place of the old one, and
// replaced that of one that somebody has put there.
const (
	rewriting = ".rewriting"
	replaced  = ".replaced"
)

// rewrite replaces the file by one of what is remembered. If anything fails, the old
// file goes on.
func (j *journal) rewrite() error {
	place := j.place()
	os.Remove(place + rewriting)
	next, err := os.OpenFile(place+rewriting, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	size, events, err := j.fill(next)
	if err == nil {
		err = errors.Join(j.setAside(place), os.Rename(next.Name(), place))
	}
	if err != nil {
		next.Close()
		os.Remove(next.Name())
		return err
	}
	j.file.Close()
	j.file, j.size, j.dirty = next, size, false
	j.mu.Lock()
	j.events = events // and what came meanwhile, which is no matter
	j.mu.Unlock()
	if j.missing() {
		return errElse
	}
	return j.syncFolder()
}

// fill writes what is remembered to next, and makes it like the old file.
func (j *journal) fill(next *os.File) (size int64, events int, err error) {
	if err := errors.Join(lock(next), j.resemble(next)); err != nil {
		return 0, 0, err
	}
	out := bufio.NewWriterSize(next, 1<<20)
	out.WriteString(magic)
	j.image(func(part history.Image) {
		writeImage(out, &part)
		events += len(part.Entries)
	})
	if err := errors.Join(out.Flush(), next.Sync()); err != nil {
		return 0, 0, err
	}
	size, err = next.Seek(0, io.SeekCurrent)
	return size, events, err
}

// resemble gives next the mode and the owner of the file that it replaces.
func (j *journal) resemble(next *os.File) error {
	file, ok := j.file.(*os.File)
	if !ok {
		return nil
	}
	was, err := file.Stat()
	if err != nil {
		return err
	}
	is, err := next.Stat()
	if err != nil {
		return err
	}
	old, new := was.Sys().(*syscall.Stat_t), is.Sys().(*syscall.Stat_t)
	if old.Uid != new.Uid || old.Gid != new.Gid {
		if err := next.Chown(int(old.Uid), int(old.Gid)); err != nil {
			return err
		}
	}
	return next.Chmod(was.Mode().Perm())
}

// setAside moves a file away that somebody has put where ours was, unless a server
// uses it.
func (j *journal) setAside(place string) error {
	mine, ok := j.file.(*os.File)
	if !ok {
		return nil
	}
	there, err := os.Open(place)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer there.Close()
	was, err := mine.Stat()
	if err != nil {
		return err
	}
	if is, err := there.Stat(); err != nil || os.SameFile(was, is) {
		return err
	}
	if err := lock(there); err != nil {
		return err
	}
	j.log.Warn("another file has taken the place of the history file: it is moved away", "file", place, "to", place+replaced)
	return os.Rename(place, place+replaced)
}

// writeImage writes a part of an image as records, which are read in this order: what
// is gone must come after the events, for it is said of channels that have none.
func writeImage(out io.Writer, image *history.Image) {
	var data []byte
	write := func(kind recordKind, e history.Entry) {
		data = appendRecord(data[:0], record{kind, e})
		out.Write(data)
	}
	if image.Floor > 0 {
		write(recordAll, history.Entry{ID: image.Floor})
	}
	for _, f := range image.Floors {
		write(recordFloor, history.Entry{ID: f.ID, Channel: f.Channel})
	}
	for _, e := range image.Entries {
		write(recordEvent, e)
	}
	if image.Gone > 0 {
		write(recordGone, history.Entry{ID: image.Gone})
	}
	if image.Last > 0 {
		write(recordLast, history.Entry{ID: image.Last})
	}
}

// end leaves the file, when all is written.
func (j *journal) end() error {
	failure := j.failed()
	if j.stale || failure == nil && j.missing() {
		j.nextTry = time.Time{}
		failure = j.renew()
	}
	return errors.Join(failure, j.file.Sync(), j.file.Close())
}
