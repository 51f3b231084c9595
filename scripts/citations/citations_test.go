package citations

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"halley/scripts/planted"
)

const root = "../.."

// TestCitationsOfThisModule is the rule itself: every citation has the one form, every requirement is enforced or left
// out with a reason. With -v it prints which are enforced where.
func TestCitationsOfThisModule(t *testing.T) {
	outline, err := ReadOutline("outline.txt")
	if err != nil {
		t.Fatal(err)
	}
	list, err := ReadRequirements("requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	found, err := Read(root, outline)
	if err != nil {
		t.Fatal(err)
	}
	if testing.Verbose() {
		write(t.Output(), list, found)
	}
	for _, wrong := range found.Check(list) {
		t.Error(wrong)
	}
	if len(found.Places) < len(list)/2 {
		t.Errorf("only %d requirements are cited: were the sources read?", len(found.Places))
	}
}

func TestForms(t *testing.T) {
	for comment, want := range map[string]string{
		"(RFC 9112, 3.2 MUST host)":                                "RFC 9112, 3.2 MUST host",
		"a; RFC 9112, 6.1 MUST coding-in-1.0.":                     "RFC 9112, 6.1 MUST coding-in-1.0",
		"(RFC 6455, 5.1 MUST NOT no-mask).":                        "RFC 6455, 5.1 MUST NOT no-mask",
		"(Bayeux 1.0, 2.2 SHOULD xx; HTML, 9.2 MUST yy)":           "Bayeux 1.0, 2.2 SHOULD xx+HTML, 9.2 MUST yy",
		"(RFC 9112, 3.2) and RFC 9110, 15 and RFC 6585, by status": "",
		"speaks RFC 6455":                                          "", "(RFC 6455) as a server": "", "RFC 7692), each": "", "Bayeux 1.0 is": "",
		"(RFC 9112, section 3.2)": "wrong", "RFC 9112 section 3": "wrong", "RFC9112, 3": "wrong", "RFC 9112 3.2": "wrong",
		"(Bayeux 1.0, section": "wrong", "(Bayeux 1.0, 9.9)": "wrong", "WHATWG HTML, section 9.2": "wrong",
		"nothing": "",
	} {
		c := Citations{Places: map[string][]Place{}}
		c.readComment(comment, Place{"a.go", 1}, map[string]string{"2.2": "Channels"})
		var got []string
		for name := range c.Places {
			got = append(got, name)
		}
		slices.Sort(got)
		text := strings.Join(got, "+")
		if len(c.Wrong) > 0 {
			text = "wrong"
		}
		if text != want {
			t.Errorf("%q: %q, want %q (%v)", comment, text, want, c.Wrong)
		}
	}
}

func TestCheck(t *testing.T) {
	dir := planted.Tree(t, map[string]string{
		"list.txt":      "# a comment\n\nRFC 1 | 1 | MUST | kept | text\nRFC 1 | 2 | MUST | uncited | text\nRFC 1 | 3 | MUST | gone | left out: a reason\nRFC 1 | 4 | MUST | both | left out: none\n",
		"src/a.go":      "package a\n\n// a (RFC 1, 1 MUST kept)\n// b (RFC 1, 4 MUST both)\n\nvar s = 1 // (RFC 1, 9 MUST unknown)\n",
		"src/a_test.go": "package a\n// (RFC 1, 2 MUST uncited)\n", "src/testdata/a.go": "// (RFC 1, 2 MUST uncited)\n",
	})
	list, err := ReadRequirements(filepath.Join(dir, "list.txt"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Read(filepath.Join(dir, "src"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"RFC 1, 2 MUST uncited: nothing cites it",
		"RFC 1, 4 MUST both: left out, but cited at a.go:4",
		"a.go:6: RFC 1, 9 MUST unknown is not in the list of requirements",
	}
	if got := c.Check(list); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	var out strings.Builder
	write(&out, list, c)
	for _, line := range []string{"RFC 1\n", "kept", "a.go:3\n", "left out: a reason\n"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("%q is missing in\n%s", line, out.String())
		}
	}
}

func TestBadLists(t *testing.T) {
	for _, text := range []string{"RFC 1 | 1 | MUST | a\n", "RFC 1 | x | MUST | a | b\n", "RFC 1 | 1 | MUST | a | b\nRFC 1 | 1 | MUST | a | c\n"} {
		dir := planted.Tree(t, map[string]string{"list.txt": text})
		if _, err := ReadRequirements(filepath.Join(dir, "list.txt")); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
	if _, err := ReadOutline(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no error without a file")
	}
}
