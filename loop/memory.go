package loop

import (
	"maps"
	"runtime"
	"runtime/debug"
)

// memoryWatch finds the moments to give memory back: when most connections have gone and it has stayed so, since clients that were cut
// off come back, and when most sessions have, which do not, or most subscriptions. The collector alone would not: where nothing is
// allocated, it has no reason to run.
type memoryWatch struct{ connections, sessions, subscriptions departure }

const (
	trimLeast         = 1000   // that must have gone
	leastSubscribed   = 10_000 // likewise, of subscriptions
	trimShare         = 4      // at most one of so many may be left
	connectionsGone   = 5000   // milliseconds
	sessionsGone      = 1000
	subscriptionsGone = 1000
	goneMost          = 10_000 // milliseconds, though more go all the time
	trimStill         = 50     // hardly any go: less than one of so many
)

// due notes how many connections, sessions and subscriptions there are, and tells whether to trim now.
func (w *memoryWatch) due(connections, sessions, subscriptions, now int64) bool {
	left := w.connections.over(connections, trimLeast, connectionsGone, now)
	ended := w.sessions.over(sessions, trimLeast, sessionsGone, now)
	return w.subscriptions.over(subscriptions, leastSubscribed, subscriptionsGone, now) || ended || left
}

// departure is that most of something goes.
type departure struct {
	peak  int64
	few   int64 // when few were left first, in milliseconds; 0 there are more
	low   int64 // how many were left at since
	since int64 // when more than hardly any had gone last
}

// over notes how many there are, and tells once whether most have gone, least or more, and for some time hardly any more.
func (d *departure) over(count, least, rest, now int64) bool {
	d.peak = max(d.peak, count)
	if d.peak-count < least || count > d.peak/trimShare {
		d.few = 0
		return false
	}
	if d.few == 0 {
		d.few, d.low, d.since = now, count, now
	}
	if count < d.low-d.peak/trimStill {
		d.low, d.since = count, now
	}
	if now-d.since <= rest && now-d.few <= goneMost {
		return false
	}
	*d = departure{peak: count}
	return true
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
