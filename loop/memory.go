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
)

// due notes how many connections there are, and tells whether to trim now. Sessions live so much longer
// than connections: a second trim comes for them.
func (w *memoryWatch) due(connections, longer, now int64) bool {
	w.peak = max(w.peak, connections)
	if w.peak-connections < trimLeast || connections > w.peak/trimShare {
		w.since, w.once = 0, false
		return false
	}
	if w.since == 0 {
		w.since = now
	}
	switch elapsed := now - w.since; {
	case elapsed > longer+trimDelay:
		*w = memoryWatch{peak: connections}
		return true
	case elapsed > trimDelay && !w.once:
		w.once = true
		return true
	}
	return false
}

// rushWatch finds the moment to collect what new connections have left: when many were made, and then hardly any. Tables have grown
// by copies of themselves, a TLS handshake leaves about ten times what its connection keeps, and idle connections give the collector
// no reason to run.
type rushWatch struct {
	collected uint64 // connections and handshakes of which what they left is gone
	seen      uint64
	since     int64 // when few were made first, in milliseconds
}

const (
	rushLeast = 1000 // that must have been made
	rushPause = 2000 // milliseconds for which hardly any must have been
	rushFew   = 50   // of them in that time
)

// due notes how many connections and handshakes have been made, and tells whether to collect now.
func (w *rushWatch) due(made uint64, now int64) bool {
	if made-w.collected < rushLeast {
		return false
	}
	if made-w.seen > rushFew {
		w.seen, w.since = made, now
	}
	if now-w.since < rushPause {
		return false
	}
	*w = rushWatch{collected: made, seen: made, since: now}
	return true
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
