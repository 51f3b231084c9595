// Proved by TestRecordsCanBeComparedAndShown and TestBudgetsOfAFolder.

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"halley/bench/report"
)

type reportCommand struct {
	Files []string `arg:"" help:"Records that --json has written; the others are shown as ratios to the first."`
	HTML  string   `help:"Write a self-contained page with plots of all of them here." name:"html" placeholder:"FILE"`
	SVG   string   `help:"Write the plots into this folder, one file each." name:"svg" placeholder:"DIR"`
}

// Run reads the records and prints, or writes, what they say beside each other.
func (c *reportCommand) Run() error {
	var runs []*report.Run
	for _, path := range c.Files {
		r, err := report.Load(path)
		if err != nil {
			return err
		}
		runs = append(runs, r)
	}
	if c.HTML != "" {
		if err := writeHTML(c.HTML, runs...); err != nil {
			return fmt.Errorf("%s: %w", c.HTML, err)
		}
	}
	if c.SVG != "" {
		if err := report.WriteSVG(c.SVG, runs); err != nil {
			return err
		}
	}
	if len(runs) == 1 {
		return runs[0].Text(os.Stdout)
	}
	return report.Compare(os.Stdout, runs)
}

type budgetsCommand struct {
	Dir string `arg:"" help:"Folder with the records that scripts/bench has written." type:"existingdir"`
}

// Run checks the records named fanout1-halley.json and so on, and those of further rounds, fanout1-halley.2.json and so on, against
// the server's budgets.
func (c *budgetsCommand) Run() error {
	paths, err := filepath.Glob(filepath.Join(c.Dir, "*.json"))
	if err != nil {
		return err
	}
	rounds := map[string][]*report.Run{}
	for _, path := range paths {
		r, err := report.Load(path)
		if err != nil {
			return err
		}
		name, _, _ := strings.Cut(filepath.Base(path), ".")
		rounds[name] = append(rounds[name], r)
	}
	return report.WriteBudgets(os.Stdout, report.Budgets(rounds))
}
