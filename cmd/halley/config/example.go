// Proved by TestExampleIsEachSetting and TestExampleChangesNothing.

package config

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// exampleHead tells how to use the file.
const exampleHead = `// The settings of "halley serve", all of which are switched off: each has its default, or the form of a value.
// To change one, remove the // before it and write another value. A line that begins with // is a comment,
// and a comma may stay behind the last setting. What the command line or the environment says goes before this file.
//
// halley serve --config FILE --check-config     tells whether the file is right
`

// Example writes a file for --config in which each setting stands as a comment, with its help.
func Example(w io.Writer, groups [][]*kong.Flag) error {
	var text strings.Builder
	text.WriteString(exampleHead + "{\n")
	title := ""
	for _, flags := range groups {
		for _, f := range flags {
			if !settable(f) {
				continue
			}
			if f.Group != nil && f.Group.Title != title {
				title = f.Group.Title
				fmt.Fprintf(&text, "  // ==== %s\n\n", title)
			}
			for _, line := range wrap(f.Help, 110) {
				fmt.Fprintf(&text, "  // %s\n", line)
			}
			fmt.Fprintf(&text, "  %s\n\n", exampleLine(f))
		}
	}
	text.WriteString("}\n")
	_, err := io.WriteString(w, text.String())
	return err
}

// exampleLine is a setting that is switched off.
func exampleLine(f *kong.Flag) string {
	name, _ := json.Marshal(f.Name) // of letters and hyphens
	return fmt.Sprintf("//%s: %s,", name, exampleValue(f))
}

// exampleValue is the default of a flag as JSON, or the name of what it takes.
func exampleValue(f *kong.Flag) string {
	value := f.Default
	if !f.HasDefault {
		value = f.PlaceHolder
	}
	if f.IsBool() {
		if value == "" {
			return "false"
		}
		return value
	}
	text, _ := json.Marshal(value) // text of a tag
	switch {
	case f.IsSlice():
		list, _ := json.Marshal(strings.Split(value, "\n"))
		return string(list)
	case f.HasDefault && json.Valid([]byte(value)):
		return value // a number
	}
	return string(text)
}

// wrap breaks a text into lines of at most so many bytes, if its words allow it.
func wrap(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
