package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The marks in a document between which scripts/rivals writes.
const (
	beginMark = "<!-- scripts/rivals writes from here -->"
	endMark   = "<!-- to here -->"
)

// between puts a text between the marks of a document.
func between(file, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, begun := strings.Cut(string(old), beginMark)
	_, after, ended := strings.Cut(rest, endMark)
	if !begun || !ended {
		return fmt.Errorf("%s has no %q and %q to write between", file, beginMark, endMark)
	}
	return os.WriteFile(file, []byte(before+beginMark+"\n\n"+strings.TrimSpace(text)+"\n\n"+endMark+after), 0o644)
}

// pictureOf is the line of a document that shows the picture of a folder.
func pictureOf(document, folder string) string {
	path, err := filepath.Rel(filepath.Dir(document), folder)
	if err != nil {
		path = folder
	}
	return "![bars of the table's figures, on logarithmic scales](" + filepath.ToSlash(path) + "/rivals.svg)\n"
}
