package main

import (
	"bytes"
	"io/fs"
	"strconv"
)

// family is a process and all that descend from it, by what /proc says.
func family(proc fs.FS, first int) []int {
	children := map[int][]int{}
	names, _ := fs.ReadDir(proc, ".") // without it there is the first alone
	for _, name := range names {
		pid, err := strconv.Atoi(name.Name())
		if err != nil {
			continue
		}
		if parent := parentOf(proc, name.Name()); parent > 0 {
			children[parent] = append(children[parent], pid)
		}
	}
	all := []int{first}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}

// parentOf reads the second field behind a process's name, which stands in parentheses (proc_pid_stat(5)).
func parentOf(proc fs.FS, name string) int {
	text, err := fs.ReadFile(proc, name+"/stat")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(string(fields[1])) // 0 is nobody's child
	return parent
}
