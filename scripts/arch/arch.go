// Package arch keeps the packages of this module in their directions: who may import whom, and which packages see no
// socket, file, clock or lock. Its test is part of scripts/check.
package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Check reads every Go file below root that is not a test and returns what breaks the table, one line each, in the
// order of the files: "dir/file.go:12: what". The error is of reading or parsing.
func Check(root, module string) (violations []string, err error) {
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return skip(root, name)
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		found, err := checkFile(root, module, name)
		violations = append(violations, found...)
		return err
	})
	return violations, err
}

// skip leaves out the directories that the go command leaves out, and other people's code.
func skip(root, name string) error {
	base := filepath.Base(name)
	if name != root && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "vendor" || base == "node_modules") {
		return fs.SkipDir
	}
	return nil
}

// file is one parsed source file and what is wrong with it.
type file struct {
	module string
	name   string // below the root
	rule   rule
	set    *token.FileSet
	found  []string
}

func checkFile(root, module, name string) ([]string, error) {
	source, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	f := file{module: module, set: token.NewFileSet()}
	if f.name, err = filepath.Rel(root, name); err != nil {
		return nil, err
	}
	f.name = filepath.ToSlash(f.name)
	tree, err := parser.ParseFile(f.set, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	rule, known := ruleOf(path.Dir(f.name))
	if !known {
		f.report(tree.Package, "package %s has no row in the table of import directions", path.Dir(f.name))
		return f.found, nil
	}
	f.rule = rule
	for _, spec := range tree.Imports {
		f.checkImport(spec)
	}
	if rule.purity >= clockless {
		f.checkGoroutines(tree)
	}
	if rule.purity == clockless {
		f.checkClock(tree)
	}
	return f.found, nil
}

func (f *file) report(at token.Pos, format string, args ...any) {
	f.found = append(f.found, fmt.Sprintf("%s:%d: %s", f.name, f.set.Position(at).Line, fmt.Sprintf(format, args...)))
}

func (f *file) checkImport(spec *ast.ImportSpec) {
	imported, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		f.report(spec.Pos(), "import path %s", spec.Path.Value)
		return
	}
	dir, own := strings.CutPrefix(imported, f.module+"/")
	first, _, _ := strings.Cut(imported, "/")
	switch {
	case own:
		f.checkOwn(spec, dir)
	case strings.Contains(first, "."):
		f.checkThird(spec, imported)
	default:
		f.checkStandard(spec, imported)
	}
}

func (f *file) checkOwn(spec *ast.ImportSpec, dir string) {
	if !slices.ContainsFunc(f.rule.own, func(allowed string) bool { return covers(allowed, dir) }) {
		f.report(spec.Pos(), "%s must not import %s", path.Dir(f.name), dir)
	}
}

func (f *file) checkThird(spec *ast.ImportSpec, imported string) {
	dir := path.Dir(f.name)
	if below(gnet, imported) && !slices.ContainsFunc(gnetOwners(), func(owner string) bool { return covers(owner, dir) }) {
		f.report(spec.Pos(), "%s must not import gnet: loop and loop/socket are the only server packages that do", dir)
		return
	}
	if !slices.ContainsFunc(f.rule.third, func(allowed string) bool { return allowed == "*" || below(allowed, imported) }) {
		f.report(spec.Pos(), "%s must not import %s", dir, imported)
	}
}

func (f *file) checkStandard(spec *ast.ImportSpec, imported string) {
	dir := path.Dir(f.name)
	if slices.ContainsFunc(banned(f.rule.purity), func(root string) bool { return below(root, imported) }) {
		f.report(spec.Pos(), "%s is %s and must not import %s", dir, f.rule.purity, imported)
	}
	if imported == "time" && f.rule.purity == timeless {
		f.report(spec.Pos(), "%s knows no time and must not import it", dir)
	}
}

// checkGoroutines finds what would have scripts/check look for races.
func (f *file) checkGoroutines(tree *ast.File) {
	ast.Inspect(tree, func(n ast.Node) bool {
		if start, is := n.(*ast.GoStmt); is {
			f.report(start.Pos(), "%s is %s and must not start a goroutine", path.Dir(f.name), f.rule.purity)
		}
		return true
	})
}

// checkClock finds uses of the clock under whatever name the file gives to package time.
func (f *file) checkClock(tree *ast.File) {
	name := f.timeName(tree)
	if name == "" {
		return
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		selector, is := n.(*ast.SelectorExpr)
		if !is {
			return true
		}
		if x, is := selector.X.(*ast.Ident); is && x.Name == name && slices.Contains(clock(), selector.Sel.Name) {
			f.report(selector.Pos(), "%s takes the time as an argument and must not use time.%s", path.Dir(f.name), selector.Sel.Name)
		}
		return true
	})
}

// timeName is the file's name for package time, "" without the import. A dot import would hide the uses and is reported.
func (f *file) timeName(tree *ast.File) string {
	for _, spec := range tree.Imports {
		switch {
		case spec.Path.Value != `"time"`:
		case spec.Name == nil:
			return "time"
		case spec.Name.Name == ".":
			f.report(spec.Pos(), "%s must not import time with a dot", path.Dir(f.name))
		default:
			return spec.Name.Name
		}
	}
	return ""
}
