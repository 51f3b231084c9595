package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"halley/bayeux/client"
)

// startsWithSlash explains the commonest slip.
func startsWithSlash(channel string) error {
	if !strings.HasPrefix(channel, "/") {
		return usagef("channel %q: channels start with a slash, /%s", channel, channel)
	}
	return nil
}

const (
	firstPause   = 100 * time.Millisecond
	longestPause = 2 * time.Second
)

// patiently tries to reach a server until it answers, whatever it says, or the time
// is over; the last error is what it was in vain for.
func patiently(ctx context.Context, patience time.Duration, tell func(error), reach func(context.Context) error) error {
	deadline := time.Now().Add(patience)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := reach(ctx)
		if err == nil || isRefusal(err) || ctx.Err() != nil || !time.Now().Before(deadline) {
			return err
		}
		if pause == firstPause {
			tell(err)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(min(pause, time.Until(deadline))):
		}
	}
}

// isRefusal tells what asking again does not help against.
func isRefusal(err error) bool {
	var status *client.StatusError
	return errors.As(err, new(*client.BayeuxError)) || errors.As(err, &status) && !status.Passing()
}
