package channel

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// fault is the fault of an error of Check, 0 for none.
func fault(err error) Fault {
	var e Error
	errors.As(err, &e)
	return e.Kind
}

func TestCheckTellsWhatANameIs(t *testing.T) {
	for _, c := range []struct {
		name string
		want Info
	}{
		{"/a", Info{Segments: 1}},
		{"/stock/SPY", Info{Segments: 2}},
		{"/a/", Info{Segments: 1}},
		{"/a/b/c/d/e", Info{Segments: 5}},
		{"/*", Info{Segments: 1, Wildcard: true}},
		{"/**", Info{Segments: 1, Wildcard: true, Deep: true}},
		{"/*/", Info{Segments: 1, Wildcard: true}},
		{"/a/*", Info{Segments: 2, Wildcard: true}},
		{"/a/**", Info{Segments: 2, Wildcard: true, Deep: true}},
		{"/a/b*", Info{Segments: 2}},
		{"/a/*b", Info{Segments: 2}},
		{"/a*/b", Info{Segments: 2}},
		{"/a/***", Info{Segments: 2}},
		{"/a/***/b", Info{Segments: 3}},
		{"/a.b/c d/{id}/x@y", Info{Segments: 4}},
		{"/ !#$()*+-.@_{~}", Info{Segments: 1}},
		{"/meta/handshake", Info{Kind: Meta, Segments: 2}},
		{"/meta/*", Info{Kind: Meta, Segments: 2, Wildcard: true}},
		{"/meta/**", Info{Kind: Meta, Segments: 2, Wildcard: true, Deep: true}},
		{"/meta", Info{Kind: Meta, Segments: 1}},
		{"/metadata", Info{Segments: 1}},
		{"/Meta/x", Info{Segments: 2}},
		{"/a/meta", Info{Segments: 2}},
		{"/service/echo", Info{Kind: Service, Segments: 2}},
		{"/service", Info{Kind: Service, Segments: 1}},
		{"/services/echo", Info{Segments: 2}},
	} {
		got, err := Check([]byte(c.name), Limits{})
		if err != nil || got != c.want {
			t.Errorf("Check(%q) = %+v, %v; want %+v", c.name, got, err, c.want)
		}
	}
}

func TestCheckTellsWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name string
		want Fault
	}{
		{"", FaultSlash},
		{"/", FaultSlash},
		{"foo", FaultSlash},
		{"foo/bar", FaultSlash},
		{"*", FaultSlash},
		{"//", FaultSlash}, // one trailing slash less is "/"
		{"///", FaultEmpty},
		{"/a//", FaultEmpty},
		{"/a//b", FaultEmpty},
		{"//a", FaultEmpty},
		{"/*/b", FaultWildcard},
		{"/a/*/b", FaultWildcard},
		{"/a/**/c", FaultWildcard},
		{"/**/*", FaultWildcard},
		{"/a%b", FaultCharacter},
		{"/a,b", FaultCharacter},
		{"/a\x00", FaultCharacter},
		{"/a\tb", FaultCharacter},
		{"/a\"b", FaultCharacter},
		{"/a\\b", FaultCharacter},
		{"/a?b", FaultCharacter},
		{"/a&b", FaultCharacter},
		{"/a<b>", FaultCharacter},
		{"/aktie/€", FaultCharacter},
		{"/a\xff", FaultCharacter},
		{"/a\x7f", FaultCharacter},
	} {
		got, err := Check([]byte(c.name), Limits{})
		if fault(err) != c.want || got != (Info{}) {
			t.Errorf("Check(%q) = %+v, %v; want fault %d", c.name, got, err, c.want)
		}
	}
}

