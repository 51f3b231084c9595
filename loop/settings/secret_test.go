package settings

import (
	"fmt"
	"strings"
	"testing"
)

// However a secret is printed, nobody reads it.
func TestSecretIsHidden(t *testing.T) {
	held := struct{ Key Secret }{"sesame"}
	for _, format := range []string{"%v", "%+v", "%s"} {
		if text := fmt.Sprintf(format, held); strings.Contains(text, "sesame") || !strings.Contains(text, hidden) {
			t.Errorf("printed %q", text)
		}
	}
	if text, err := Secret("sesame").MarshalText(); err != nil || string(text) != hidden {
		t.Errorf("%s, %v", text, err)
	}
	if text := Secret("").String(); text != "" {
		t.Errorf("none is printed as %q", text)
	}
}

// A key that no client could send, or that everybody knows, is refused.
func TestSecretThatIsNone(t *testing.T) {
	for text, bad := range map[string]bool{"sesame": false, hidden: true, "": true, "a key": true, "key\n": true, "schlüssel": true} {
		var s Secret
		if err := s.UnmarshalText([]byte(text)); (err != nil) != bad {
			t.Errorf("%q: %v", text, err)
		}
	}
}
