package sequence

import (
	"context"
	"time"

	"halley/bayeux/history"
	"halley/loop/journal"
)

// expireEvery is how often a Local looks for what has become too old.
const expireEvery = time.Second

// Run forgets what has become too old, until ctx is done, and keeps the history file
// small and safe.
func (l *Local) Run(ctx context.Context) {
	ticker := time.NewTicker(expireEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			l.lookAfter()
		}
	}
}

func (l *Local) lookAfter() {
	if l.again.CompareAndSwap(true, false) {
		l.review()
	}
	kept := l.expire()
	if l.file == nil || l.away.Load() != nil {
		return
	}
	if l.file.Bloated(kept) {
		l.file.Compact()
	}
	l.file.LookAfter()
}

// expire forgets what has become too old, and tells how much with a history is left.
func (l *Local) expire() (kept int) {
	for more := true; more; {
		l.lock()
		more = l.past.Expire(l.options.Now(), mostAtOnce)
		kept = l.past.Kept()
		l.unlock()
	}
	return kept
}

// ForgetHalf forgets the older half of what is remembered, a part at a time. Cursors
// into it are refused, as with a smaller limit of bytes.
func (l *Local) ForgetHalf() {
	l.lock()
	half := l.past.Bytes() / 2
	l.unlock()
	for more := true; more; {
		l.lock()
		more = l.past.Shrink(half)
		l.unlock()
	}
}

// image hands what is remembered to put, part by part: of events those up to a number.
func (l *Local) image(upto int64, put func(history.Image)) {
	l.lock()
	imaging := l.past.Image(upto)
	l.unlock()
	for more := true; more; {
		var part history.Image
		l.lock()
		if part, more = imaging.Next(mostAtOnce); !more {
			part = imaging.End()
		}
		l.unlock()
		put(part)
	}
}

// Usage is what a Local has, and did.
type Usage struct {
	Events      int           `metric:"history_events" help:"Events remembered for replay and snapshots."`
	Bytes       int           `metric:"history_bytes" help:"Bytes that they take, about."`
	Pages       uint64        `metric:"history_pages_read_total" help:"Parts of histories read for replays."`
	Read        uint64        `metric:"history_events_read_total" help:"Events in them."`
	Dropped     uint64        `metric:"history_dropped_total" help:"Remembered events that went since new channel rules keep nothing, or less, of their channel."`
	LongestHold time.Duration `metric:"history_lock_longest_seconds" help:"The longest time that readers or publishers of channels with a history kept the others waiting."`
	File        journal.Counts
	Failing     bool `metric:"history_file_failing" help:"1 while the history file cannot be written."`
}

// Usage tells what it has and did so far.
func (l *Local) Usage() Usage {
	l.lock()
	u := Usage{Events: l.past.Len(), Bytes: l.past.Bytes(), Pages: l.replays.Pages, Read: l.replays.Events, LongestHold: l.longest, Dropped: l.dropped}
	file := l.file
	l.unlock()
	if file != nil {
		u.File, u.Failing = file.Usage()
	}
	return u
}
