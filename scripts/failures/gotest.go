// Proved by TestGoEvents.

package main

import (
	"bufio"
	"encoding/json"
	"strings"
)

// event is a line of go test -json; see go doc test2json.
type event struct {
	Action      string
	Package     string
	Test        string
	ImportPath  string // of build-output
	FailedBuild string
	Output      string
}

// key names a test, or with an empty test its package.
type key struct{ folder, test string }

// String is the package and the test.
func (k key) String() string {
	if k.test == "" {
		return k.folder
	}
	return k.folder + " " + k.test
}

// goRun gathers the events of a run.
type goRun struct {
	report
	order  []key
	output map[key][]string
	state  map[key]string // the last action that is not output
	blamed map[key]bool   // tests and packages of which a part has failed
	builds map[string][]string
	other  []string // what was no event
}

func readGo(lines *bufio.Scanner) report {
	g := &goRun{output: map[key][]string{}, state: map[key]string{}, blamed: map[key]bool{}, builds: map[string][]string{}}
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Action == "" {
			g.other = append(g.other, lines.Text())
			continue
		}
		g.take(e)
	}
	g.judge()
	return g.report
}

func (g *goRun) take(e event) {
	k := key{e.Package, e.Test}
	top := e.Test != "" && !strings.Contains(e.Test, "/")
	switch e.Action {
	case "output":
		if !marker(e.Output) {
			g.output[k] = append(g.output[k], e.Output)
		}
		return
	case "build-output":
		g.builds[e.ImportPath] = append(g.builds[e.ImportPath], e.Output)
		return
	case "start", "run":
		g.order = append(g.order, k)
	case "pass":
		if top {
			g.passed++
		}
	case "fail":
		if top {
			g.failed++
		}
		g.blame(k)
		g.output[k] = append(g.output[k], g.builds[e.FailedBuild]...)
	}
	g.state[k] = e.Action
}

// blame notes that k's failure explains that of what it is a part of.
func (g *goRun) blame(k key) {
	for k.test != "" {
		k.test = k.test[:max(strings.LastIndexByte(k.test, '/'), 0)]
		g.blamed[k] = true
	}
}

// judge lists, in the order in which they began, the tests that failed or did not end. One
// whose part failed is left out unless it said something itself.
func (g *goRun) judge() {
	for _, k := range g.order {
		switch name, silent := k.String(), len(g.output[k]) == 0; {
		case g.state[k] == "fail" && !(g.blamed[k] && (silent || k.test == "")):
			g.failures = append(g.failures, failure{name, g.output[k]})
		case g.state[k] == "run" || g.state[k] == "cont":
			g.failures = append(g.failures, failure{name + " (did not end)", g.output[k]})
		}
	}
	if len(g.failures) == 0 && len(g.other) > 0 && g.passed == 0 {
		g.failures = append(g.failures, failure{"go test", g.other})
	}
}

// marker reports whether a line only says where a test begins, waits or ends.
func marker(line string) bool {
	line = strings.TrimLeft(line, " ")
	for _, prefix := range []string{"=== RUN", "=== PAUSE", "=== CONT", "=== NAME", "--- PASS", "--- FAIL", "--- SKIP"} {
		if strings.HasPrefix(line, prefix) {
			return true
		}
	}
	return false
}
