// Proved by TestNotes.

package main

import (
	"fmt"
	"sync"
	"time"

	"halley/scripts/disorders/model"
)

// diary is what one client has noted. Its handlers run on several goroutines.
type diary struct {
	began time.Time // of the run
	mu    sync.Mutex
	log   []model.Entry
	last  map[string]int // the greatest number by channel
	lines []string       // what else happened, for people
}

func newDiary(began time.Time) *diary { return &diary{began: began, last: make(map[string]int)} }

// note adds an entry with the time.
func (d *diary) note(e model.Entry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e.At = time.Since(d.began)
	d.log = append(d.log, e)
	if e.Kind == model.Got {
		d.last[e.Channel] = max(d.last[e.Channel], e.Number)
	}
}

// maxLines bounds what is kept for people.
const maxLines = 1000

// say keeps a line for people.
func (d *diary) say(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.lines) < maxLines {
		d.lines = append(d.lines, fmt.Sprintf("%8.3f s  ", time.Since(d.began).Seconds())+fmt.Sprintf(format, args...))
	}
}

// entries are a copy of the log.
func (d *diary) entries() []model.Entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]model.Entry(nil), d.log...)
}

// has tells whether a number of a channel, or a greater one, has come.
func (d *diary) has(channel string, number int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	last, ok := d.last[channel]
	return ok && last >= number
}
