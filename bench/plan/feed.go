package plan

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Tick is one row of a recorded feed.
type Tick struct {
	Due    time.Duration // from the start of the replay
	Symbol int           // index into Feed.Symbols
	Row    string        // the row's columns as a JSON object, numbers as they were written
}

// Feed is a recorded feed that is ready to be replayed.
type Feed struct {
	Symbols []string
	Ticks   []Tick
}

// FeedOptions say which columns and which part of a recorded feed to replay, and how fast.
type FeedOptions struct {
	Time     string        // column with milliseconds; the rows must be in its order
	Symbol   string        // column that names the symbol
	From, To time.Duration // window From <= t < To of the time column; To 0 means to the end
	Speed    float64       // 60 replays a minute in a second; 0 means 1
	Limit    int           // at most so many rows; 0 means all
}

// ErrFeed says that a recorded feed does not have the form that a replay needs.
var ErrFeed = errors.New("recorded feed")

// ReadFeed reads CSV with a head line. Errors wrap ErrFeed and name the line.
func ReadFeed(r io.Reader, o FeedOptions) (*Feed, error) {
	rows := csv.NewReader(r)
	rows.ReuseRecord = true
	head, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("%w: no head line: %v", ErrFeed, err)
	}
	b := feedBuilder{head: slices.Clone(head), options: o, index: map[string]int{}, feed: &Feed{}}
	b.time, b.symbol = slices.Index(head, o.Time), slices.Index(head, o.Symbol)
	if b.time < 0 || b.symbol < 0 {
		return nil, fmt.Errorf("%w: columns %q and %q are not both among %q", ErrFeed, o.Time, o.Symbol, head)
	}
	for !b.done {
		row, err := rows.Read()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = b.add(row)
		}
		if err != nil {
			line, _ := rows.FieldPos(0)
			return nil, fmt.Errorf("%w: line %d: %v", ErrFeed, line, err)
		}
	}
	return b.feed, nil
}

type feedBuilder struct {
	head         []string
	options      FeedOptions
	time, symbol int
	index        map[string]int
	feed         *Feed
	last         time.Duration
	done         bool
}

func (b *feedBuilder) add(row []string) error {
	ms, err := strconv.ParseInt(row[b.time], 10, 64)
	if err != nil {
		return err
	}
	at := time.Duration(ms) * time.Millisecond
	if at < b.last {
		return errors.New("time runs backwards")
	}
	b.last = at
	o := b.options
	if at < o.From {
		return nil
	}
	if o.To > 0 && at >= o.To || o.Limit > 0 && len(b.feed.Ticks) >= o.Limit {
		b.done = true
		return nil
	}
	b.feed.Ticks = append(b.feed.Ticks, Tick{Due: b.due(at), Symbol: b.number(row[b.symbol]), Row: b.object(row)})
	return nil
}

func (b *feedBuilder) due(at time.Duration) time.Duration {
	speed := b.options.Speed
	if speed <= 0 {
		speed = 1
	}
	return time.Duration(float64(at-b.options.From) / speed)
}

func (b *feedBuilder) number(symbol string) int {
	i, known := b.index[symbol]
	if !known {
		i = len(b.feed.Symbols)
		b.index[symbol] = i
		b.feed.Symbols = append(b.feed.Symbols, symbol)
	}
	return i
}

func (b *feedBuilder) object(row []string) string {
	out := []byte{'{'}
	for i, name := range b.head {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendQuote(out, name)
		out = append(out, ':')
		if isNumber(row[i]) {
			out = append(out, row[i]...)
		} else {
			out = strconv.AppendQuote(out, row[i])
		}
	}
	return string(append(out, '}'))
}

// isNumber reports whether s may stand in JSON as a number (RFC 8259, 6; no exponent in feeds).
func isNumber(s string) bool {
	whole, fraction, point := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if len(whole) > 1 && whole[0] == '0' {
		return false
	}
	return isDigits(whole) && (!point || isDigits(fraction))
}

func isDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}
