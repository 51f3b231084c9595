// List prints which requirements of the specifications are enforced where, and which are left out and why.
//
//	go run ./scripts/citations/list
//
// It is run in the root of the module. Exit code 1: a citation and the list of requirements do not fit together.
package main

import (
	"fmt"
	"os"

	"halley/scripts/citations"
)

func main() {
	if err := list(); err != nil {
		fmt.Fprintln(os.Stderr, "citations:", err)
		os.Exit(1)
	}
}

func list() error {
	outline, err := citations.ReadOutline("scripts/citations/outline.txt")
	if err != nil {
		return err
	}
	requirements, err := citations.ReadRequirements("scripts/citations/requirements.txt")
	if err != nil {
		return err
	}
	found, err := citations.Read(".", outline)
	if err != nil {
		return err
	}
	citations.Print(os.Stdout, requirements, found)
	for _, wrong := range found.Check(requirements) {
		err = fmt.Errorf("%s", wrong)
		fmt.Fprintln(os.Stderr, wrong)
	}
	return err
}
