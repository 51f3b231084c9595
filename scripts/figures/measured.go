package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"halley/bench/report"
)

// lacking are the figures that a run has not measured.
type lacking struct {
	left   []string // the names of those whose step was not run
	failed []string // those whose step was, and why there is no figure
}

// text is a line for each reason.
func (m lacking) text() string {
	lines := m.failed
	if len(m.left) > 0 {
		lines = append(lines, "their steps were left out: "+strings.Join(m.left, " "))
	}
	text := ""
	for _, line := range lines {
		text += "not measured: " + line + "\n"
	}
	return text
}

// measured are the figures of the list for which the folder of a run has samples, and those for which it has none.
func measured(dir string, l list) (found list, missing lacking, err error) {
	d := folder{dir: dir, samples: map[string][]float64{}, runs: map[string]*report.Run{}}
	paths, err := filepath.Glob(filepath.Join(dir, "samples-*"))
	if err != nil {
		return nil, missing, err
	}
	for _, path := range paths {
		if err := d.read(path); err != nil {
			return nil, missing, err
		}
	}
	for _, f := range l {
		s, err := parseSource(f.From)
		if err != nil {
			return nil, missing, err
		}
		values, err := d.values(s)
		if err != nil {
			missing.failed = append(missing.failed, f.Name+": "+err.Error())
			continue
		}
		if len(values) == 0 {
			missing.left = append(missing.left, f.Name)
			continue
		}
		slices.Sort(values)
		f.Rounds, f.Low, f.High = len(values), values[0], values[len(values)-1]
		f.Value = (values[(len(values)-1)/2] + values[len(values)/2]) / 2
		found = append(found, f)
	}
	return found, missing, nil
}

// folder is that of a run.
type folder struct {
	dir     string
	samples map[string][]float64
	runs    map[string]*report.Run // that were read, by name of the file
}

// maxRounds bounds the search for further rounds.
const maxRounds = 100

// values are those of the rounds. A round that failed fails all: what it measured is something else.
func (d *folder) values(s source) (values []float64, err error) {
	if s.record == fromSamples {
		return slices.Clone(d.samples[s.name]), nil
	}
	for round := 1; round <= maxRounds; round++ {
		value, ok, err := d.figure(s.record, round, s)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if s.to != "" {
			other, ok, err := d.figure(s.to, round, s)
			if err != nil {
				return nil, err
			}
			if !ok || other == 0 {
				continue
			}
			value /= other
		}
		values = append(values, value)
	}
	return values, nil
}

// figure is that of one record.
func (d *folder) figure(record string, round int, s source) (value float64, ok bool, err error) {
	name := record + ".json"
	if round > 1 {
		name = fmt.Sprintf("%s.%d.json", record, round)
	}
	run := d.runs[name]
	if run == nil {
		path := filepath.Join(d.dir, name)
		if _, err := os.Stat(path); err != nil {
			return 0, false, nil
		}
		if run, err = report.Load(path); err != nil {
			return 0, false, err
		}
		d.runs[name] = run
	}
	if run.Fault != "" {
		return 0, false, fmt.Errorf("%s failed: %s", name, run.Fault)
	}
	value, ok = run.Figure(s.group, s.name)
	if !ok {
		return 0, false, fmt.Errorf("%s has no %s, %s", name, s.group, s.name)
	}
	return value, true, nil
}

// read reads what a step without records has measured.
func (d *folder) read(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		name, text, _ := strings.Cut(lines.Text(), " ")
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("%s: %q is no sample", path, lines.Text())
		}
		d.samples[name] = append(d.samples[name], value)
	}
	return lines.Err()
}
