package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// item is a file or function with its length in lines.
type item struct {
	name  string
	lines int
}

// tree is what measure counts.
type tree struct {
	files, functions     []item // of the sources that are not tests
	complexity           []item // of each function, in lines' stead
	exported, documented int
	undocumented         []string
	testFiles, testLines int
	scripts              []item // JavaScript, tests and pages included

	booleans  []item                    // of each struct that has any
	methods   map[string]map[string]int // of each type, by file
	pairs     []item                    // of files that use each other, by package
	pairNames []string
	logic     int      // files with logic
	unproved  []string // of these, files of which nothing says what proves them
	sentences []item   // of the documents, with their words in lines' stead
}

// measure counts the Go and JavaScript files below root, without generated ones and other people's.
func measure(root string) (*tree, error) {
	t := &tree{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && skipped(d.Name()):
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return t.add(path, name)
	})
	if err != nil {
		return t, err
	}
	return t, t.addPairs(root)
}

func skipped(dir string) bool {
	return strings.HasPrefix(dir, ".") || dir == "testdata" || dir == "vendor" || dir == "node_modules"
}

// add counts one file.
func (t *tree) add(path, name string) error {
	extension := filepath.Ext(name)
	script := extension == ".js" || extension == ".mjs" || extension == ".cjs"
	if extension != ".go" && extension != ".md" && !script {
		return nil
	}
	source, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := bytes.Count(source, []byte("\n"))
	switch {
	case extension == ".md":
		t.addDocument(name, string(source))
	case script:
		t.scripts = append(t.scripts, item{name, lines})
	case strings.HasSuffix(name, "_test.go"):
		t.testFiles++
		t.testLines += lines
	case !generated(source):
		t.files = append(t.files, item{name, lines})
		return t.addSource(path, name, source)
	}
	return nil
}

// generated finds the marker near the head of the file.
func generated(source []byte) bool {
	return bytes.Contains(source[:min(len(source), 600)], []byte("Code generated"))
}

func (t *tree) addSource(path, name string, source []byte) error {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	t.addProof(path, name, file)
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			t.addFunction(set, name, d)
		case *ast.GenDecl:
			t.addNames(name, d)
		}
	}
	return nil
}

func (t *tree) addFunction(set *token.FileSet, file string, d *ast.FuncDecl) {
	name := file + ":" + receiver(d) + d.Name.Name
	t.addMethod(file, receiver(d))
	if d.Body != nil {
		lines := set.Position(d.End()).Line - set.Position(d.Pos()).Line + 1
		t.functions = append(t.functions, item{name, lines})
		t.complexity = append(t.complexity, item{name, cyclomatic(d)})
	}
	t.addName(name, d.Name, d.Doc)
}

// receiver is the type of a method and a dot.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	of := d.Recv.List[0].Type
	if pointer, is := of.(*ast.StarExpr); is {
		of = pointer.X
	}
	switch generic := of.(type) {
	case *ast.IndexExpr:
		of = generic.X
	case *ast.IndexListExpr:
		of = generic.X
	}
	if name, is := of.(*ast.Ident); is {
		return name.Name + "."
	}
	return ""
}

// cyclomatic is one more than the number of places where the function can go two ways.
func cyclomatic(d *ast.FuncDecl) int {
	ways := 1
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt, *ast.CommClause:
			ways++
		case *ast.CaseClause:
			if n.List != nil {
				ways++
			}
		case *ast.BinaryExpr:
			if n.Op == token.LAND || n.Op == token.LOR {
				ways++
			}
		}
		return true
	})
	return ways
}

// addNames counts the types, constants and variables of a declaration. One comment above a group is enough for all of it.
func (t *tree) addNames(file string, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			t.addName(file+":"+s.Name.Name, s.Name, d.Doc, s.Doc, s.Comment)
			t.addStruct(file, s)
		case *ast.ValueSpec:
			for _, name := range s.Names {
				t.addName(file+":"+name.Name, name, d.Doc, s.Doc, s.Comment)
			}
		}
	}
}

// addName counts a name, if it is exported, as documented by any of the comments.
func (t *tree) addName(where string, name *ast.Ident, comments ...*ast.CommentGroup) {
	if !name.IsExported() {
		return
	}
	t.exported++
	for _, comment := range comments {
		if comment != nil {
			t.documented++
			return
		}
	}
	t.undocumented = append(t.undocumented, where)
}
