// Proved by TestTAP.

package main

import (
	"bufio"
	"strconv"
	"strings"
)

// tapRun reads the form of TAP that Node's runner writes: parts are indented by four
// spaces, named before they begin, and followed by a block of YAML between --- and ...
type tapRun struct {
	report
	names   []string // of the tests that are open, the outermost first
	said    []string // by tests, since the last result
	all     []string
	current *failure // whose block is read
	block   []string // nil outside of one
}

func readTAP(lines *bufio.Scanner) report {
	t := &tapRun{}
	for lines.Scan() {
		t.all = append(t.all, lines.Text())
		t.take(lines.Text())
	}
	t.close() // a run that was cut off within a block
	if len(t.failures) == 0 && t.passed == 0 {
		t.failures = append(t.failures, failure{"node --test", t.all})
	}
	return t.report
}

func (t *tapRun) take(line string) {
	text := strings.TrimLeft(line, " ")
	depth := (len(line) - len(text)) / 4
	switch {
	case text == "---" && t.block == nil:
		t.block = []string{}
	case t.block != nil && text == "...":
		t.close()
	case t.block != nil:
		t.block = append(t.block, line)
	case strings.HasPrefix(text, "# Subtest: "):
		t.names = append(t.names[:min(depth, len(t.names))], strings.TrimPrefix(text, "# Subtest: "))
	case strings.HasPrefix(text, "# ") && depth == 0:
		t.comment(text[2:])
	case strings.HasPrefix(text, "ok "):
		t.said, t.current = nil, nil
	case strings.HasPrefix(text, "not ok "):
		t.notOK(text, depth)
	}
}

// comment is what a test said, or a number at the end.
func (t *tapRun) comment(text string) {
	word, number, _ := strings.Cut(text, " ")
	n, err := strconv.Atoi(number)
	switch {
	case err == nil && word == "pass":
		t.passed = n
	case err == nil && word == "fail":
		t.failed = n
	default:
		t.said = append(t.said, text)
	}
}

func (t *tapRun) notOK(text string, depth int) {
	t.current = nil
	if !strings.HasSuffix(text, "# TODO") && !strings.Contains(text, " # SKIP") {
		_, name, _ := strings.Cut(text, " - ")
		path := append(append([]string{}, t.names[:min(depth, len(t.names))]...), name)
		t.current = &failure{strings.Join(path, " > "), t.said}
	}
	t.said = nil
}

// close ends a block. A test that failed only because a part of it did is left out.
func (t *tapRun) close() {
	block, test := t.block, t.current
	t.block, t.current = nil, nil
	if test == nil {
		return
	}
	for _, line := range block {
		switch word := strings.TrimSpace(line); {
		case word == "failureType: 'subtestsFailed'":
			return
		case strings.HasPrefix(word, "duration_ms:"), strings.HasPrefix(word, "failureType:"), strings.HasPrefix(word, "type:"):
		default:
			test.output = append(test.output, word)
		}
	}
	t.failures = append(t.failures, *test)
}
