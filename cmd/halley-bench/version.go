package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"halley/bench/report"
)

type versionCommand struct{}

// Run prints what this binary is.
func (versionCommand) Run() error {
	_, err := fmt.Println(describeBuild())
	return err
}

// describeBuild is what the Go tool has put into the binary, on one line.
func describeBuild() string {
	version := "development"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		version = info.Main.Version
	}
	return fmt.Sprintf("halley-bench %s, commit %s, %s %s/%s", version, cmp.Or(report.BuildCommit(), "unknown"), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
