// Ratchet measures a Go tree and compares it with the aims and with what was recorded: a measure within its aim passes, any
// other may only improve. It measures the lines of files and functions, their complexity, tests and documented names; how wide
// types are (methods, the files that these stand in, booleans); how many pairs of a package's files use each other; how many
// files say what proves them; and the length of the sentences in documents.
//
//	ratchet [-update] [-sizes FILE] [DIR]
//
// It exits with 1 when a measure got worse and prints the files and functions to look at. With -update it records the present sizes.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
)

func main() {
	update := flag.Bool("update", false, "record the present sizes")
	sizes := flag.String("sizes", "scripts/ratchet/sizes.json", "file of the recorded sizes")
	flag.Parse()
	root := "."
	if flag.NArg() > 0 {
		root = flag.Arg(0)
	}
	passed, err := run(os.Stdout, root, *sizes, *update)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ratchet:", err)
		os.Exit(1)
	}
	if !passed {
		os.Exit(1)
	}
}

// run measures root and prints the comparison; passed is false when a measure got worse.
func run(out io.Writer, root, sizesFile string, update bool) (passed bool, err error) {
	t, err := measure(root)
	if err != nil {
		return false, err
	}
	now := t.sizes()
	if update {
		return true, write(sizesFile, now)
	}
	recorded, err := read(sizesFile)
	if err != nil {
		return false, err
	}
	passed = compare(out, now, recorded)
	t.describe(out)
	if !passed {
		t.blame(out)
	}
	return passed, nil
}

// read returns the recorded sizes, none if there is no file yet.
func read(file string) (sizes map[string]float64, err error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &sizes); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return sizes, nil
}

func write(file string, sizes map[string]float64) error {
	text, err := json.MarshalIndent(sizes, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
