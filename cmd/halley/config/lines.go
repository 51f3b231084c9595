package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// Lines is a list: a flag given several times, lines of an environment
// variable, or an array of a configuration file.
type Lines []string

// Decode appends what one flag, variable or entry holds.
func (l *Lines) Decode(ctx *kong.DecodeContext) error {
	token := ctx.Scan.Pop()
	if token.IsEOL() {
		return fmt.Errorf("missing value")
	}
	switch v := token.Value.(type) {
	case string:
		for line := range strings.SplitSeq(v, "\n") {
			if line = strings.TrimSpace(line); line != "" {
				*l = append(*l, line)
			}
		}
		return nil
	case []any:
		return l.appendAll(v)
	}
	return fmt.Errorf("expected a string or a list of strings")
}

// appendAll takes the elements of a JSON array.
func (l *Lines) appendAll(values []any) error {
	for _, v := range values {
		s, ok := v.(string)
		if !ok {
			return fmt.Errorf("expected strings in the list but got %v", v)
		}
		*l = append(*l, s)
	}
	return nil
}

// Secret is text that is never printed.
type Secret string

// hidden is what is printed for it.
const hidden = "***"

// UnmarshalText takes the text, but not what stands for one that was hidden: it
// would be a key that everybody knows. An empty text is a variable that somebody has
// forgotten to set, and would leave the door open; what no HTTP header carries would
// leave it shut.
func (s *Secret) UnmarshalText(text []byte) error {
	switch {
	case string(text) == hidden:
		return fmt.Errorf("%s stands for a secret that was not printed: write the secret itself", hidden)
	case len(text) == 0:
		return errors.New("the key is empty: leave it out altogether to have none")
	case bytes.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("a key has visible ASCII characters alone, without spaces and line ends: no HTTP header carries others")
	}
	*s = Secret(text)
	return nil
}

// MarshalText hides the text, but shows whether there is one.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String hides the text, but shows whether there is one.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}
