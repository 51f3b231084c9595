// Proved by TestPublishAndSubscribe, TestLinesArePassedOnAtOnce and TestLinesReportReadingErrors.

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/goccy/go-json"

	"halley/cmd/halley/publish"
)

const (
	maxBatchMessages = 1000
	maxBatchBytes    = 1 << 20
	maxLine          = 16 << 20 // one line of standard input
	maxComplaints    = 10       // refused messages that are named; all are counted
)

// sender gathers messages into batches and counts what became of them.
type sender struct {
	ctx   context.Context
	to    publish.Publisher
	log   io.Writer
	begun time.Time

	batch     []publish.Message
	origins   []string // where each message of the batch came from
	bytes     int
	published int
	refused   int
}

// add puts a message into the batch, which is published when it is full. The
// message's data must stay as it is.
func (s *sender) add(m publish.Message, origin string) error {
	s.batch = append(s.batch, m)
	s.origins = append(s.origins, origin)
	s.bytes += len(m.Channel) + len(m.Data)
	if len(s.batch) >= maxBatchMessages || s.bytes >= maxBatchBytes {
		return s.flush()
	}
	return nil
}

// flush publishes the batch.
func (s *sender) flush() error {
	if len(s.batch) == 0 {
		return nil
	}
	refused, err := s.to.Publish(s.ctx, s.batch)
	for _, r := range refused {
		s.refuse(s.origins[r.Index]+" on "+s.batch[r.Index].Channel, r.Reason)
	}
	if err != nil {
		return err
	}
	s.published += len(s.batch) - len(refused)
	s.batch, s.origins, s.bytes = s.batch[:0], s.origins[:0], 0
	return nil
}

// refuse counts a message that was not published and says why.
func (s *sender) refuse(what, why string) {
	s.refused++
	if s.refused <= maxComplaints {
		fmt.Fprintf(s.log, "halley pub: refused: %s: %s\n", what, why)
	}
}

// sendLines publishes standard input line by line, to a channel or, when it is
// empty, each line to its own. What has been read is published before waiting
// for more, so that a slow pipe is passed on at once.
func sendLines(env environment, s *sender, channel string) error {
	lines, failed := readLines(env.ctx, env.stdin)
	for n := 1; ; n++ {
		line, ok, err := nextLine(s, lines)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		origin := fmt.Sprintf("line %d", n)
		m, err := parseLine(line, channel)
		if err != nil {
			s.refuse(origin, err.Error())
			continue
		}
		if err := s.add(m, origin); err != nil {
			return err
		}
	}
	if err := s.flush(); err != nil {
		return err
	}
	return failed()
}

// nextLine takes a line, and publishes the batch when it has to wait for it.
func nextLine(s *sender, lines <-chan []byte) (line []byte, ok bool, err error) {
	select {
	case line, ok = <-lines:
		return line, ok, nil
	default:
	}
	if err := s.flush(); err != nil {
		return nil, false, err
	}
	select {
	case line, ok = <-lines:
		return line, ok, nil
	case <-s.ctx.Done():
		return nil, false, nil
	}
}

// readLines reads in the background, since a read of a terminal cannot be
// interrupted. failed gives the error of reading once lines is closed.
func readLines(ctx context.Context, r io.Reader) (<-chan []byte, func() error) {
	lines := make(chan []byte, maxBatchMessages)
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 0, 64<<10), maxLine)
	go func() {
		defer close(lines)
		for scanner.Scan() {
			select {
			case lines <- bytes.Clone(scanner.Bytes()):
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines, func() error {
		if ctx.Err() != nil {
			return nil // the reader may still be at it
		}
		return scanner.Err()
	}
}

// parseLine makes a message of a line.
func parseLine(line []byte, channel string) (publish.Message, error) {
	if channel != "" {
		if !json.Valid(line) {
			return publish.Message{}, errors.New("not JSON")
		}
		return publish.Message{Channel: channel, Data: line}, nil
	}
	var object struct {
		Channel string          `json:"channel"`
		Data    json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(line, &object); err != nil {
		return publish.Message{}, errors.New(`not an object {"channel":…,"data":…}`)
	}
	if object.Channel == "" || object.Data == nil {
		return publish.Message{}, errors.New("channel or data is missing")
	}
	return publish.Message{Channel: object.Channel, Data: object.Data}, nil
}
