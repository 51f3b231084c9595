package lettered

import (
	"slices"
	"testing"
)

// What was appended is there by its letter, in order.
func TestLines(t *testing.T) {
	l := Lines("").Append('u', "ann").Append('s', "/a/**").Append('e', "42").Append('s', "/b").Append('p', "")
	var all []string
	l.Each('s', func(v string) bool { all = append(all, v); return true })
	if !slices.Equal(all, []string{"/a/**", "/b"}) || l.First('s') != "/a/**" || l.First('u') != "ann" || l.First('x') != "" {
		t.Errorf("%q of %q", all, l)
	}
	if l.Int('e') != 42 || l.Int('u') != 0 || l.Int('x') != 0 || !l.Has('p') || l.Has('x') {
		t.Errorf("%q", l)
	}
}

// Each name has to be covered, and an empty pattern covers none.
func TestCover(t *testing.T) {
	l := Lines("").Append('s', "/a/**").Append('s', "/b").Append('p', "")
	for _, c := range []struct {
		letter byte
		names  []string
		want   bool
	}{
		{'s', []string{"/a/x", "/b"}, true}, {'s', []string{"/a/x/*"}, true}, {'s', []string{"/b", "/c"}, false}, {'s', []string{"/**"}, false},
		{'p', []string{"/a"}, false}, {'x', []string{"/a"}, false}, {'s', nil, true},
	} {
		var names [][]byte
		for _, n := range c.names {
			names = append(names, []byte(n))
		}
		if l.Cover(c.letter, names) != c.want {
			t.Errorf("%c %q: want %v", c.letter, c.names, c.want)
		}
	}
}
