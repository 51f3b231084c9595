package main

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// proof is how the first comments of a file name what proves it: tests, benchmarks or fuzz targets of its folder, or
// paths below the root.
var proof = regexp.MustCompile(`(?m)^Proved by ([^\n]+(?:\n[^\n]+)*?)\.$`)

// addProof notes whether something is said to prove a file that has logic.
func (t *tree) addProof(path, name string, file *ast.File) {
	if !hasLogic(file) {
		return
	}
	t.logic++
	if _, err := os.Stat(strings.TrimSuffix(path, ".go") + "_test.go"); err == nil {
		return
	}
	claims := proofClaims(file)
	root := strings.TrimSuffix(path, name)
	if len(claims) > 0 && !slices.ContainsFunc(claims, func(claim string) bool { return !holds(root, filepath.Dir(path), claim) }) {
		return
	}
	t.unproved = append(t.unproved, name)
}

// hasLogic tells whether a file has functions that are more than one statement.
func hasLogic(file *ast.File) bool {
	return slices.ContainsFunc(file.Decls, func(d ast.Decl) bool {
		f, is := d.(*ast.FuncDecl)
		return is && f.Body != nil && len(f.Body.List) > 1
	})
}

// proofClaims are the names after "Proved by" in the comments above the imports and the first declaration.
func proofClaims(file *ast.File) []string {
	for _, comment := range file.Comments {
		if len(file.Decls) > 0 && comment.Pos() > file.Decls[0].Pos() {
			break
		}
		if found := proof.FindStringSubmatch(strings.TrimSpace(comment.Text())); found != nil {
			words := strings.FieldsFunc(found[1], func(r rune) bool { return strings.ContainsRune(", \n", r) })
			return slices.DeleteFunc(words, func(word string) bool { return word == "and" })
		}
	}
	return nil
}

// holds tells whether a claim names a test function of the folder or a file below the root.
func holds(root, folder, claim string) bool {
	if strings.Contains(claim, "/") || strings.Contains(claim, ".") {
		found, err := filepath.Glob(filepath.Join(root, claim))
		return err == nil && len(found) > 0
	}
	tests, _ := filepath.Glob(filepath.Join(folder, "*_test.go"))
	return slices.ContainsFunc(tests, func(test string) bool {
		text, err := os.ReadFile(test)
		return err == nil && strings.Contains(string(text), "\nfunc "+claim+"(")
	})
}
