// Command failures reads what a test runner said and prints what failed: a line with the
// numbers of passed and failed tests, and then each failure's name with its output.
//
//	failures go FILE     of go test -json
//	failures tap FILE    of node --test --test-reporter=tap
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: failures go|tap FILE")
		os.Exit(2)
	}
	file, err := os.Open(os.Args[2])
	if err == nil {
		defer file.Close()
		err = run(os.Stdout, os.Args[1], file)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "failures:", err)
		os.Exit(1)
	}
}

// report is what a runner said about its tests.
type report struct {
	passed, failed int
	failures       []failure
}

// failure is a test that failed, or did not end, and what it said.
type failure struct {
	name   string
	output []string
}

func run(out io.Writer, form string, in io.Reader) error {
	read := map[string]func(*bufio.Scanner) report{"go": readGo, "tap": readTAP}[form]
	if read == nil {
		return fmt.Errorf("no form %q: it is go or tap", form)
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20) // a line may be a whole page that a test did not expect
	r := read(lines)
	if err := lines.Err(); err != nil {
		return err
	}
	return r.write(out)
}

func (r *report) write(out io.Writer) error {
	_, err := fmt.Fprintln(out, r.passed, r.failed)
	for _, f := range r.failures {
		fmt.Fprintf(out, "FAIL  %s\n", f.name)
		for _, line := range shorten(f.output) {
			_, err = fmt.Fprintf(out, "      %s\n", strings.TrimRight(line, " \n"))
		}
	}
	return err
}

// Of a failure's output so many lines are shown, from its begin and from its end.
const head, tail = 60, 60

func shorten(lines []string) []string {
	left := len(lines) - head - tail
	if left <= 1 {
		return lines
	}
	short := append([]string{}, lines[:head]...)
	short = append(short, fmt.Sprintf("… %d lines left out …", left))
	return append(short, lines[len(lines)-tail:]...)
}
