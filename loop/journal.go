package loop

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
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

// journal is the file that the history survives a restart by: records, each with
// its length and checksum, one after the other. A torn record at the end, which a
// crash leaves, is cut off; events that are forgotten go when they are more than
// those that are not.
type journal struct {
	path    string
	sync    journalSync
	file    *os.File
	synced  time.Time
	failure error // the first one of the file's

	mu      sync.Mutex
	wake    sync.Cond
	buffer  []byte          // records to write
	waiting []func(error)   // for them
	keep    []history.Entry // to write the file anew with
	records int             // in the file and the buffer
	ended   bool
	done    chan struct{}
}

const (
	recordHead = 8 // length and checksum, 4 bytes each
	recordMin  = 18
	recordMax  = 64 << 20
	// compactLeast is how many records the file has before it is written anew.
	compactLeast = 10_000
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// openJournal reads the file at path, which is made if it does not exist, and
// calls load with each of its entries.
func openJournal(path string, sync journalSync, load func(history.Entry)) (*journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("--history-file: %w", err)
	}
	j := &journal{path: path, sync: sync, file: file, done: make(chan struct{})}
	j.wake.L = &j.mu
	size, err := j.load(load)
	if err == nil {
		err = file.Truncate(size)
	}
	if err == nil {
		_, err = file.Seek(size, io.SeekStart)
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("--history-file %s: %w", path, err)
	}
	go j.run()
	return j, nil
}

// load reads records up to the end, or to the first that is not whole, and
// returns where that is.
func (j *journal) load(load func(history.Entry)) (size int64, err error) {
	in, last := bufio.NewReaderSize(j.file, 1<<20), int64(0)
	for {
		record, err := readRecord(in)
		if err != nil {
			if errors.Is(err, errTorn) || errors.Is(err, io.EOF) {
				return size, nil
			}
			return size, err
		}
		if e := parseRecord(record); e.ID > last {
			load(e)
			last = e.ID
		}
		j.records++
		size += int64(recordHead + len(record))
	}
}

// errTorn means that a record is not whole.
var errTorn = errors.New("torn record")

func readRecord(in io.Reader) ([]byte, error) {
	var head [recordHead]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, torn(err)
	}
	n := binary.LittleEndian.Uint32(head[0:])
	if n < recordMin || n > recordMax {
		return nil, errTorn
	}
	record := make([]byte, n)
	if _, err := io.ReadFull(in, record); err != nil {
		return nil, torn(err)
	}
	if crc32.Checksum(record, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, errTorn
	}
	if int(binary.LittleEndian.Uint16(record[16:]))+recordMin > len(record) {
		return nil, errTorn
	}
	return record, nil
}

func torn(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errTorn
	}
	return err
}

func parseRecord(record []byte) history.Entry {
	n := int(binary.LittleEndian.Uint16(record[16:]))
	return history.Entry{
		ID:      int64(binary.LittleEndian.Uint64(record[0:])),
		At:      int64(binary.LittleEndian.Uint64(record[8:])),
		Channel: string(record[recordMin : recordMin+n]),
		Event:   string(record[recordMin+n:]),
	}
}

func appendRecord(dst []byte, e history.Entry) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, recordHead)...)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(e.ID))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(e.At))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(e.Channel)))
	dst = append(append(dst, e.Channel...), e.Event...)
	body := dst[start+recordHead:]
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(body)))
	binary.LittleEndian.PutUint32(dst[start+4:], crc32.Checksum(body, castagnoli))
	return dst
}

// append adds an entry; stored is called, on another goroutine, when it is as
// safe as was asked for.
func (j *journal) append(e history.Entry, stored func(error)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.buffer = appendRecord(j.buffer, e)
	j.waiting = append(j.waiting, stored)
	j.records++
	j.wake.Signal()
}

// bloated tells whether most of the file is forgotten, of which so many entries
// are left.
func (j *journal) bloated(left int) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.records >= compactLeast && j.records >= 2*left && j.keep == nil
}

// compact has the file written anew with entries alone. The last may have no
// channel, and tell only up to where numbers have been given.
func (j *journal) compact(entries []history.Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.keep = entries
	j.wake.Signal()
}

// run is the only one to touch the file. It writes what is appended: all that
// came while the last write went on, with one write and, if asked for, one sync.
func (j *journal) run() {
	defer close(j.done)
	for {
		buffer, waiting, keep, more := j.take()
		if !more {
			return
		}
		if keep != nil {
			j.rewrite(keep)
		}
		err := j.write(buffer)
		for _, stored := range waiting {
			stored(err)
		}
	}
}

// take waits for work; more is false when there will be none.
func (j *journal) take() (buffer []byte, waiting []func(error), keep []history.Entry, more bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for len(j.buffer) == 0 && j.keep == nil && !j.ended {
		j.wake.Wait()
	}
	buffer, waiting, keep = j.buffer, j.waiting, j.keep
	j.buffer, j.waiting, j.keep = nil, nil, nil
	if keep != nil {
		j.records = len(keep)
	}
	return buffer, waiting, keep, len(buffer) > 0 || keep != nil
}

// write writes to the file. After a failure nothing more is written: a hole in
// the middle would make what follows it unreadable.
func (j *journal) write(buffer []byte) error {
	if j.failure != nil || len(buffer) == 0 {
		return j.failure
	}
	_, err := j.file.Write(buffer)
	if err == nil && (j.sync == syncAlways || j.sync == syncInterval && time.Since(j.synced) >= time.Second) {
		err = j.file.Sync()
		j.synced = time.Now()
	}
	j.failure = err
	return err
}

// rewrite replaces the file by one of entries alone. Entries that wait to be
// written may be among them: the second copy is passed over when it is read. If
// anything fails, the old file goes on.
func (j *journal) rewrite(entries []history.Entry) {
	next, err := os.CreateTemp(filepath.Dir(j.path), filepath.Base(j.path)+".*")
	if err != nil {
		return
	}
	out := bufio.NewWriterSize(next, 1<<20)
	var record []byte
	for _, e := range entries {
		record = appendRecord(record[:0], e)
		out.Write(record)
	}
	err = errors.Join(out.Flush(), next.Sync(), next.Chmod(0o644))
	if err == nil {
		err = os.Rename(next.Name(), j.path)
	}
	if err != nil {
		next.Close()
		os.Remove(next.Name())
		return
	}
	j.file.Close()
	j.file = next
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
