package arch

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is that of the tree.
const root = "../.."

var (
	quoted = regexp.MustCompile("`([A-Za-z0-9_.*/-]+)`")
	isFile = regexp.MustCompile(`\.(go|txt|md|mjs|js|json|allow)$`)
)

// filesOf are the paths of all files and folders below a folder, without what others have made.
func filesOf(t *testing.T, folder string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return fs.SkipDir
		}
		name, _ := filepath.Rel(folder, path)
		paths = append(paths, "/"+filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// missing returns the names of files and folders in backticks of a document that end no path. A name without an extension is
// one of a folder if it begins with a folder of the root.
func missing(document string, paths []string) (names []string) {
	for _, match := range quoted.FindAllStringSubmatch(document, -1) {
		name := match[1]
		first, _, nested := strings.Cut(name, "/")
		if strings.HasPrefix(name, "/") || !isFile.MatchString(name) && !(nested && ends(paths, first, true)) {
			continue
		}
		if !ends(paths, strings.TrimSuffix(name, "/"), false) {
			names = append(names, name)
		}
	}
	return names
}

// ends tells whether a path ends with a name, or is it; * in the name is any text.
func ends(paths []string, name string, whole bool) bool {
	for _, path := range paths {
		part := path
		if n := strings.Count(path, "/") - strings.Count(name, "/") - 1; !whole && n > 0 {
			part = "/" + strings.Join(strings.Split(path, "/")[n+1:], "/")
		}
		if matched, _ := filepath.Match("/"+name, part); matched {
			return true
		}
	}
	return false
}

// Files that the documents name in backticks are there.
func TestDocumentsNameFiles(t *testing.T) {
	paths := filesOf(t, root)
	for _, document := range []string{"ARCHITECTURE.md", "CONTRIBUTING.md"} {
		text, err := os.ReadFile(filepath.Join(root, document))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range missing(string(text), paths) {
			t.Errorf("%s names %s, which is not there", document, name)
		}
	}
}

// Files of the reading order stand in the room of their row.
func TestReadingOrder(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Reading order\n")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := 0
	for line := range strings.Lines(section) {
		names := quoted.FindAllStringSubmatch(line, -1)
		if !strings.HasPrefix(line, "| `") || len(names) == 0 {
			continue
		}
		rows++
		room := names[0][1]
		for _, name := range names[1:] {
			if !isFile.MatchString(name[1]) {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, room, name[1])); err != nil {
				t.Errorf("%s has no %s", room, name[1])
			}
		}
	}
	if rows < 10 {
		t.Errorf("%d rows", rows)
	}
}

func TestMissingNames(t *testing.T) {
	paths := []string{"/.", "/a", "/a/b.go", "/a/testdata", "/a/testdata/x-1.txt"}
	got := missing("`a/b.go`, `b.go`, `c.go`, `a/c`, `a/testdata`, `testdata/x-*.txt`, `testdata/y-*.txt`, `/publish`, `and/or`, `x.y`", paths)
	if want := "c.go a/c testdata/y-*.txt"; strings.Join(got, " ") != want {
		t.Errorf("missing %q, want %q", got, want)
	}
}

// The README begins with a list of its sections, in their order (it may leave out those within a section), and files that documents link to are there.
func TestReadmeIsADoor(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	plain := regexp.MustCompile("(?ms)^```.*?^```").ReplaceAllString(string(text), "")
	contents, _, _ := strings.Cut(plain, "\n## ")
	for _, heading := range regexp.MustCompile(`(?m)^(##+) (.*)$`).FindAllStringSubmatch(plain, -1) {
		link := "[" + heading[2] + "](#" + anchor(heading[2]) + ")"
		before, after, found := strings.Cut(contents, link)
		switch {
		case found && strings.Contains(before, "](#"):
			t.Errorf("the contents have something that is no section here, before %s: %s", link, before)
		case found:
			contents = after
		case heading[1] == "##":
			t.Errorf("the contents do not have %s at its place", link)
		}
	}
	if strings.Contains(contents, "](#") {
		t.Errorf("the contents have sections that are not there: %s", contents)
	}
	for _, document := range []string{"README.md", "TUNING.md", "SECURITY.md", "CONTRIBUTING.md", "bench/README.md", "scripts/packaging/README.md"} {
		text, err := os.ReadFile(filepath.Join(root, document))
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range regexp.MustCompile(`\]\(([^)#: ]+)(#[^)]*)?\)`).FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(document), link[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", document, link[1])
			}
		}
	}
}

// anchor is the name that a heading has in links.
func anchor(heading string) string {
	name := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(name, " ", "-")
}
