package channel

import "testing"

func TestMatches(t *testing.T) {
	for _, row := range []struct {
		pattern, name string
		want          bool
	}{
		{"/a/b", "/a/b", true},
		{"/a/b", "/a/c", false},
		{"/a/b", "/a/b/c", false},
		{"/a/*", "/a/b", true},
		{"/a/*", "/a", false},
		{"/a/*", "/a/b/c", false},
		{"/a/*", "/ab/c", false},
		{"/a/**", "/a/b", true},
		{"/a/**", "/a/b/c/d", true},
		{"/a/**", "/a", false},
		{"/a/**", "/ab", false},
		{"/*", "/a", true},
		{"/*", "/a/b", false},
		{"/**", "/a", true},
		{"/**", "/a/b", true},
		{"/a/b*", "/a/bc", false},
		{"/a/b*", "/a/b*", true},
		{"/a/**", "/a/*", true},
		{"/a/*", "/a/**", true},
	} {
		if got := Matches([]byte(row.pattern), []byte(row.name)); got != row.want {
			t.Errorf("%s %s: got %v", row.pattern, row.name, got)
		}
	}
}
