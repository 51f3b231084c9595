package main

import (
	"fmt"
	"os"

	"halley/bench/report"
)

type reportCommand struct {
	Files []string `arg:"" help:"Records that --json has written; the others are shown as ratios to the first."`
	HTML  string   `help:"Write a self-contained page with plots of all of them here." name:"html" placeholder:"FILE"`
}

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
	if len(runs) == 1 {
		return runs[0].Text(os.Stdout)
	}
	return report.Compare(os.Stdout, runs)
}
