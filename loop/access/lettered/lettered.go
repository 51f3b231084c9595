// Package lettered is the text that an authority keeps with a session: lines of a letter, which says what it is, and a value.
package lettered

import (
	"strconv"
	"strings"

	"halley/bayeux/channel"
)

// Lines are such lines, each with its line end. Values have none.
type Lines string

// Append is l with one line more.
func (l Lines) Append(letter byte, value string) Lines {
	return l + Lines(letter) + Lines(value) + "\n"
}

// Each visits the values of a letter, until visit says no.
func (l Lines) Each(letter byte, visit func(value string) bool) {
	for line := range strings.Lines(string(l)) {
		if line[0] == letter && !visit(strings.TrimSuffix(line[1:], "\n")) {
			return
		}
	}
}

// Has tells whether there is a line of a letter.
func (l Lines) Has(letter byte) (has bool) {
	l.Each(letter, func(string) bool { has = true; return false })
	return has
}

// First is the first value of a letter, empty if there is none.
func (l Lines) First(letter byte) (value string) {
	l.Each(letter, func(v string) bool { value = v; return false })
	return value
}

// Int is the first value of a letter as a number, 0 if there is none.
func (l Lines) Int(letter byte) int64 {
	n, _ := strconv.ParseInt(l.First(letter), 10, 64)
	return n
}

// Cover tells whether each of names, which may be patterns, is covered by a pattern among the values of a letter.
func (l Lines) Cover(letter byte, names [][]byte) bool {
	for _, name := range names {
		covered := false
		l.Each(letter, func(pattern string) bool {
			covered = pattern != "" && channel.Covers([]byte(pattern), name)
			return !covered
		})
		if !covered {
			return false
		}
	}
	return true
}
