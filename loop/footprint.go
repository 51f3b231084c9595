// Proved by TestFootprint.

package loop

import (
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
)

// footprint is what this process has of the host's memory, in bytes.
type footprint struct {
	objects int64 // of the heap, dead ones that were not collected included
	live    int64 // objects that the last collection found in use
	held    int64 // by the runtime: what it has mapped and not given back
	program int64 // pages of files, which is the program's own text
}

// resident is the most that the host may count for the process.
func (f footprint) resident() int64 { return f.held + f.program }

// footprintNow asks the runtime and the kernel, which takes some ten microseconds.
func footprintNow() footprint {
	sample := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"},
		{Name: "/gc/heap/live:bytes"},
	}
	metrics.Read(sample)
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		text = nil // no Linux
	}
	return footprint{
		objects: int64(sample[0].Value.Uint64()),
		live:    int64(sample[3].Value.Uint64()),
		held:    int64(sample[1].Value.Uint64() - sample[2].Value.Uint64()),
		program: filePages(string(text)) * int64(os.Getpagesize()),
	}
}

// filePages is how many pages of files are resident, by the text of /proc/self/statm.
func filePages(statm string) int64 {
	fields := strings.Fields(statm)
	if len(fields) < 3 {
		return 0
	}
	n, _ := strconv.ParseInt(fields[2], 10, 64)
	return n
}
