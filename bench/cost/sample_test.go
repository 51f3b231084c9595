package cost

import (
	"io/fs"
	"os"
	"testing"
	"testing/fstest"
	"time"
)

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func sampleProc() fstest.MapFS {
	return fstest.MapFS{
		"7/stat":             file("7 (a (b) c) S 1 7 7 0 -1 4194560 100 0 0 0 250 750 0 0 20 0 9 0 100 1000 200 18446744073709551615"),
		"7/statm":            file("5000 300 100 1 0 200 0\n"),
		"7/smaps_rollup":     file("00400000-7fff00000000 ---p 00000000 00:00 0 [rollup]\nRss:  1200 kB\nPss:   900 kB\nPss_Dirty: 1 kB\n"),
		"7/fd/0":             file(""),
		"7/fd/1":             file(""),
		"7/task/7/schedstat": file("6000000000 5 3\n"),
		"7/task/8/schedstat": file("4123456789 5 3\n"),
		"meminfo":            file("MemTotal:       100 kB\nSlab:          42 kB\nSReclaimable: 1 kB\n"),
		"net/sockstat":       file("sockets: used 9\nTCP: inuse 5 orphan 0 tw 3 alloc 7 mem 11\nUDP: inuse 1 mem 99\n"),
	}
}

func TestRead(t *testing.T) {
	s, err := Reader{Proc: sampleProc(), PID: 7, PageSize: 4096}.Read(true)
	if err != nil {
		t.Fatal(err)
	}
	want := Sample{User: 2500 * int64(time.Millisecond), System: 7500 * int64(time.Millisecond), Exec: 10_123_456_789,
		RSS: 300 * 4096, PSS: 900 << 10, Slab: 42 << 10, TCP: 11 * 4096, Sockets: 5, Files: 2, Threads: 9}
	if s != want {
		t.Errorf("%+v\nwant %+v", s, want)
	}
}

func TestReadWithoutPSS(t *testing.T) {
	s, err := Reader{Proc: sampleProc(), PID: 7, PageSize: 4096}.Read(false)
	if err != nil || s.PSS != 0 {
		t.Errorf("PSS %d, error %v", s.PSS, err)
	}
	if s.Files != 0 {
		t.Errorf("%d files were counted, one by one", s.Files)
	}
}

// sized is a /proc whose folders tell the number of files as their size.
type sized struct{ fstest.MapFS }

func (p sized) Stat(name string) (fs.FileInfo, error) {
	info, err := p.MapFS.Stat(name)
	return sizedInfo{info}, err
}

type sizedInfo struct{ fs.FileInfo }

func (sizedInfo) Size() int64 { return 1e6 }

func TestNumberOfFiles(t *testing.T) {
	for _, exact := range []bool{false, true} {
		s, err := Reader{Proc: sized{sampleProc()}, PID: 7, PageSize: 4096}.Read(exact)
		if err != nil || s.Files != 1e6 {
			t.Errorf("exact %v: %d files, error %v", exact, s.Files, err)
		}
	}
}

func TestReadOnAPoorHost(t *testing.T) {
	proc := fstest.MapFS{"7/stat": sampleProc()["7/stat"], "net/sockstat": file("\nTCP: inuse\n"), "7/statm": file("x"), "meminfo": file("Slab:\n")}
	s, err := Reader{Proc: proc, PID: 7, PageSize: 4096}.Read(true)
	if err != nil || s.Threads != 9 || s.RSS != 0 || s.Slab != 0 || s.Sockets != 0 {
		t.Errorf("%+v %v", s, err)
	}
}

func TestReadOfAGoneProcess(t *testing.T) {
	for name, proc := range map[string]fs.FS{"gone": fstest.MapFS{}, "odd": fstest.MapFS{"7/stat": file("7 (x) S 1")}} {
		if _, err := (Reader{Proc: proc, PID: 7, PageSize: 4096}).Read(false); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestReadOfThisProcess(t *testing.T) {
	s, err := Reader{Proc: os.DirFS("/proc"), PID: os.Getpid(), PageSize: int64(os.Getpagesize())}.Read(true)
	if err != nil || s.RSS == 0 || s.Threads == 0 || s.Files == 0 {
		t.Errorf("%+v %v", s, err)
	}
}

func TestCPU(t *testing.T) {
	for _, c := range []struct {
		name      string
		from, to  Sample
		cpu, user int64
	}{
		{"exact", Sample{}, Sample{User: 100, System: 300, Exec: 404}, 404, 101},
		{"threads ended", Sample{Exec: 500}, Sample{User: 100, System: 300, Exec: 500}, 400, 100},
		{"nothing", Sample{}, Sample{}, 0, 0},
	} {
		if cpu, user := CPU(c.from, c.to), UserCPU(c.from, c.to); cpu != c.cpu || user != c.user {
			t.Errorf("%s: %d of which user %d, want %d and %d", c.name, cpu, user, c.cpu, c.user)
		}
	}
}
