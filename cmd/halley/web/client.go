package web

import (
	"bytes"
	"io/fs"
	"regexp"
)

// parts of halley.js, in order. They share one scope, in which root is the window.
var parts = []string{"assets/halley/transports.js", "assets/halley/client.js"}

// moduleEnd makes an ES module of the classic script.
const moduleEnd = "const {halley} = window;\nexport const {Client} = halley;\nexport default halley;\n"

// client puts halley.js together, as a classic script and as an ES module; ok
// tells whether its parts are there.
func client(files fs.FS) (classic, module []byte, ok bool) {
	classic = append(classic, "/* halley.js, MIT licence */\n(function (root) {\n'use strict';\n"...)
	for _, name := range parts {
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, nil, false
		}
		classic = append(classic, strip(body)...)
	}
	classic = append(classic, "})(window);\n"...)
	return classic, append(bytes.Clone(classic), moduleEnd...), true
}

var (
	blockComment = regexp.MustCompile(`(?ms)^[ \t]*/\*.*?\*/[ \t]*\n`)
	indentation  = regexp.MustCompile(`(?m)^[ \t]+`)
	lineComment  = regexp.MustCompile(`(?m)^[ \t]*//.*$`)
	// One that follows code holds no quote, so that none is seen in a string.
	endComment = regexp.MustCompile("(?m)[ \t]+//[ \t][^'\"`\n]*$")
	blankLines = regexp.MustCompile(`\n{2,}`)
)

// strip leaves out of a script what is there for its readers: comments that
// stand alone or at the end of a line, indentation and blank lines. It knows no
// grammar: the script must have no string or template of several lines, and no
// quotes in its comments at the end of a line.
func strip(script []byte) []byte {
	script = blockComment.ReplaceAll(script, nil)
	script = lineComment.ReplaceAll(script, nil)
	script = endComment.ReplaceAll(script, nil)
	script = indentation.ReplaceAll(script, nil)
	return bytes.TrimLeft(blankLines.ReplaceAll(script, []byte("\n")), "\n")
}
