package main

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"halley/bayeux/client"
)

// reminder is how long a failure that goes on is not told of again.
const reminder = time.Minute

// complaints tells of what goes wrong while a command tries on: of each cause once, and of one that goes on again every
// minute. Each loss is told: of messages that were dropped, and of a connection that had brought something.
type complaints struct {
	w       io.Writer
	command string
	now     func() time.Time

	mu    sync.Mutex
	cause string    // that was told last
	told  time.Time // when
	more  int       // how often it has come since
}

// say tells of a failure, by whatever goroutine.
func (c *complaints) say(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, cause := c.now(), err.Error()
	if cause == c.cause && !isLoss(err) && now.Sub(c.told) < reminder {
		c.more++
		return
	}
	again := ""
	if cause == c.cause && c.more > 0 {
		again = fmt.Sprintf(" (and %d times more)", c.more)
	}
	c.cause, c.told, c.more = cause, now, 0
	fmt.Fprintf(c.w, "%s: %s%s\n", c.command, cause, again)
}

// isLoss tells what is no attempt that failed once more.
func isLoss(err error) bool {
	return errors.Is(err, client.ErrConnectionEnded) || errors.As(err, new(*client.DroppedError))
}

// forget has the next failure told whatever it is, since something has gone well.
func (c *complaints) forget() {
	c.mu.Lock()
	c.cause = ""
	c.mu.Unlock()
}
