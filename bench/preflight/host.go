// Proved by TestMalformedSettingsAreUnknown.

package preflight

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"
)

// host reads the kernel's settings under /proc of a root file system.
type host struct{ root fs.FS }

// errAbsent says that a setting is not there or is not a number: a container may hide
// it, or the module that it belongs to is not loaded.
var errAbsent = errors.New("absent")

// numbers reads a file of whitespace-separated numbers with at least n of them.
func (h host) numbers(path string, n int) ([]int64, error) {
	text, err := fs.ReadFile(h.root, path)
	if err != nil {
		return nil, errAbsent
	}
	fields := strings.Fields(string(text))
	if len(fields) < n {
		return nil, errAbsent
	}
	out := make([]int64, n)
	for i := range out {
		if out[i], err = strconv.ParseInt(fields[i], 10, 64); err != nil {
			return nil, errAbsent
		}
	}
	return out, nil
}

func (h host) number(path string) (int64, error) {
	n, err := h.numbers(path, 1)
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

// hardFiles is the hard limit of open files of this process (proc_pid_limits(5)); the
// soft one does not matter, since Go programs raise it to the hard one at start.
func (h host) hardFiles() (int64, error) {
	text, err := fs.ReadFile(h.root, "proc/self/limits")
	if err != nil {
		return 0, errAbsent
	}
	for line := range strings.Lines(string(text)) {
		rest, found := strings.CutPrefix(line, "Max open files")
		fields := strings.Fields(rest)
		if !found || len(fields) < 2 {
			continue
		}
		if fields[1] == "unlimited" {
			return unlimited, nil
		}
		n, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return 0, errAbsent
		}
		return n, nil
	}
	return 0, errAbsent
}

// available is the memory in bytes that programs can still have.
func (h host) available() (int64, error) {
	text, err := fs.ReadFile(h.root, "proc/meminfo")
	if err != nil {
		return 0, errAbsent
	}
	for line := range strings.Lines(string(text)) {
		rest, found := strings.CutPrefix(line, "MemAvailable:")
		fields := strings.Fields(rest)
		if !found || len(fields) == 0 {
			continue
		}
		kib, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil {
			return 0, errAbsent
		}
		return kib << 10, nil
	}
	return 0, errAbsent
}
