// Package citations holds what the sources say of specifications against the list of their requirements: which are
// enforced, and where; which are left out, and why.
package citations

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Requirement is a row of the list.
type Requirement struct {
	Spec, Section, Level, Name string
	Text                       string // in short
	LeftOut                    string // why it is not enforced; empty if it is
}

// String is how a comment cites the requirement.
func (r Requirement) String() string {
	return fmt.Sprintf("%s, %s %s %s", r.Spec, r.Section, r.Level, r.Name)
}

// Place is a line of a source file.
type Place struct {
	File string // below the root
	Line int
}

// String is file:line.
func (p Place) String() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// ReadRequirements reads a list: five columns between bars, "#" before a comment.
func ReadRequirements(file string) (list []Requirement, err error) {
	err = eachLine(file, func(line string) error {
		columns := strings.Split(line, "|")
		if len(columns) != 5 {
			return fmt.Errorf("%q has %d columns, not 5", line, len(columns))
		}
		for i := range columns {
			columns[i] = strings.TrimSpace(columns[i])
		}
		r := Requirement{Spec: columns[0], Section: columns[1], Level: columns[2], Name: columns[3], Text: columns[4]}
		if reason, is := strings.CutPrefix(r.Text, "left out:"); is {
			r.Text, r.LeftOut = "", strings.TrimSpace(reason)
		}
		if !citation.MatchString(r.String()) {
			return fmt.Errorf("%q is no citation", r)
		}
		if slices.ContainsFunc(list, func(other Requirement) bool { return other.String() == r.String() }) {
			return fmt.Errorf("%q is there twice", r)
		}
		list = append(list, r)
		return nil
	})
	return list, err
}

// ReadOutline reads the numbers of sections, each with its title.
func ReadOutline(file string) (sections map[string]string, err error) {
	sections = map[string]string{}
	err = eachLine(file, func(line string) error {
		number, title, _ := strings.Cut(line, " ")
		sections[number] = title
		return nil
	})
	return sections, err
}

// eachLine visits the lines of a file that are neither empty nor comments.
func eachLine(file string, visit func(line string) error) error {
	text, err := os.Open(file)
	if err != nil {
		return err
	}
	defer text.Close()
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" && line[0] != '#' {
			if err := visit(line); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return lines.Err()
}

var (
	// spec finds where a comment names a specification that is cited by sections.
	spec = regexp.MustCompile(`RFC ?\d+|Bayeux 1\.0|WHATWG HTML|HTML, `)
	// citation is the one form in which a section is cited, and a requirement in it.
	citation = regexp.MustCompile(`^(RFC \d+|Bayeux 1\.0|HTML), (\d+(?:\.\d+)*)(?: (MUST|MUST NOT|SHOULD|SHOULD NOT) ([a-z0-9][a-z0-9.-]*[a-z0-9]))?`)
	// foreign is another form of a citation; a specification's name alone is none.
	foreign = regexp.MustCompile(`^(?:RFC\d|HTML, |WHATWG|(?:RFC \d+|Bayeux 1\.0),? (?:sections?\b|\d))`)
)

// Citations are the requirements that the sources cite, with the places, and what is wrong with citations.
type Citations struct {
	Places map[string][]Place // by the form of Requirement.String
	Wrong  []string
}

// Read finds the citations in the comments of all Go files below root that are not tests.
func Read(root string, outline map[string]string) (c Citations, err error) {
	c.Places = map[string][]Place{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		return c.readFile(root, path, outline)
	})
	return c, err
}

func (c *Citations) readFile(root, path string, outline map[string]string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	name, err := filepath.Rel(root, path)
	if err != nil {
		return err
	}
	for i, line := range strings.Split(string(text), "\n") {
		if _, comment, is := strings.Cut(line, "//"); is {
			c.readComment(comment, Place{name, i + 1}, outline)
		}
	}
	return nil
}

// readComment takes the citations of one line.
func (c *Citations) readComment(comment string, at Place, outline map[string]string) {
	for _, span := range spec.FindAllStringIndex(comment, -1) {
		rest := comment[span[0]:]
		m := citation.FindStringSubmatch(rest)
		switch {
		case m == nil && !foreign.MatchString(rest):
		case m == nil:
			c.wrong(at, "%q cites in a form of its own", rest)
		case m[1] == "Bayeux 1.0" && outline[m[2]] == "":
			c.wrong(at, "Bayeux 1.0 has no section %s in the outline", m[2])
		case m[3] != "":
			c.Places[m[0]] = append(c.Places[m[0]], at)
		}
	}
}

func (c *Citations) wrong(at Place, format string, args ...any) {
	c.Wrong = append(c.Wrong, at.String()+": "+fmt.Sprintf(format, args...))
}

// Check returns what does not fit together: citations of what is not in the list, requirements that nothing cites and
// nothing leaves out, and requirements that are left out and cited all the same.
func (c *Citations) Check(list []Requirement) (wrong []string) {
	wrong = slices.Clone(c.Wrong)
	known := map[string]bool{}
	for _, r := range list {
		key := r.String()
		known[key] = true
		switch cited := len(c.Places[key]) > 0; {
		case !cited && r.LeftOut == "":
			wrong = append(wrong, key+": nothing cites it")
		case cited && r.LeftOut != "":
			wrong = append(wrong, key+": left out, but cited at "+c.Places[key][0].String())
		}
	}
	for key, places := range c.Places {
		if !known[key] {
			wrong = append(wrong, fmt.Sprintf("%s: %s is not in the list of requirements", places[0], key))
		}
	}
	slices.Sort(wrong)
	return wrong
}
