package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
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
)

// Open reads the file that o names, which is made if it does not exist, and
// calls load with each of its records. An event that is there twice is loaded once.
func Open(o Options, load func(Record)) (*File, error) {
	file, err := os.OpenFile(o.Path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--history-file: %w", err)
	}
	j := &File{options: o, now: time.Now, file: file, done: make(chan struct{})}
	j.wake.L = &j.mu
	err = lock(file)
	if err == nil {
		err = errors.Join(j.load(file, load), j.syncFolder())
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("--history-file %s: %w", o.Path, err)
	}
	os.Remove(j.place() + rewriting) // what a crash has left
	if o.Disk != nil {
		j.file = o.Disk(file)
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
func (j *File) load(file *os.File, load func(Record)) error {
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
	end, damaged, err := readRecords(io.NewSectionReader(file, base, size), size, func(r Record) {
		if r.Kind == Event {
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
	j.Damaged, j.size, j.last, j.written = damaged, base+end, last, j.events
	return file.Truncate(j.size)
}

// begin finds out where the records of a file of that size begin, and begins a file
// that is empty, or was not yet begun when the power went.
func (j *File) begin(file *os.File, size int64) (base int64, err error) {
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
	if _, err := readRun(bufio.NewReader(io.NewSectionReader(file, 0, size)), 0, func(Record) bool { first++; return false }); err != nil {
		return 0, err
	}
	if j.Old = first > 0; !j.Old {
		return 0, errForeign
	}
	return 0, nil
}
