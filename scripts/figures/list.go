package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// figure is a line of the list: what was measured, by which step of scripts/bench --full, and where in the folder of a run it is
// found.
type figure struct {
	Name   string
	Step   string
	From   string  // see source
	Unit   string  // ns, B, n, /s, % or ×
	Value  float64 // the median of the rounds
	Low    float64
	High   float64
	Rounds int
	Record string // the folder in bench/results that tells of the run
}

type list []figure

// head is the first line of the file.
func head() []string {
	return []string{"figure", "step", "from", "unit", "median", "low", "high", "rounds", "record"}
}

var errList = errors.New("the list of figures")

// readList reads the file.
func readList(path string) (list, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(rows) == 0 || !slices.Equal(rows[0], head()) {
		return nil, fmt.Errorf("%w: the first line is %s", errList, strings.Join(head(), ","))
	}
	var l list
	for _, row := range rows[1:] {
		f, err := parse(row)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", errList, row[0], err)
		}
		if l.index(f.Name) >= 0 {
			return nil, fmt.Errorf("%w: %s is there twice", errList, f.Name)
		}
		l = append(l, f)
	}
	return l, nil
}

func parse(row []string) (f figure, err error) {
	f = figure{Name: row[0], Step: row[1], From: row[2], Unit: row[3], Record: row[8]}
	for i, value := range []*float64{&f.Value, &f.Low, &f.High} {
		if *value, err = strconv.ParseFloat(row[4+i], 64); err != nil {
			return f, err
		}
	}
	if f.Rounds, err = strconv.Atoi(row[7]); err != nil {
		return f, err
	}
	if !strings.Contains(" ns B n /s % × ", " "+f.Unit+" ") || f.Value < f.Low || f.Value > f.High || f.Rounds < 1 {
		return f, fmt.Errorf("no unit, or a median that is not within its spread: %q", row)
	}
	_, err = parseSource(f.From)
	return f, err
}

// write writes the file.
func (l list) write(path string) error {
	var text strings.Builder
	w := csv.NewWriter(&text)
	rows := [][]string{head()}
	for _, f := range l {
		rows = append(rows, []string{f.Name, f.Step, f.From, f.Unit, short(f.Value), short(f.Low), short(f.High), strconv.Itoa(f.Rounds), f.Record})
	}
	if err := w.WriteAll(rows); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text.String()), 0o644)
}

// short is a number by five digits, which is more than any measurement is good for; a count has all of its digits.
func short(v float64) string {
	if v == math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 5, 64), 64) // its own text
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// index is where a figure stands in the list, -1 where it does not.
func (l list) index(name string) int {
	return slices.IndexFunc(l, func(f figure) bool { return f.Name == name })
}

// widened is the figure with a spread that has what an earlier run has found, too.
func (f figure) widened(by figure) figure {
	f.Low, f.High, f.Rounds = min(f.Low, by.Low), max(f.High, by.High), f.Rounds+by.Rounds
	return f
}

// text is the median for people.
func (f figure) text() string { return people(f.Value, f.Unit) }

// spread is the least and the greatest of the rounds.
func (f figure) spread() string {
	if f.Rounds == 1 {
		return "one round"
	}
	low, high := people(f.Low, f.Unit), people(f.High, f.Unit)
	if f.Unit == "×" { // for which the median is enough
		low, high = strings.TrimSuffix(low, " ×"), strings.TrimSuffix(high, " ×")
	}
	return low + " to " + high
}

// By what share another run's median may be beside the spread.
const (
	slack    = 0.1  // of a figure of one or two rounds
	rounding = 1e-4 // of others: the list has five digits
)

// holds tells whether another run's median is within the spread of the figure.
func (f figure) holds(median float64) bool {
	beside := rounding
	if f.Rounds <= 2 {
		beside = slack
	}
	return f.Low-beside*math.Abs(f.Low) <= median && median <= f.High+beside*math.Abs(f.High)
}

// people writes a value by three digits, with its unit.
func people(v float64, unit string) string {
	switch unit {
	case "ns":
		return scaled(v, 1000, 1000, "ns", "µs", "ms", "s")
	case "B":
		return scaled(v, 1024, 64<<10, "B", "KiB", "MiB", "GiB")
	case "×":
		return strconv.FormatFloat(v, 'f', 2, 64) + " ×"
	case "%":
		return digits(v) + " %"
	case "/s":
		return digits(v) + "/s"
	}
	return digits(v)
}

// scaled is a value in the first of the units in which it is below 1,000 or so; up to a limit the first one is kept.
func scaled(v, step, limit float64, units ...string) string {
	if math.Abs(v) < limit {
		return digits(v) + " " + units[0]
	}
	i := 0
	for ; i+1 < len(units) && math.Abs(v) >= step; i++ {
		v /= step
	}
	return digits(v) + " " + units[i]
}

// digits are the first three of a number, and all before its point, in groups of three.
func digits(v float64) string {
	places := 0
	if a := math.Abs(v); v != math.Trunc(v) && a < 100 {
		places = 1
		if a < 10 {
			places = 2
		}
	}
	text := strconv.FormatFloat(v, 'f', places, 64)
	whole, rest, _ := strings.Cut(text, ".")
	for at := len(whole) - 3; at > 0 && whole[at-1] != '-'; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if rest != "" {
		rest = "." + rest
	}
	return whole + rest
}
