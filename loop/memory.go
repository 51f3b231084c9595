package loop

import (
	"maps"
	"runtime"
	"runtime/debug"
)

// memoryWatch finds the moment to give memory back: when most connections have
// gone, and it has stayed so. The collector alone would not: where nothing is
// allocated, it has no reason to run.
type memoryWatch struct {
	peak  int64
	since int64 // when there were that few first, in milliseconds; 0 there are not
	once  bool  // trimmed since
}

const (
	trimLeast = 1000 // connections that must have gone
	trimShare = 4    // at most one of so many may be left
	trimDelay = 5000 // milliseconds
	// trimAgain is how much longer sessions live than connections: a second trim
	// comes for them.
	trimAgain = 20_000
)

// due notes how many connections there are, and tells whether to trim now.
func (w *memoryWatch) due(connections, now int64) bool {
	w.peak = max(w.peak, connections)
	if w.peak-connections < trimLeast || connections > w.peak/trimShare {
		w.since, w.once = 0, false
		return false
	}
	if w.since == 0 {
		w.since = now
	}
	switch elapsed := now - w.since; {
	case elapsed > trimAgain:
		*w = memoryWatch{peak: connections}
		return true
	case elapsed > trimDelay && !w.once:
		w.once = true
		return true
	}
	return false
}

// fitted is a copy of m with room for what is in it: maps do not shrink.
func fitted[K comparable, V any](m map[K]V) map[K]V {
	fit := make(map[K]V, len(m))
	maps.Copy(fit, m)
	return fit
}

// collectGarbage has what was given up returned to the system. Pools let go of their
// contents with the second collection only.
func collectGarbage() {
	runtime.GC()
	debug.FreeOSMemory()
}
