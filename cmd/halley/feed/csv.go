package feed

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Rows reads a recorded feed: comma-separated values whose first line names
// the columns.
type Rows struct {
	csv     *csv.Reader
	names   []string
	keys    [][]byte // `"name":`
	channel []part
	time    int // column that paces, -1 for none
	from    float64
	to      float64
	line    int
}

// Options choose what of a feed is published, and where.
type Options struct {
	Channel string   // template such as /stock/{symbol}
	Time    string   // the column of milliseconds that paces; empty for none
	From    *float64 // rows before this time are left out
	To      *float64 // rows from this time on are left out
}

// Row is one message of a feed. It is valid until the next one is read.
type Row struct {
	Line    int
	Channel string
	Data    []byte  // the columns as a JSON object
	Time    float64 // milliseconds, 0 without a time column
}

// RowError is a row that cannot be published. Those after it can.
type RowError struct {
	Line   int
	Reason string
}

// Error names the line.
func (e *RowError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// NewRows reads the head line. Its errors name the flag that does not fit it.
func NewRows(r io.Reader, o Options) (*Rows, error) {
	c := csv.NewReader(r)
	c.ReuseRecord = true
	head, err := c.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("--csv: the file is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("--csv: %w", err)
	}
	rows := &Rows{csv: c, time: -1, line: 1}
	for _, name := range head {
		name = strings.TrimPrefix(name, "\uFEFF")
		switch {
		case !utf8.ValidString(name):
			return nil, fmt.Errorf("--csv: line 1: column name %q is not UTF-8", name)
		case index(rows.names, name) >= 0:
			return nil, fmt.Errorf("--csv: line 1: column %q is given twice", name)
		}
		rows.names = append(rows.names, name)
		rows.keys = append(rows.keys, append(AppendString(nil, name), ':'))
	}
	if rows.channel, err = parseTemplate(o.Channel, rows.names); err != nil {
		return nil, fmt.Errorf("--channel: %w", err)
	}
	return rows, rows.window(o)
}

// window finds the time column.
func (r *Rows) window(o Options) error {
	if o.Time == "" {
		if o.From != nil || o.To != nil {
			return errors.New("--from, --to: need --time, the column that they are about")
		}
		return nil
	}
	if r.time = index(r.names, o.Time); r.time < 0 {
		return fmt.Errorf("--time: the file has no column %q, only %s", o.Time, strings.Join(r.names, ", "))
	}
	r.from, r.to = math.Inf(-1), math.Inf(1)
	if o.From != nil {
		r.from = *o.From
	}
	if o.To != nil {
		r.to = *o.To
	}
	return nil
}

// Next gives the next row of the window, appending its data to dst[:0]. At the
// end it returns io.EOF; after a *RowError it can be called again.
func (r *Rows) Next(dst []byte) (Row, error) {
	for {
		record, err := r.csv.Read()
		if errors.Is(err, io.EOF) {
			return Row{}, io.EOF
		}
		var syntax *csv.ParseError
		if errors.As(err, &syntax) {
			return Row{}, &RowError{syntax.Line, syntax.Err.Error()}
		}
		if err != nil {
			return Row{}, err
		}
		line, _ := r.csv.FieldPos(0)
		at, err := r.at(record, line)
		if err != nil {
			return Row{}, err
		}
		if r.time >= 0 && (at < r.from || at >= r.to) {
			continue
		}
		if reason := r.unfit(record); reason != "" {
			return Row{}, &RowError{line, reason}
		}
		return Row{Line: line, Channel: expand(r.channel, record), Data: r.object(dst[:0], record), Time: at}, nil
	}
}

// unfit says why a row cannot be published as it is. Left empty, a part of the
// channel would make it another one; JSON is UTF-8.
func (r *Rows) unfit(record []string) string {
	for _, p := range r.channel {
		if p.column >= 0 && record[p.column] == "" {
			return r.names[p.column] + " is empty, and a part of the channel"
		}
	}
	for i, cell := range record {
		if !utf8.ValidString(cell) {
			return fmt.Sprintf("%s is %q, which is not UTF-8", r.names[i], cell)
		}
	}
	return ""
}

// at reads the time of a row.
func (r *Rows) at(record []string, line int) (float64, error) {
	if r.time < 0 {
		return 0, nil
	}
	at, err := strconv.ParseFloat(record[r.time], 64)
	if err != nil || at != at {
		return 0, &RowError{line, fmt.Sprintf("%s is %q, not a number of milliseconds", r.names[r.time], record[r.time])}
	}
	return at, nil
}

// object writes the columns in their order.
func (r *Rows) object(dst []byte, record []string) []byte {
	dst = append(dst, '{')
	for i, column := range record {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, r.keys[i]...)
		dst = AppendValue(dst, column)
	}
	return append(dst, '}')
}

func index(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}
