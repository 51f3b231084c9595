package journal

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"

	"halley/bayeux/history"
)

// Kind says what a record of the history file tells.
type Kind uint8

// What a record tells.
const (
	Event Kind = iota // an event
	Floor             // Channel has forgotten its events up to ID
	Gone              // so has every channel of which the file has nothing before
	All               // of any channel something may be missing up to ID
	Last              // numbers up to ID are given
	kinds
)

// Record is one record of the history file: an event, or with a number alone what
// is known of those that are not there any more.
type Record struct {
	Kind          Kind // what it tells
	history.Entry      // of which ID is always set
}

// A record is its length and CRC-32C, 4 bytes each, and then, little-endian, ID
// and At of 8 bytes, 2 bytes with the kind above the length of the channel, the
// channel, and the event up to the end.
const (
	recordHead = 8
	recordMin  = 18
	recordMax  = 64 << 20
	kindShift  = 13 // a channel has at most 4,096 bytes
	nameMask   = 1<<kindShift - 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendRecord(dst []byte, r Record) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, recordHead)...)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(r.ID))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(r.At))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(r.Kind)<<kindShift|uint16(len(r.Channel)))
	dst = append(append(dst, r.Channel...), r.Event...)
	body := dst[start+recordHead:]
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(body)))
	binary.LittleEndian.PutUint32(dst[start+4:], crc32.Checksum(body, castagnoli))
	return dst
}

// parseRecord reads the record at the start of data: its length, and whether it is
// whole and not broken.
func parseRecord(data []byte) (r Record, size int, ok bool) {
	size, ok = recordSize(data)
	if !ok || size > len(data) {
		return Record{}, 0, false
	}
	body := data[recordHead:size]
	word := binary.LittleEndian.Uint16(body[16:])
	n, kind := int(word&nameMask), Kind(word>>kindShift)
	if recordMin+n > len(body) || kind >= kinds ||
		crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(data[4:]) {
		return Record{}, 0, false
	}
	return Record{kind, history.Entry{
		ID:      int64(binary.LittleEndian.Uint64(body[0:])),
		At:      int64(binary.LittleEndian.Uint64(body[8:])),
		Channel: string(body[recordMin : recordMin+n]),
		Event:   string(body[recordMin+n:]),
	}}, size, true
}

// recordSize reads the size of the record at the start of data; ok is false if no
// record has it.
func recordSize(data []byte) (size int, ok bool) {
	if len(data) < recordHead {
		return 0, false
	}
	n := int(binary.LittleEndian.Uint32(data))
	return recordHead + n, n >= recordMin && n <= recordMax
}

// readRecords calls visit with every record of a file of that size, in order. It
// returns where the last one ends; what follows is the torn record that a crash
// leaves. Broken records before that are passed over, which damaged tells.
func readRecords(file io.ReaderAt, size int64, visit func(Record)) (end int64, damaged bool, err error) {
	in := bufio.NewReaderSize(nil, 1<<20)
	for at := int64(0); ; {
		in.Reset(io.NewSectionReader(file, at, size-at))
		if end, err = readRun(in, at, func(r Record) bool { visit(r); return true }); err != nil || end == size {
			return end, damaged, err
		}
		next, found, err := findRecord(file, end+1, size)
		switch {
		case err != nil:
			return end, damaged, err
		case !found:
			return end, damaged, nil
		}
		at, damaged = next, true
	}
}

// readRun visits records from in, which is at the offset at, up to one that is not
// whole or while visit says so, and returns where it has come to.
func readRun(in *bufio.Reader, at int64, visit func(Record) bool) (int64, error) {
	var data []byte
	for {
		head, err := in.Peek(recordHead)
		size, ok := recordSize(head)
		if !ok {
			return at, notEnd(err)
		}
		if data, err = readWhole(in, data[:0], size); err != nil {
			return at, notEnd(err)
		}
		r, _, ok := parseRecord(data)
		if !ok {
			return at, nil
		}
		more := visit(r)
		if at += int64(size); !more {
			return at, nil
		}
	}
}

// readWhole appends size bytes of in to dst, which does not grow for bytes that are
// not there.
func readWhole(in *bufio.Reader, dst []byte, size int) ([]byte, error) {
	for len(dst) < size {
		dst = slices.Grow(dst, min(size-len(dst), 1<<20))
		n, err := io.ReadFull(in, dst[len(dst):min(size, cap(dst))])
		if dst = dst[:len(dst)+n]; err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// notEnd is err unless it tells of the file's end.
func notEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// findRecord looks for a whole record that starts at the offset from or later. No
// event can look like one, since no JSON text has the head of a record. It looks as
// far as two records of the greatest size reach.
func findRecord(file io.ReaderAt, from, size int64) (at int64, found bool, err error) {
	data := make([]byte, max(0, min(size-from, 2*(recordHead+recordMax))))
	if _, err := file.ReadAt(data, from); err != nil && notEnd(err) != nil {
		return 0, false, err
	}
	for i := range data {
		if _, _, ok := parseRecord(data[i:]); ok {
			return from + int64(i), true, nil
		}
	}
	return 0, false, nil
}
