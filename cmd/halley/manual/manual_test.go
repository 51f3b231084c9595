package manual

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// grammar has a flag of each kind, and texts that mean something to each shell and to roff.
type grammar struct {
	Start struct {
		Mode  string   `default:"slow" enum:"slow,fast" group:"a" help:".How 'it' goes: [slow] or fast\\slow; what \"else\" there is is told here at great length."`
		From  string   `placeholder:"FILE" help:"A file."`
		Place string   `placeholder:"DIR" help:"A folder."`
		Count int      `default:"3" env:"COUNT" help:"How many."`
		Names []string `placeholder:"NAME" help:"Names; repeatable."`
		Loud  bool     `help:"Says more."`
	} `cmd:"" help:"Start it."`
	Stop struct {
		Mode string `default:"kill" enum:"kill,ask" help:"How it ends."`
		From string `placeholder:"FILE" help:"A file."`
		What string `arg:"" enum:"all,one" help:"What stops."`
	} `cmd:"" help:"Stop it."`
	Secret struct{} `cmd:"" hidden:"" help:"Nobody knows."`
}

func program(t *testing.T) Program {
	t.Helper()
	k, err := kong.New(new(grammar), kong.Name("planet"), kong.Description("A body: round, and in orbit."), kong.ExplicitGroups([]kong.Group{{Key: "a", Title: "Ways:"}}))
	if err != nil {
		t.Fatal(err)
	}
	return Of(k.Model, "v1.2")
}

func completion(t *testing.T, shell string) (text, path string) {
	t.Helper()
	var out bytes.Buffer
	if err := program(t).Completion(&out, shell); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "_planet")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return out.String(), path
}

// shell runs a shell where it is installed.
func shell(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("there is no %s: its completion was not tried", name)
	}
	run := exec.Command(path, args...)
	run.Dir = t.TempDir()
	for _, file := range []string{"orbit", "other"} {
		if err := os.WriteFile(filepath.Join(run.Dir, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

// bash offers what can stand at the cursor.
func TestBash(t *testing.T) {
	_, path := completion(t, "bash")
	for words, want := range map[string]string{
		"":                     "start stop --help --version",
		"st":                   "start stop",
		"start --mo":           "--mode",
		"start --mode ":        "slow fast",
		"start --mode = f":     "fast",
		"start --mode =":       "slow fast",
		"stop --mode ":         "kill ask",
		"stop ":                "all one --help --mode --from",
		"start --from o":       "orbit other",
		"stop --from or":       "orbit",
		"start --count ":       "",
		"start --loud --count": "--count",
		"start --loud --n":     "--names",
		"other --mo":           "",
	} {
		script := `. "$1"; shift; COMP_WORDS=(planet "$@"); COMP_CWORD=$#; _planet; echo "${COMPREPLY[@]}"`
		args := []string{"-uc", script, "-", path}
		fields := strings.Fields(words)
		if words == "" || strings.HasSuffix(words, " ") {
			fields = append(fields, "")
		}
		if got := shell(t, "bash", append(args, fields...)...); got != want {
			t.Errorf("%q: offers %q, want %q", words, got, want)
		}
	}
}

// zsh reads the script, and has a line for each flag.
func TestZsh(t *testing.T) {
	text, path := completion(t, "zsh")
	for _, want := range []string{
		`'start:Start it'`, `'--mode=[.How '\''it'\'' goes\: \[slow\] or fast\\slow]:mode:(slow fast)'`, `'--place=[A folder]:place:_files -/'`,
		`'*--names=[Names; repeatable]:names: '`, `'--loud[Says more]'`, `'1:what:(all one)'`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if got := shell(t, "zsh", "-fc", `autoload -Uz compinit; compinit -D -u; . "$1"; print $_comps[planet]`, "-", path); got != "_planet" {
		t.Errorf("zsh says %q", got)
	}
}

// fish offers what can stand at the cursor.
func TestFish(t *testing.T) {
	_, path := completion(t, "fish")
	for line, want := range map[string]string{
		"planet st":              "start stop",
		"planet start --mode ":   "fast slow",
		"planet stop --mode ":    "ask kill",
		"planet start --lo":      "--loud",
		"planet stop o":          "one",
		"planet stop --from ./o": "./orbit ./other",
	} {
		got := shell(t, "fish", "--no-config", "-c", `source $argv[1]; complete -C $argv[2] | string replace -r '\t.*' ''; true`, path, line)
		if got != want {
			t.Errorf("%q: offers %q, want %q", line, got, want)
		}
	}
}

func TestOtherShells(t *testing.T) {
	if err := program(t).Completion(new(bytes.Buffer), "csh"); err == nil {
		t.Error("csh has a completion")
	}
	for _, name := range []string{"bash", "zsh", "fish"} {
		if text, _ := completion(t, name); strings.Contains(text, "secret") {
			t.Errorf("%s offers a hidden command", name)
		}
	}
}

// The page has each command and flag, with what it is for.
func TestPage(t *testing.T) {
	var out bytes.Buffer
	if err := program(t).Page(&out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{
		".TH PLANET 1 \"\" \"planet v1.2\"", "planet \\- body\n", ".SH START\n", ".SS Ways\n", ".B \\-\\-count=3\nHow many. Variable: COUNT.\n",
		"\\&.How 'it' goes", "fast\\eslow", ".B \\-\\-loud\n", ".SH EXIT STATUS",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Count(text, "A file.") != 1 || strings.Contains(text, "Nobody knows") {
		t.Errorf("a flag is told twice, or a hidden command:\n%s", text)
	}
}

// groff has nothing to say against the page.
func TestPageIsWellFormed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "planet.1")
	var out bytes.Buffer
	if err := program(t).Page(&out); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := shell(t, "groff", "-man", "-ww", "-z", "-Tutf8", path); said != "" {
		t.Error(said)
	}
}

func TestSummary(t *testing.T) {
	for help, want := range map[string]string{
		"Short, and all of it.": "Short, and all of it",
		"A sentence that is longer than a line has room for, with more; and more. And more.": "A sentence that is longer than a line has room for",
	} {
		if got := summary(help); got != want {
			t.Errorf("%q", got)
		}
	}
}
