package settings

import (
	"bytes"
	"errors"
	"fmt"
)

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
