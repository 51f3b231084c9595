package main

import (
	"go/ast"
	"path"
)

// addStruct counts the booleans of a struct's state. A field with a tag is a setting, whose flag is its reason to be.
func (t *tree) addStruct(file string, spec *ast.TypeSpec) {
	s, is := spec.Type.(*ast.StructType)
	if !is {
		return
	}
	booleans := 0
	for _, field := range s.Fields.List {
		if name, is := field.Type.(*ast.Ident); is && name.Name == "bool" && field.Tag == nil {
			booleans += max(1, len(field.Names))
		}
	}
	if booleans > 0 {
		t.booleans = append(t.booleans, item{file + ":" + spec.Name.Name, booleans})
	}
}

// addMethod notes that a type of the file's package has a method in it.
func (t *tree) addMethod(file, receiver string) {
	if receiver == "" {
		return
	}
	if t.methods == nil {
		t.methods = map[string]map[string]int{}
	}
	of := path.Dir(file) + ":" + receiver[:len(receiver)-1]
	if t.methods[of] == nil {
		t.methods[of] = map[string]int{}
	}
	t.methods[of][file]++
}

// exceptions are types whose methods stand in more files than the aim allows, with how many those are, since that is the
// better cut. ARCHITECTURE says why. In more files yet they count like all others.
func exceptions() map[string]int {
	return map[string]int{
		"bayeux:exchange": 15, // a file for each operation
	}
}

// unexcepted are the types that are no exception.
func unexcepted(files []item) (rest []item) {
	allowed := exceptions()
	for _, f := range files {
		if f.lines > allowed[f.name] {
			rest = append(rest, f)
		}
	}
	return rest
}

// widest returns the types with how many methods each has, and in how many files these stand.
func (t *tree) widest() (methods, files []item) {
	for name, byFile := range t.methods {
		n := 0
		for _, here := range byFile {
			n += here
		}
		methods = append(methods, item{name, n})
		files = append(files, item{name, len(byFile)})
	}
	return methods, files
}
