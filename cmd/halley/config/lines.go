// Proved by TestFile and TestFlagsAndLists.

package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"
)

// lines reads the flags of type:"lines": a list is a flag given several times, lines of an environment
// variable, or an array of a configuration file.
type lines struct{}

// Decode appends what one flag, variable or entry holds.
func (lines) Decode(ctx *kong.DecodeContext, target reflect.Value) error {
	list := target.Interface().([]string)
	token := ctx.Scan.Pop()
	if token.IsEOL() {
		return fmt.Errorf("missing value")
	}
	switch v := token.Value.(type) {
	case string:
		list = appendLines(list, v)
	case []any:
		for _, v := range v {
			s, ok := v.(string)
			if !ok {
				return fmt.Errorf("expected strings in the list but got %v", v)
			}
			list = append(list, s)
		}
	default:
		return fmt.Errorf("expected a string or a list of strings")
	}
	target.Set(reflect.ValueOf(list))
	return nil
}

// appendLines appends the lines of text that are not blank.
func appendLines(list []string, text string) []string {
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}
