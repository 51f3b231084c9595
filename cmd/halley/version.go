// Proved by TestDescribeACheckout, TestDescribeWithoutBuildInfo and TestVersion.

package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// versionCommand prints what this binary is.
type versionCommand struct{}

// Run prints version, commit and Go version on one line.
func (versionCommand) Run(env environment) error {
	_, err := fmt.Fprintln(env.stdout, described())
	return err
}

// described is what this binary is.
func described() string {
	info, _ := debug.ReadBuildInfo()
	return describe(info)
}

// release is the version alone.
func release() string {
	info, _ := debug.ReadBuildInfo()
	return releaseOf(info)
}

// releaseOf is the version that the Go tool has put into the binary.
func releaseOf(info *debug.BuildInfo) string {
	if info == nil || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "development"
	}
	return info.Main.Version
}

// describe reads what the Go tool has put into the binary.
func describe(info *debug.BuildInfo) string {
	version, commit, changed := releaseOf(info), "unknown", ""
	if info != nil {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = " (changed)"
			}
		}
	}
	return fmt.Sprintf("halley %s, commit %s%s, %s %s/%s", version, commit, changed, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
