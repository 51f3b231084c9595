package client

import (
	"time"

	"golang.org/x/sys/unix"
)

// Clock reads nanoseconds since the start of a run. All processes of a run on one
// machine share the monotonic clock of the kernel, so their readings can be compared.
type Clock struct {
	anchor time.Time // read through the vDSO, which costs a tenth of the system call
	offset int64     // what the anchor is in nanoseconds since the start of the run
}

// Monotonic is the kernel's monotonic clock in nanoseconds, the value to hand to
// NewClock in every process of a run.
func Monotonic() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // fails only for a bad clock or address
	return ts.Nano()
}

// NewClock makes the clock of the run that started at the monotonic time start.
func NewClock(start int64) Clock {
	return Clock{anchor: time.Now(), offset: Monotonic() - start}
}

// Now is the time since the run's start in nanoseconds.
func (c Clock) Now() int64 { return int64(time.Since(c.anchor)) + c.offset }
