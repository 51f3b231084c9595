package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// listed is what `go list` tells of a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	Standard, DepOnly       bool
}

// addPairs counts, for each package below root, the pairs of files that use each other's names: functions, types,
// methods and fields. Without a go.mod there is nothing to resolve names by.
func (t *tree) addPairs(root string) error {
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		return nil
	}
	packages, err := list(root)
	if err != nil {
		return err
	}
	exports := map[string]string{}
	for _, p := range packages {
		exports[p.ImportPath] = p.Export
	}
	for _, p := range packages {
		if p.Standard || p.DepOnly {
			continue
		}
		found, err := pairsOf(p, exports)
		if err != nil {
			return fmt.Errorf("%s: %w", p.ImportPath, err)
		}
		t.pairs = append(t.pairs, item{p.ImportPath, len(found)})
		for _, pair := range found {
			t.pairNames = append(t.pairNames, p.ImportPath+": "+pair)
		}
	}
	return nil
}

// list asks the go command for the packages below root and for the compiled form of all that they import.
func list(root string) (packages []listed, err error) {
	command := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,Standard,DepOnly", "./...")
	command.Dir, command.Stderr = root, os.Stderr
	text, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		var p listed
		switch err := decoder.Decode(&p); err {
		case nil:
			packages = append(packages, p)
		case io.EOF:
			return packages, nil
		default:
			return nil, err
		}
	}
}

// pairsOf names the pairs of a package's files of which each uses a name of the other.
func pairsOf(p listed, exports map[string]string) (pairs []string, err error) {
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	open := func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
	config := types.Config{Importer: importer.ForCompiler(set, "gc", open)}
	info := types.Info{Uses: map[*ast.Ident]types.Object{}}
	if _, err := config.Check(p.ImportPath, set, files, &info); err != nil {
		return nil, err
	}
	uses := map[[2]string]bool{}
	for use, object := range info.Uses {
		from, to := base(set, use.Pos()), base(set, object.Pos())
		if object.Pkg() != nil && object.Pkg().Path() == p.ImportPath && from != to {
			uses[[2]string{from, to}] = true
		}
	}
	for pair := range uses {
		if pair[0] < pair[1] && uses[[2]string{pair[1], pair[0]}] {
			pairs = append(pairs, pair[0]+" and "+pair[1])
		}
	}
	slices.Sort(pairs)
	return pairs, nil
}

// base is the name of the file that has a position.
func base(set *token.FileSet, at token.Pos) string { return filepath.Base(set.Position(at).Filename) }
