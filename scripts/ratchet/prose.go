package main

import (
	"regexp"
	"strings"
)

// sentenceEnd is a full stop, question mark or exclamation mark, with the quotes and brackets that close behind it.
var sentenceEnd = regexp.MustCompile(`[.!?]["')*_]*\s+`)

// addDocument counts the words of the sentences of a Markdown file. Tables, code, headings and HTML are no sentences;
// an item of a list begins a new one.
func (t *tree) addDocument(name, text string) {
	for _, paragraph := range paragraphs(text) {
		for _, sentence := range sentenceEnd.Split(paragraph, -1) {
			if words := len(strings.Fields(sentence)); words > 0 {
				t.sentences = append(t.sentences, item{name + ": " + head(sentence), words})
			}
		}
	}
}

// head is the beginning of a sentence, to find it by.
func head(sentence string) string {
	words := strings.Fields(sentence)
	return strings.Join(words[:min(len(words), 8)], " ")
}

// listItem is the mark before an item of a list.
var listItem = regexp.MustCompile(`^\s*(?:[-*]|\d+\.)\s+`)

// paragraphs are the runs of prose in a Markdown text, each on one line.
func paragraphs(text string) (prose []string) {
	var run []string
	end := func() {
		if len(run) > 0 {
			prose = append(prose, strings.Join(run, " "))
		}
		run = nil
	}
	code := false
	for _, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(trimmed, "```"):
			code = !code
			end()
		case code:
		case trimmed == "", strings.HasPrefix(trimmed, "|"), strings.HasPrefix(trimmed, "#"), strings.HasPrefix(trimmed, "<"), strings.HasPrefix(line, "    ") && len(run) == 0:
			end()
		case listItem.MatchString(line):
			end()
			run = append(run, listItem.ReplaceAllString(line, ""))
		default:
			run = append(run, trimmed)
		}
	}
	end()
	return prose
}
