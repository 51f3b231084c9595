// Proved by TestStore.

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// store is where rivals are kept that were downloaded or built.
type store struct {
	cache, folder string // theirs, a folder for each; ours, with the files that pin and configure them
	halley, bench string // our programs
	commit        string // that they are of
}

// path is that of a rival's file.
func (s *store) path(name, file string) string { return filepath.Join(s.cache, name, file) }

// once has a rival made unless it is there already, as its mark of our files says.
func (s *store) once(name, mark string, make func() error) error {
	done := s.path(name, "done")
	if text, err := os.ReadFile(done); err == nil && string(text) == mark {
		return nil
	}
	if err := errors.Join(os.RemoveAll(s.path(name, "")), os.MkdirAll(s.path(name, ""), 0o755)); err != nil {
		return err
	}
	if err := make(); err != nil {
		return err
	}
	return os.WriteFile(done, []byte(mark), 0o644)
}

// mark is the text of our files of a rival, by which a change of them is noticed.
func (s *store) mark(name string, files ...string) (mark string) {
	for _, file := range files {
		text, _ := os.ReadFile(filepath.Join(s.folder, name, file)) // what is not there fails when it is used
		mark += string(text)
	}
	return mark
}

// run runs a program to its end; what it says is in the error.
func run(dir string, env []string, args ...string) error {
	command := exec.Command(args[0], args[1:]...)
	command.Dir, command.Env = dir, append(os.Environ(), env...)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args[:min(len(args), 3)], " "), err, out)
	}
	return nil
}

// npm installs what the lock of our folder pins, and returns the version of a package.
func (s *store) npm(name, of string) (string, error) {
	if err := tools("node", "npm"); err != nil {
		return "", err
	}
	err := s.once(name, s.mark(name, "package-lock.json"), func() error {
		if err := run(s.folder, nil, "cp", name+"/package.json", name+"/package-lock.json", s.path(name, "")); err != nil {
			return err
		}
		return run(s.path(name, ""), nil, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	})
	if err != nil {
		return "", err
	}
	var pack struct{ Version string }
	text, err := os.ReadFile(s.path(name, "node_modules/"+of+"/package.json"))
	if err == nil {
		err = json.Unmarshal(text, &pack)
	}
	return pack.Version + " on " + tell("Node.js ", "node", "--version"), err
}

// node runs the server of our folder on its own. A larger young generation saves a sixth of Faye's CPU and takes three times the memory
// (nodejs.org/api/cli.html, --max-semi-space-size: throughput for memory).
func (s *store) node(name string, p place) process {
	args := []string{"node", filepath.Join(s.folder, name, "server.js"), strconv.Itoa(p.port), s.path(name, "")}
	if !p.idle {
		args = slices.Insert(args, 1, "--max-semi-space-size=64")
	}
	return process{args: args, env: []string{"NODE_ENV=production"}}
}

// maven compiles the server of our folder, with the versions that its pom.xml has.
func (s *store) maven(name string) (string, error) {
	if err := tools("java", "mvn"); err != nil {
		return "", err
	}
	pom := s.mark(name, "pom.xml")
	err := s.once(name, pom+s.mark(name, "src/main/java/Cometd.java"), func() error {
		if err := run(s.folder, nil, "cp", "-r", name+"/pom.xml", name+"/src", s.path(name, "")); err != nil {
			return err
		}
		return run(s.path(name, ""), nil, "mvn", "-q", "-B", "compile", "dependency:build-classpath", "-Dmdep.outputFile=classpath")
	})
	_, version, _ := strings.Cut(pom, "<cometd.version>")
	version, _, _ = strings.Cut(version, "<")
	return version + " on " + tell("Java ", "java", "--version"), err
}

// goInstall builds a program of the Go module proxy.
func (s *store) goInstall(name, module, version string) (string, error) {
	err := s.once(name, module+version, func() error {
		return run(s.path(name, ""), []string{"GOFLAGS=", "GOBIN=" + s.path(name, "bin")}, "go", "install", module+"@"+version)
	})
	return version, err
}

// debian unpacks packages of Debian's into the cache, so that nothing is installed.
func (s *store) debian(name string, packages ...string) (string, error) {
	if err := tools("apt-get", "dpkg"); err != nil {
		return "", err
	}
	_, version, found := strings.Cut(tellAll("apt-cache", "show", "--no-all-versions", packages[0]), "\nVersion: ")
	if !found {
		return "", errors.New("no package " + packages[0] + " of Debian's here (apt-get update?)")
	}
	version, _, _ = strings.Cut(version, "\n")
	err := s.once(name, version+strings.Join(packages, " "), func() error {
		if err := run(s.path(name, ""), nil, append([]string{"apt-get", "download", "-q"}, packages...)...); err != nil {
			return err
		}
		return run(s.path(name, ""), nil, "sh", "-c", `for package in *.deb; do dpkg -x "$package" . || exit; done; rm *.deb`)
	})
	return version, err
}

// fill writes a configuration of our folder into that of a server, with its ports and folder and further values.
func (s *store) fill(file string, p place, more ...string) error {
	text, err := os.ReadFile(filepath.Join(s.folder, file))
	if err != nil {
		return err
	}
	values := map[string]string{"PORT": strconv.Itoa(p.port), "OTHER": strconv.Itoa(p.other), "DIR": p.dir}
	for _, pair := range more {
		key, value, _ := strings.Cut(pair, "=")
		values[key] = value
	}
	filled := os.Expand(string(text), func(key string) string { return values[key] })
	return os.WriteFile(filepath.Join(p.dir, filepath.Base(file)), []byte(filled), 0o644)
}

// tell is what a program says of its version: the first line after a prefix and a v, or as far as it is a number.
func tell(prefix string, args ...string) string {
	line, _, _ := strings.Cut(tellAll(args...), "\n")
	for _, word := range strings.Fields(line) {
		if number := strings.TrimPrefix(word, "v"); number != "" && number[0] >= '0' && number[0] <= '9' {
			return prefix + number
		}
	}
	return prefix + "of an unknown version"
}

func tellAll(args ...string) string {
	out, _ := exec.Command(args[0], args[1:]...).Output() // without an answer the version is unknown
	return string(out)
}
