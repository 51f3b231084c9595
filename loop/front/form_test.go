package front

import "testing"

// The message fields of a form are one batch, whether each is an object or an array.
func TestAppendMessages(t *testing.T) {
	for form, want := range map[string]string{
		"message=%5B%5D":                "[]",
		"message={}":                    "[{}]",
		"message=[{},{}]":               "[{},{}]",
		"message={}&x=1&message=[{}]":   "[{},{}]",
		"message=+[{}]+&message=[]":     "[{}]",
		"message=":                      "[]",
		"message=%7B%22a%22:%22+%22%7D": `[{"a":" "}]`,
	} {
		if got, ok := AppendMessages(nil, []byte(form)); !ok || string(got) != want {
			t.Errorf("%s: %s, %v", form, got, ok)
		}
	}
	for _, form := range []string{"", "x=1", "message=%5", "message={}&message=%zz"} {
		if got, ok := AppendMessages(nil, []byte(form)); ok {
			t.Errorf("%s: %s", form, got)
		}
	}
}
