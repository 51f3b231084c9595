// Proved by TestFile, TestEffectiveIsAFile and TestBadSettingsNameTheirFlag.

package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"halley/loop/settings"
)

// File is the flag --config: the path of a JSON object whose keys are flag
// names, with lines that are comments. A flag or environment variable goes before its entry.
type File string

// BeforeResolve loads the file when its flag belongs to the selected command.
func (File) BeforeResolve(ctx *kong.Context, trace *kong.Path, from *Source) error {
	path, _ := ctx.FlagValue(trace.Flag).(File)
	if path == "" || !owns(ctx.Flags(), trace.Flag) {
		return nil
	}
	values, err := load(string(path))
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	if err := known(values, ctx.Flags()); err != nil {
		return fmt.Errorf("--config: %s: %w", path, err)
	}
	from.path = string(path)
	ctx.AddResolver(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if inEnvironment(flag) {
			return nil, nil
		}
		if values[flag.Name] != nil {
			from.gave(flag.Name)
		}
		return values[flag.Name], nil
	}))
	return nil
}

func owns(flags []*kong.Flag, flag *kong.Flag) bool {
	for _, f := range flags {
		if f == flag {
			return true
		}
	}
	return false
}

func inEnvironment(flag *kong.Flag) bool {
	for _, name := range flag.Envs {
		if _, ok := os.LookupEnv(name); ok {
			return true
		}
	}
	return false
}

// Strangers are the variables of an environment that have the form of a flag's and are
// none, but for those that Kubernetes makes of a service's name.
func Strangers(flags []*kong.Flag, environ []string) (names []string) {
	known := make(map[string]bool)
	for _, f := range flags {
		for _, name := range f.Envs {
			known[name] = true
		}
	}
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		ours := strings.HasPrefix(name, "HALLEY_") && !strings.HasPrefix(name, "HALLEY_TEST_")
		service := strings.Contains(name, "_SERVICE_") || strings.Contains(name, "_PORT")
		if ours && !service && !known[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// load reads the file. Scalars become the text of their flag, so that a
// number keeps its digits.
func load(path string) (map[string]any, error) {
	raw, err := read(path)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(plain(raw)))
	d.UseNumber()
	var values map[string]any
	if err := d.Decode(&values); err != nil {
		return nil, fmt.Errorf("%s: expected a JSON object: %w", path, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: something follows the JSON object", path)
	}
	for name, v := range values {
		text, err := flagText(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %q %w", path, name, err)
		}
		values[name] = text
	}
	return values, nil
}

// patience is how long the rest of a configuration that comes by a pipe is waited for.
const patience = 10 * time.Second

// read reads a file, or what comes by /dev/stdin. It refuses a named pipe, which would be opened when somebody writes, for each start
// and reload anew, and waits for no pipe for ever: the server's other files would not be read again meanwhile.
func read(path string) ([]byte, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		return nil, fmt.Errorf("%s is a pipe: want a file", path)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a link may lead to a pipe
	if err != nil {
		return nil, err
	}
	defer f.Close()
	_ = f.SetReadDeadline(time.Now().Add(patience)) // files have none, nor do they wait
	return io.ReadAll(f)
}

// Once tells whether the configuration can be read only once: it comes by a pipe, and nobody writes it again.
func (f File) Once() bool {
	info, err := os.Stat(string(f))
	return err == nil && !info.Mode().IsRegular()
}

// plain is a file without what JSON has not: lines that begin with //, which no text of JSON can be part of, and a
// comma behind the last entry. Errors keep the place that they have in the file.
func plain(raw []byte) []byte {
	text := bytes.Clone(raw)
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(bytes.TrimLeft(line, " \t"), []byte("//")) {
			blank(bytes.TrimRight(line, "\r\n"))
		}
	}
	rest, object := bytes.CutSuffix(bytes.TrimRight(text, " \t\r\n"), []byte("}"))
	rest, comma := bytes.CutSuffix(bytes.TrimRight(rest, " \t\r\n"), []byte(","))
	if before := bytes.TrimRight(rest, " \t\r\n"); object && comma && !bytes.HasSuffix(before, []byte("{")) && !bytes.HasSuffix(before, []byte(",")) {
		text[len(rest)] = ' '
	}
	return text
}

// blank writes spaces.
func blank(text []byte) {
	for i := range text {
		text[i] = ' '
	}
}

// flagText turns a JSON value into what the flag's decoder takes.
func flagText(v any) (any, error) {
	switch v := v.(type) {
	case json.Number:
		return v.String(), nil
	case bool:
		return fmt.Sprint(v), nil
	case string, []any:
		return v, nil
	}
	return nil, errors.New("must be a string, a number, a boolean or a list")
}

// known refuses entries that are no flag of the command. File and the flags
// that act instead of serving cannot be set from a file.
func known(values map[string]any, flags []*kong.Flag) error {
	names := make(map[string]bool, len(flags))
	for _, f := range flags {
		names[f.Name] = settable(f)
	}
	for name := range values {
		if !names[name] {
			return fmt.Errorf("unknown key %q%s", name, hint(name, names))
		}
	}
	return nil
}

// settable reports whether a flag is part of the configuration.
func settable(f *kong.Flag) bool {
	return f.Name != "help" && f.Name != "version" && f.Name != "config" && f.Name != "check-config"
}

// hint helps with the commonest slip, other separators.
func hint(name string, names map[string]bool) string {
	hyphens := strings.ToLower(strings.ReplaceAll(name, "_", "-"))
	if names[hyphens] {
		return fmt.Sprintf(" (did you mean %q?)", hyphens)
	}
	return ""
}

// Effective is the configuration in force as JSON, an object that --config takes.
// Secrets are left out; the names of those that are set come beside it.
func Effective(flags []*kong.Flag) (text []byte, secrets []string, err error) {
	values := make(map[string]any, len(flags))
	for _, f := range flags {
		if !settable(f) {
			continue
		}
		v := f.Target.Interface()
		if _, ok := v.(settings.Secret); ok || f.Tag.Get("secret") == "yes" {
			if !f.Target.IsZero() {
				secrets = append(secrets, f.Name)
			}
			continue
		}
		if s, ok := v.(fmt.Stringer); ok {
			v = s.String()
		}
		if f.Tag.Type == "size" {
			v = settings.FormatSize(f.Target.Int())
		}
		if l, ok := v.([]string); ok && l == nil {
			v = []string{}
		}
		values[f.Name] = v
	}
	text, err = json.MarshalIndent(values, "", "  ")
	return text, secrets, err
}
