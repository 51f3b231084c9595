package journal

import (
	"bytes"
	"slices"
	"testing"
)

// Whatever bit flips, the record that it is in is lost alone, and damage before
// others is told.
func TestFlippedBits(t *testing.T) {
	const records = 4 // the first, the last, and some between
	var whole []byte
	for n := 1; n <= records; n++ {
		whole = appendRecord(whole, Record{Event, entryOf(n)})
	}
	_, starts := recordsOf(whole)
	for bit := range 8 * len(whole) {
		file := bytes.Clone(whole)
		file[bit/8] ^= 1 << (bit % 8)
		var got []int
		_, damaged, err := readRecords(bytes.NewReader(file), int64(len(file)), func(r Record) {
			equal(t, r.Entry, entryOf(int(r.ID)))
			got = append(got, int(r.ID))
		})
		hit, _ := slices.BinarySearch(starts, bit/8+1)
		want := []int{1, 2, 3, 4}
		want = slices.Delete(want, hit-1, hit)
		if err != nil || !slices.Equal(got, want) || damaged != (hit < records) {
			t.Fatalf("bit %d of byte %d: %v, damaged %v, %v", bit%8, bit/8, got, damaged, err)
		}
	}
}

// What is read is what the file has, byte for byte, and nothing of anything else.
func FuzzReadRecords(f *testing.F) {
	two := appendRecord(appendRecord(nil, Record{Event, entryOf(1)}), Record{Floor, entryOf(2)})
	f.Add(two, 0, byte(0))
	f.Add(two, 9, byte(1))
	f.Add(two[:40], 3, byte(255))
	f.Add([]byte("no history file"), 0, byte(0))
	f.Add(make([]byte, 100), 0, byte(0))
	f.Fuzz(func(t *testing.T, data []byte, at int, flip byte) {
		if len(data) > 0 {
			data = bytes.Clone(data)
			data[uint(at)%uint(len(data))] ^= flip
		}
		var read []byte
		end, damaged, err := readRecords(bytes.NewReader(data), int64(len(data)), func(r Record) { read = appendRecord(read, r) })
		if err == nil && !damaged && !bytes.Equal(read, data[:end]) || err != nil && len(read) > 0 || !subsequence(read, data) {
			t.Fatalf("read %q of %q up to %d, damaged %v, %v", read, data, end, damaged, err)
		}
	})
}

// subsequence tells whether part is what is left of whole when some of it goes.
func subsequence(part, whole []byte) bool {
	for _, b := range whole {
		if len(part) > 0 && part[0] == b {
			part = part[1:]
		}
	}
	return len(part) == 0
}
