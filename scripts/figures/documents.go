// Proved by TestDocumentsAreMade and TestCommandsThatFail.

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"halley/bench/preflight"
	"halley/cmd/halley/config"
)

// documents have parts that are made of the list.
func documents() []string { return []string{"README.md", "TUNING.md", "bench/README.md"} }

// block is such a part: between two comments, of which the first has the name of the file in scripts/figures/blocks that it is
// made from.
var block = regexp.MustCompile(`(?s)<!-- figures: ([a-z0-9-]+) -->\n.*?<!-- end of figures -->`)

// place is where something of the list goes in a block: {NAME} is a median, {NAME~} a median with its spread, {record:NAME} the
// folder that tells of its run, {words:SETTING} what halley doctor says of a setting.
var place = regexp.MustCompile(`\{(words:|record:)?([A-Za-z0-9_.-]+)(~?)\}`)

// rewrite writes the documents below the root anew.
func rewrite(root string, l list) error {
	for _, name := range documents() {
		path := filepath.Join(root, name)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		made, err := made(root, string(text), l)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if made == string(text) {
			continue
		}
		if err := os.WriteFile(path, []byte(made), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// made is a document with its blocks made anew.
func made(root, text string, l list) (string, error) {
	var failed error
	text = block.ReplaceAllStringFunc(text, func(old string) string {
		name := block.FindStringSubmatch(old)[1]
		source, err := os.ReadFile(filepath.Join(root, "scripts/figures/blocks", name+".md"))
		filled, unknown := fill(string(source), l)
		if failed = errors.Join(failed, err, unknown); failed != nil {
			return old
		}
		return "<!-- figures: " + name + " -->\n" + strings.TrimSpace(filled) + "\n<!-- end of figures -->"
	})
	return text, failed
}

// fill puts what the list says into a block.
func fill(text string, l list) (string, error) {
	var failed error
	return place.ReplaceAllStringFunc(text, func(old string) string {
		found := place.FindStringSubmatch(old)
		if found[1] == "words:" {
			words, ok := preflight.Words(found[2])
			if !ok {
				words, ok = config.When(found[2])
			}
			if !ok {
				failed = errors.Join(failed, fmt.Errorf("halley doctor has no words for %s", found[2]))
			}
			return words
		}
		i := l.index(found[2])
		if i < 0 {
			failed = errors.Join(failed, fmt.Errorf("the list has no %s", found[2]))
			return old
		}
		if found[1] != "" {
			return l[i].Record
		}
		if found[3] == "" || l[i].Rounds == 1 {
			return l[i].text()
		}
		return l[i].text() + " (" + l[i].spread() + ")"
	}), failed
}
