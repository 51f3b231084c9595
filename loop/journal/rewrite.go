package journal

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"halley/bayeux/history"
)

var (
	errElse  = errors.New("it was written anew, but is not found under its name")
	errLater = errors.New("writing it anew has failed, and is tried again later")
)

// place is where the file is, or is to be if it is gone: its path, or what that is a
// link to.
func (j *File) place() string {
	if target, err := filepath.EvalSymlinks(j.options.Path); err == nil {
		j.target = target
	} else if link, err := os.Readlink(j.options.Path); err == nil {
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(j.options.Path), link)
		}
		j.target = link
	}
	if j.target == "" {
		return j.options.Path
	}
	return j.target
}

// missing tells whether the path leads to the file no more.
func (j *File) missing() bool {
	file, ok := j.file.(*os.File)
	if !ok {
		return false
	}
	there, err := os.Stat(j.options.Path)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	mine, err := file.Stat()
	return err == nil && !os.SameFile(mine, there)
}

// renew writes the file anew while everything waits, since the file that there is may
// lack something.
func (j *File) renew() error {
	if f := j.filling; f != nil {
		<-f.done
		f.drop()
		j.filling = nil
	}
	if j.now().Before(j.nextTry) {
		return errLater
	}
	f, err := j.create()
	if err == nil {
		f.fill(j.options.Image, j.last)
		err = j.replace(f)
	}
	return j.renewed(err)
}

// renewed counts an attempt to write the file anew. What failed is tried again after a
// while, which doubles.
func (j *File) renewed(err error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err == nil {
		j.counts.Rewrites++
		j.pause, j.nextTry, j.state, j.wanted = 0, time.Time{}, j.renewedState(), false
		return nil
	}
	j.counts.RewriteErrors++
	j.pause = min(max(2*j.pause, pauseLeast), pauseMost)
	j.nextTry = j.now().Add(j.pause)
	j.options.Log.Error("the history file could not be written anew", "file", j.options.Path, "error", err, "again in", j.pause)
	return err
}

// renewedState is that of a file which was just written anew: what followed while it was filled is synced only where
// every record is.
func (j *File) renewedState() state {
	if j.options.Sync == Always {
		return safe
	}
	return dirty
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

// filling is a file that is to take the place of the journal's.
type filling struct {
	next   *os.File
	place  string
	from   int64 // what the journal's file has from here on is to follow
	events int   // in next
	before int   // in the journal's file when it was begun
	err    error
	done   chan struct{} // closed when it is filled
}

// create begins a file beside the journal's and like it.
func (j *File) create() (*filling, error) {
	place := j.place()
	os.Remove(place + rewriting)
	next, err := os.OpenFile(place+rewriting, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	f := &filling{next: next, place: place, from: j.size, before: j.written, done: make(chan struct{})}
	if err := errors.Join(lock(next), j.resemble(next)); err != nil {
		f.drop()
		return nil, err
	}
	return f, nil
}

// fill writes what is remembered to the file, with the events up to a number.
func (f *filling) fill(image func(int64, func(history.Image)), upto int64) {
	defer close(f.done)
	out := bufio.NewWriterSize(f.next, 1<<20)
	out.WriteString(magic)
	image(upto, func(part history.Image) {
		writeImage(out, &part)
		f.events += len(part.Entries)
	})
	f.err = errors.Join(out.Flush(), f.next.Sync())
}

// drop gives the file up.
func (f *filling) drop() {
	f.next.Close()
	os.Remove(f.next.Name())
}

// beginAnew has a file filled that is to take the place of this one, which goes on
// meanwhile.
func (j *File) beginAnew() {
	if j.filling != nil || j.now().Before(j.nextTry) {
		return
	}
	f, err := j.create()
	if err != nil {
		j.renewed(err)
		return
	}
	j.filling = f
	go func(upto int64) {
		f.fill(j.options.Image, upto)
		j.tell()
	}(j.last)
}

// install puts the file that was filled in the place of this one, with what was written
// meanwhile. It is dropped where nothing can be written now.
func (j *File) install() {
	f := j.filling
	if f == nil {
		return
	}
	select {
	case <-f.done:
	default:
		return
	}
	if j.filling = nil; j.failed() != nil {
		f.drop()
		return
	}
	if f.err == nil {
		_, f.err = io.Copy(f.next, io.NewSectionReader(j.file, f.from, j.size-f.from))
	}
	if f.err == nil && j.options.Sync == Always {
		f.err = f.next.Sync()
	}
	j.renewed(j.replace(f))
}

// replace puts the file that was filled in the place of this one. If that fails, the old
// file goes on.
func (j *File) replace(f *filling) error {
	size, err := f.next.Seek(0, io.SeekCurrent)
	if err = errors.Join(f.err, err); err == nil {
		err = j.setAside(f.place)
	}
	if err == nil {
		err = os.Rename(f.next.Name(), f.place)
	}
	if err != nil {
		f.drop()
		return err
	}
	j.awaitSync()
	j.file.Close()
	j.file, j.size = f.next, size
	if j.state != stale { // it is still where the new file is not found under its name
		j.state = j.renewedState()
	}
	j.written += f.events - f.before
	j.mu.Lock()
	j.events += f.events - f.before
	j.mu.Unlock()
	if j.missing() {
		return errElse
	}
	return j.syncFolder()
}

// resemble gives next the mode and the owner of the file that it replaces.
func (j *File) resemble(next *os.File) error {
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
func (j *File) setAside(place string) error {
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
	j.options.Log.Warn("another file has taken the place of the history file: it is moved away", "file", place, "to", place+replaced)
	return os.Rename(place, place+replaced)
}

// writeImage writes a part of an image as records, which are read in this order: what
// is gone must come after the events, for it is said of channels that have none.
func writeImage(out io.Writer, image *history.Image) {
	var data []byte
	write := func(kind Kind, e history.Entry) {
		data = appendRecord(data[:0], Record{kind, e})
		out.Write(data)
	}
	if image.Floor > 0 {
		write(All, history.Entry{ID: image.Floor})
	}
	for _, f := range image.Floors {
		write(Floor, history.Entry{ID: f.ID, Channel: f.Channel})
	}
	for _, e := range image.Entries {
		write(Event, e)
	}
	if image.Gone > 0 {
		write(Gone, history.Entry{ID: image.Gone})
	}
	if image.Last > 0 {
		write(Last, history.Entry{ID: image.Last})
	}
}

// end leaves the file, when all is written.
func (j *File) end() error {
	j.awaitSync()
	failure := j.failed()
	if j.state == stale || failure == nil && j.missing() {
		j.nextTry = time.Time{}
		failure = j.renew()
	}
	return errors.Join(failure, j.file.Sync(), j.file.Close())
}

// syncFolder makes the file's name safe. Not every file system can.
func (j *File) syncFolder() error {
	if j.options.Sync != Always {
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