func TestCheckKeepsToTheLimits(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits Limits
		want   Fault
	}{
		{"/abc", Limits{MaxLength: 4}, 0},
		{"/abc/", Limits{MaxLength: 4}, 0}, // the canonical name counts
		{"/abcd", Limits{MaxLength: 4}, FaultLength},
		{"/a%bcd", Limits{MaxLength: 4}, FaultLength},
		{"/a/b", Limits{MaxSegments: 2}, 0},
		{"/a/b/", Limits{MaxSegments: 2}, 0},
		{"/a/b/c", Limits{MaxSegments: 2}, FaultSegments},
		{"/a/b/**", Limits{MaxSegments: 2}, FaultSegments},
		{"/" + strings.Repeat("x", 1<<16), Limits{}, 0},
	} {
		if _, err := Check([]byte(c.name), c.limits); fault(err) != c.want {
			t.Errorf("Check(%.20q, %+v): %v; want fault %d", c.name, c.limits, err, c.want)
		}
	}
}

func TestEveryFaultHasItsOwnText(t *testing.T) {
	seen := map[string]Fault{}
	for f := FaultSlash; f <= FaultWildcard; f++ {
		text := Error{f}.Error()
		if other, twice := seen[text]; twice || text == "" {
			t.Errorf("fault %d: text %q, the same as of fault %d", f, text, other)
		}
		seen[text] = f
	}
}

func TestCanonicalStripsOneSlash(t *testing.T) {
	for name, want := range map[string]string{"/a/": "/a", "/a": "/a", "/a//": "/a/", "/": "/", "": "", "//": "/", "a/": "a"} {
		if got := Canonical([]byte(name)); string(got) != want {
			t.Errorf("Canonical(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestCheckDoesNotAllocate(t *testing.T) {
	good, bad := []byte("/stock/SPY/trades/**"), []byte("/stock/%/x")
	if n := testing.AllocsPerRun(100, func() {
		Check(good, Limits{MaxLength: 100, MaxSegments: 10})
		Check(bad, Limits{MaxLength: 100, MaxSegments: 10})
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// naiveFault judges a canonical name in the words of the grammar, one rule after the other.
func naiveFault(name string) (faulty bool) {
	const set = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !#$()*+-./@_{~}"
	if len(name) < 2 || name[0] != '/' || strings.Trim(name, set) != "" {
		return true
	}
	for _, c := range []byte(name) {
		if !strings.Contains(set, string(rune(c))) {
			return true
		}
	}
	segments := strings.Split(name[1:], "/")
	for i, s := range segments {
		if s == "" || (s == "*" || s == "**") && i < len(segments)-1 {
			return true
		}
	}
	return false
}

func TestCheckAgreesWithTheGrammar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a/*% é]{0,8}`).Draw(t, "name")
		_, err := Check([]byte(name), Limits{})
		if faulty := naiveFault(string(Canonical([]byte(name)))); faulty != (err != nil) {
			t.Fatalf("Check(%q): %v; the grammar says faulty=%v", name, err, faulty)
		}
	})
}

// FuzzCheck: a name that passes is the same channel with and without its trailing slash, has as many slashes as
// segments, and a wildcard exactly when its last segment is one.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"/a", "/a/", "/a/*", "/meta/**", "/a//b", "", "/", "/a/*/b", "/\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, name []byte) {
		info, err := Check(name, Limits{MaxLength: 64, MaxSegments: 8})
		c := Canonical(name)
		again, errAgain := Check(c, Limits{MaxLength: 64, MaxSegments: 8})
		if err != nil {
			return
		}
		wildcard := bytes.HasSuffix(c, []byte("/*")) || bytes.HasSuffix(c, []byte("/**"))
		if again != info || errAgain != nil || len(c) > 64 || info.Segments > 8 || bytes.Count(c, []byte("/")) != info.Segments || info.Wildcard != wildcard {
			t.Fatalf("Check(%q) = %+v; of %q = %+v, %v", name, info, c, again, errAgain)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	name := []byte("/stock/SPY/trades")
	b.SetBytes(int64(len(name)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Check(name, Limits{MaxLength: 256, MaxSegments: 16}); err != nil {
			b.Fatal(err)
		}
	}
}
