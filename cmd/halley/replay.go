// Proved by TestReplayReachesEveryone, TestReplayCountsBadRows and TestReplayIsInterrupted.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"halley/cmd/halley/feed"
	"halley/cmd/halley/publish"
)

// replay publishes a recorded feed. Rows that are due at once travel in one
// request; rows are never reordered.
func (c *pubCommand) replay(env environment, s *sender) error {
	file, err := feed.Open(c.Csv, env.stdin)
	if err != nil {
		return usageError{fmt.Errorf("--csv: %w", err)}
	}
	defer file.Close()
	if c.Csv == feed.Synthetic {
		fmt.Fprintln(env.stdout, "the feed is generated, not recorded")
	}
	template := c.Template
	if template == "" {
		template = c.Channel
	}
	rows, err := feed.NewRows(file, feed.Options{Channel: template, Time: c.Time, From: c.From, To: c.To})
	if err != nil {
		return usageError{err}
	}
	return pump(env.ctx, s, rows, &feed.Pace{Speed: c.Speed})
}

// pump publishes rows when they are due, counted from the first one.
func pump(ctx context.Context, s *sender, rows *feed.Rows, pace *feed.Pace) error {
	var start time.Time
	var buffer []byte
	for ctx.Err() == nil {
		row, err := rows.Next(buffer)
		if errors.Is(err, io.EOF) {
			return s.flush()
		}
		var bad *feed.RowError
		if errors.As(err, &bad) {
			s.refuse(fmt.Sprintf("row on line %d", bad.Line), bad.Reason)
			continue
		}
		if err != nil {
			return fmt.Errorf("--csv: %w", err)
		}
		buffer = row.Data
		if start.IsZero() {
			start = time.Now()
		}
		if err := await(ctx, s, start.Add(pace.Due(row.Time))); err != nil {
			return err
		}
		m := publish.Message{Channel: row.Channel, Data: bytes.Clone(row.Data)}
		if err := s.add(m, fmt.Sprintf("row on line %d", row.Line)); err != nil {
			return err
		}
	}
	return errors.Join(s.flush(), errors.New("interrupted"))
}

// await publishes what is due already and waits for the rest's time.
func await(ctx context.Context, s *sender, due time.Time) error {
	if time.Until(due) <= 0 {
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil
}
