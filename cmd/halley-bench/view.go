// Proved by TestPlainView and TestBarView.

package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"halley/bench/client"
)

// view shows a run's progress on standard error: a bar on a terminal, else a line now and then.
type view struct {
	out      io.Writer
	terminal bool
	name     string
	total    int64
	bar      *progressbar.ProgressBar
	printed  time.Time
}

const lineEvery = 5 * time.Second

func newView(quiet bool) *view {
	if quiet {
		return &view{out: io.Discard}
	}
	return &view{out: os.Stderr, terminal: term.IsTerminal(int(os.Stderr.Fd()))}
}

// Phase begins a bar or a line.
func (v *view) Phase(name string, total int64) {
	v.close()
	v.name, v.total, v.printed = name, total, time.Now()
	if !v.terminal {
		fmt.Fprintln(v.out, name)
		return
	}
	length := total
	if length <= 0 {
		length = -1
	}
	v.bar = progressbar.NewOptions64(length, progressbar.OptionSetWriter(v.out), progressbar.OptionSetDescription(name),
		progressbar.OptionSetWidth(24), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetElapsedTime(true),
		progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish())
}

// Progress brings the bar up to date or prints a line when the last one is old.
func (v *view) Progress(done int64, p client.Progress) {
	if v.bar != nil {
		v.bar.Describe(v.name + "  " + live(p))
		if v.total > 0 {
			done = min(done, v.total)
		}
		_ = v.bar.Set64(done) // a display that fails does not stop a run
		return
	}
	if v.name == "" || time.Since(v.printed) < lineEvery {
		return
	}
	v.printed = time.Now()
	if v.total > 0 {
		fmt.Fprintf(v.out, "%s: %.0f %%, ", v.name, 100*float64(done)/float64(v.total))
	}
	fmt.Fprintln(v.out, live(p))
}

func live(p client.Progress) string {
	text := fmt.Sprintf("held %d, delivered %d", p.Held, p.Delivered)
	if n := p.Faults.Total(); n > 0 {
		text += fmt.Sprintf(", faults %d", n)
	}
	return text
}

// close ends the bar of the phase, if there is one.
func (v *view) close() {
	if v.bar != nil {
		_ = v.bar.Finish()
		v.bar = nil
	}
}
