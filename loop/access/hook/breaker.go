package hook

import (
	"sync"
	"time"
)

// breaker keeps questions from a program that does not answer: after some failures in a row it is open for a while,
// then lets one question through to see. Without it each client would wait for the whole time-out.
type breaker struct {
	mu     sync.Mutex
	failed int       // in a row
	until  time.Time // when the next one may try; zero while it is closed
	pause  time.Duration
	trying bool // somebody sees whether it answers again
}

const (
	failuresInRow = 5
	firstPause    = time.Second
	longestPause  = 5 * time.Second
)

// shuts tells whether a question would be turned away now.
func (b *breaker) shuts(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.until.IsZero() && (b.trying || now.Before(b.until))
}

// enter lets a question through, or not. Who was let through reports with leave.
func (b *breaker) enter(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until.IsZero() {
		return true
	}
	if b.trying || now.Before(b.until) {
		return false
	}
	b.trying = true
	return true
}

// leave takes note of whether there was an answer, and returns whether the state has changed by it.
func (b *breaker) leave(now time.Time, answered bool) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	open := !b.until.IsZero()
	if answered {
		b.failed, b.until, b.pause, b.trying = 0, time.Time{}, 0, false
		return open
	}
	if b.failed++; b.failed < failuresInRow || open && !b.trying {
		return false // one that was under way when it opened says nothing new
	}
	b.trying = false
	b.pause = min(max(2*b.pause, firstPause), longestPause)
	b.until = now.Add(b.pause)
	return !open
}
