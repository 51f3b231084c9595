package loop

import (
	"errors"
	"fmt"
)

// ErrClosed means that the server does not run, or drains.
var ErrClosed = errors.New("server is not running")

// ErrBusy means that a loop has more to do than its mailbox may hold: the caller
// should try again later.
var ErrBusy = errors.New("server is busy")

// ErrTooLarge means that a batch is more than a loop's mailbox may hold.
var ErrTooLarge = errors.New("batch is larger than --max-mailbox: send it in parts")

// ErrHistory means that nothing of a batch was published, or not for certain, since what of it has a
// history could not be stored.
var ErrHistory = errors.New("history not stored")

// ErrMemory means that the server has no memory to spare: the caller should try again
// later.
var ErrMemory = fmt.Errorf("%w: it has no memory to spare", ErrBusy)
