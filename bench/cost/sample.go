// Package cost reads what a server costs from outside: processor time, memory, files
// and threads out of /proc, with the kernel's share for sockets kept apart. It reads
// through an fs.FS, so that it can be tested on recorded files.
package cost

import (
	"bytes"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// Sample is the state of a process and of the host at one moment.
type Sample struct {
	At      int64 `json:"at"`            // nanoseconds since the run's start
	User    int64 `json:"user"`          // CPU time in user mode, nanoseconds, by the kernel's 10 ms ticks
	System  int64 `json:"system"`        // CPU time in the kernel
	Exec    int64 `json:"exec"`          // CPU time to the nanosecond, of the threads that are alive
	RSS     int64 `json:"rss"`           // resident bytes
	PSS     int64 `json:"pss,omitempty"` // resident bytes, shared pages divided among their users
	Slab    int64 `json:"slab"`          // kernel objects of the whole host, bytes
	TCP     int64 `json:"tcp"`           // socket buffers of the whole host, bytes
	Sockets int64 `json:"sockets"`       // TCP sockets in use on the whole host
	Files   int64 `json:"files"`         // open descriptors
	Threads int64 `json:"threads"`
	Held    int   `json:"held"` // subscribers held at that moment, filled in by the caller
}

// CPU is the processor time between two samples in nanoseconds: by the exact count,
// unless threads have ended in between and taken their count with them.
func CPU(from, to Sample) int64 {
	ticks := to.User + to.System - from.User - from.System
	exact := to.Exec - from.Exec
	if float64(exact) < 0.9*float64(ticks) {
		return ticks
	}
	return exact
}

// UserCPU is the part of CPU that was spent outside the kernel.
func UserCPU(from, to Sample) int64 {
	user, system := to.User-from.User, to.System-from.System
	if user+system <= 0 {
		return 0
	}
	return int64(float64(CPU(from, to)) * float64(user) / float64(user+system))
}

// Reader reads samples of one process.
type Reader struct {
	Proc     fs.FS // the root of /proc
	PID      int
	PageSize int64
}

// tick is the unit of times in /proc: USER_HZ is 100 on every Linux architecture that Go knows.
const tick = int64(10 * time.Millisecond)

// Read takes a sample. exact adds PSS, for which the kernel walks all of the process's page tables. It also counts the
// open files where the kernel does not tell their number. An error means that the process is gone. What the host does not tell stays 0.
func (r Reader) Read(exact bool) (Sample, error) {
	var s Sample
	if err := r.stat(&s); err != nil {
		return s, err
	}
	s.RSS = r.statm()
	s.Exec = r.exec()
	s.Files = r.files(exact)
	if exact {
		s.PSS = r.keyed(r.path("smaps_rollup"), "Pss:") << 10
	}
	s.Slab = r.keyed("meminfo", "Slab:") << 10
	s.Sockets, s.TCP = r.sockstat()
	return s, nil
}

func (r Reader) path(name string) string { return strconv.Itoa(r.PID) + "/" + name }

// stat reads times and threads (proc_pid_stat(5)). The name in parentheses may hold anything, spaces too.
func (r Reader) stat(s *Sample) error {
	text, err := fs.ReadFile(r.Proc, r.path("stat"))
	if err != nil {
		return fmt.Errorf("process %d: %w", r.PID, err)
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 18 {
		return fmt.Errorf("process %d: unexpected stat %q", r.PID, text)
	}
	s.User = number(fields[11]) * tick
	s.System = number(fields[12]) * tick
	s.Threads = number(fields[17])
	return nil
}

func (r Reader) statm() int64 {
	text, err := fs.ReadFile(r.Proc, r.path("statm"))
	fields := bytes.Fields(text)
	if err != nil || len(fields) < 2 {
		return 0
	}
	return number(fields[1]) * r.PageSize
}

// files is the number of open descriptors. Linux tells it as the size of their folder from version 6.2 on. To count them takes as long
// as there are many: a second's sample of some hundred thousand took more than a second.
func (r Reader) files(count bool) int64 {
	if folder, err := fs.Stat(r.Proc, r.path("fd")); err == nil && folder.Size() > 0 {
		return folder.Size()
	}
	if !count {
		return 0
	}
	files, _ := fs.ReadDir(r.Proc, r.path("fd")) // none, if the host does not tell
	return int64(len(files))
}

// exec sums the exact run time of all threads.
func (r Reader) exec() (sum int64) {
	tasks, err := fs.ReadDir(r.Proc, r.path("task"))
	if err != nil {
		return 0
	}
	for _, task := range tasks {
		text, err := fs.ReadFile(r.Proc, r.path("task/"+task.Name()+"/schedstat"))
		if fields := bytes.Fields(text); err == nil && len(fields) > 0 {
			sum += number(fields[0])
		}
	}
	return sum
}

// keyed returns the first number behind a key at the start of a line, 0 if it is not there.
func (r Reader) keyed(name, key string) int64 {
	text, err := fs.ReadFile(r.Proc, name)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, key); found {
			if fields := strings.Fields(rest); len(fields) > 0 {
				return number([]byte(fields[0]))
			}
		}
	}
	return 0
}

// sockstat reads the host's TCP sockets and their buffers: "TCP: inuse 5 orphan 0 tw 0 alloc 7 mem 1" in pages.
func (r Reader) sockstat() (sockets, memory int64) {
	text, err := fs.ReadFile(r.Proc, "net/sockstat")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "TCP:" {
			continue
		}
		for i := 1; i+1 < len(fields); i += 2 {
			switch fields[i] {
			case "inuse":
				sockets = number([]byte(fields[i+1]))
			case "mem":
				memory = number([]byte(fields[i+1])) * r.PageSize
			}
		}
	}
	return sockets, memory
}

// number reads a decimal; what is none counts as 0.
func number(text []byte) int64 {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
