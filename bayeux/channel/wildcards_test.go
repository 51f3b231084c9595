package channel

import (
	"slices"
	"testing"
)

func TestEachWildcard(t *testing.T) {
	for name, want := range map[string][]string{
		"/a":     {"/*", "/**"},
		"/a/b":   {"/a/*", "/a/**", "/**"},
		"/a/b/*": {"/a/b/*", "/a/b/**", "/a/**", "/**"},
	} {
		var got []string
		EachWildcard(nil, []byte(name), func(pattern []byte) bool {
			if !Matches(pattern, []byte(name)) {
				t.Errorf("%s does not match %s", pattern, name)
			}
			got = append(got, string(pattern))
			return true
		})
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		calls := 0
		EachWildcard(nil, []byte(name), func([]byte) bool { calls++; return false })
		if calls != 1 {
			t.Errorf("%s: visited %d after the first was enough", name, calls)
		}
	}
}
