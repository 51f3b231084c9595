// Command figures keeps the list of what was measured, bench/figures.csv, and the parts of the documents that are made of it:
// what a run of scripts/bench --full has found beside the list (compare), and the list and the documents by such a run (update).
//
// Proved by TestCompare, TestUpdate and TestCommandsThatFail.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/alecthomas/kong"
)

// listFile is the list, below the root.
const listFile = "bench/figures.csv"

type commands struct {
	Root      string           `default:"." help:"The folder of the project."`
	Compare   compareCommand   `cmd:"" help:"Say which figures a run has found, and which of them are outside their spread in the list."`
	Update    updateCommand    `cmd:"" help:"Take the figures of a run over into the list, and from there into the documents."`
	Documents documentsCommand `cmd:"" help:"Write the parts of the documents that are made of the list."`
}

func main() {
	if err := execute(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

// execute carries out a command line.
func execute(args []string, out io.Writer) error {
	var c commands
	parser, err := kong.New(&c, kong.Name("figures"), kong.Description("What was measured, and the documents that say so."))
	if err != nil {
		return err
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		return err
	}
	chosen.BindTo(out, (*io.Writer)(nil))
	return chosen.Run(&c)
}

type compareCommand struct {
	Dir string `arg:"" help:"Folder of the run." type:"existingdir"`
}

// Run prints a line for each figure of the list for which the folder has samples.
func (c *compareCommand) Run(all *commands, out io.Writer) error {
	list, err := readList(filepath.Join(all.Root, listFile))
	if err != nil {
		return err
	}
	found, missing, err := measured(c.Dir, list)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "figure\tmeasured\tfrom to\tin the list\tfrom to\t")
	outside := 0
	for _, f := range found {
		old := list[list.index(f.Name)]
		word := ""
		if !old.holds(f.Value) {
			word = "outside"
			outside++
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", f.Name, f.text(), f.spread(), old.text(), old.spread(), word)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n%d figures, %d of them outside the spread of the list\n", missing.text(), len(found), outside)
	return err
}

type updateCommand struct {
	Dir    string `arg:"" help:"Folder of the run." type:"existingdir"`
	Record string `required:"" help:"The folder in bench/results that tells of the run: machine, commit, method. The run's summary and plots are put there."`
	Widen  bool   `help:"Let the spread be that of this run and of those in the list together: what one run has found, with all of its rounds in half an hour, is less than what a shared machine does in a day."`
}

// Run writes list and documents anew, and keeps what tells of the run.
func (c *updateCommand) Run(all *commands, out io.Writer) error {
	path := filepath.Join(all.Root, listFile)
	list, err := readList(path)
	if err != nil {
		return err
	}
	found, missing, err := measured(c.Dir, list)
	if err != nil {
		return err
	}
	for _, f := range found {
		old := &list[list.index(f.Name)]
		if c.Widen {
			f = f.widened(*old)
		}
		f.Record = c.Record
		*old = f
	}
	if err := keep(c.Dir, filepath.Join(all.Root, "bench/results", c.Record)); err != nil {
		return err
	}
	if err := list.write(path); err != nil {
		return err
	}
	if list, err = readList(path); err != nil { // as it stands there, rounded
		return err
	}
	fmt.Fprint(out, missing.text())
	return rewrite(all.Root, list)
}

// keep copies what tells of a run.
func keep(from, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, pattern := range []string{"*.svg", "summary.txt"} {
		paths, err := filepath.Glob(filepath.Join(from, pattern))
		if err != nil {
			return err
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(filepath.Join(to, filepath.Base(path)), text, 0o644)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

type documentsCommand struct{}

// Run writes the documents anew.
func (documentsCommand) Run(all *commands) error {
	list, err := readList(filepath.Join(all.Root, listFile))
	if err != nil {
		return err
	}
	return rewrite(all.Root, list)
}
