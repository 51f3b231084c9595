// Package floor builds the yardstick of floor.c: the least server that does the same
// bytes as a Bayeux server over long-polling, websockets and plain event-streams, in C on bare epoll.
package floor

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed floor.c
var source []byte

// ErrNoCompiler says that this host has no C compiler to build the floor with.
var ErrNoCompiler = errors.New("no C compiler (gcc or cc) to build the floor with")

// Build compiles the floor into dir and returns the program's path.
func Build(dir string) (string, error) {
	compiler, err := exec.LookPath("gcc")
	if err != nil {
		if compiler, err = exec.LookPath("cc"); err != nil {
			return "", ErrNoCompiler
		}
	}
	file, program := filepath.Join(dir, "floor.c"), filepath.Join(dir, "floor")
	if err := os.WriteFile(file, source, 0o600); err != nil {
		return "", err
	}
	if out, err := exec.Command(compiler, "-O2", "-o", program, file).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the floor: %w\n%s", err, out)
	}
	return program, nil
}
