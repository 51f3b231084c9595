//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"halley/scripts/nodes"
)

// halleyWrapper stands for the program in the README's commands: it goes to the
// test's server, a subscriber ends with its first message, a recorded feed with its
// first second, and a server of its own when it listens as it does by Ctrl-C.
const halleyWrapper = `#!/usr/bin/env bash
command=$1; shift
case $command in
pub)
	case " $* " in *" --csv "*) set -- "$@" --to 34201000 ;; esac
	exec "$BIN" pub --server "$INTERNAL" "$@" ;;
sub) exec "$BIN" sub --server "$PUBLIC/bayeux" --count 1 --timeout 2m "$@" ;;
serve)
	case " $* " in *" --check-config "*) exec "$BIN" serve "$@" ;; esac
	exec 3< <(exec "$BIN" serve --listen "$HOST:0" --internal "$HOST:0" --drain-timeout 1s "$@" 2>&1)
	server=$!
	while read -r line <&3; do
		echo "$line"
		case $line in *msg=listening*) kill -INT "$server" ;; esac
	done
	wait "$server" ;;
*) exec "$BIN" "$command" "$@" ;;
esac
`

// goWrapper runs the server as halleyWrapper does, and the load generator against
// the test's server. What it builds is halleyWrapper, in the working folder as go does.
const goWrapper = `#!/usr/bin/env bash
case "$1 $2" in
"run ./cmd/halley") shift 2; exec "$TOOLS/built" "$@" ;;
"run ./cmd/halley-bench") cd "$ROOT" && exec "$GO" "$@" --url "$PUBLIC/bayeux" ;;
"build ./cmd/halley") exec cp "$TOOLS/built" halley ;;
esac
echo "no rule for: go $*" >&2
exit 1
`

// readmeBuild is how the README says that the binary is made, for all commands that use it.
const readmeBuild = "go build ./cmd/halley"

// Every command of the README works as it stands there, in a shell that has run the
// command before it that builds the binary, with nothing else at hand than a clone has.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	folder, tools := t.TempDir(), t.TempDir()
	write(t, filepath.Join(tools, "built"), halleyWrapper, 0o755)
	write(t, filepath.Join(tools, "go"), goWrapper, 0o755)
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	commands := readmeCommands(t, filepath.Join(root, "README.md"))
	if len(commands) < 8 {
		t.Fatalf("only %d commands in the README", len(commands))
	}
	// The server of the test has the certificate that the README has one make.
	if made, err := inFolder(t.Context(), folder, commands[slices.IndexFunc(commands, makesCertificate)]).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, made)
	}
	secure := localAddress(t)
	server := serve(t, "--demo", "--tls-listen="+secure, "--tls-cert="+filepath.Join(folder, "localhost.crt"), "--tls-key="+filepath.Join(folder, "localhost.key"))
	build := "true"
	for _, command := range commands {
		if command == "scripts/test" || command == "scripts/interop/run" || command == "scripts/rivals --quick" {
			continue // it runs this, or is run apart from it
		}
		if makesCertificate(command) {
			continue // done
		}
		if strings.HasPrefix(command, readmeBuild) {
			build = command
		}
		t.Run(command, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			command := ownAddresses(command)
			command = strings.NewReplacer("http://localhost:8080", server.public, "http://localhost:8081", server.internal,
				"https://localhost:8443", "https://"+secure).Replace(command)
			run := inFolder(ctx, folder, build+"\n"+command)
			run.Env = append(os.Environ(), "PATH="+tools+":"+os.Getenv("PATH"), "TOOLS="+tools, "BIN="+binary(t), "ROOT="+root, "GO="+goTool,
				"PUBLIC="+server.public, "INTERNAL="+server.internal, "HOST="+nodes.NewNetwork(os.Getpid()).Host(50))
			if out, err := run.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// listened finds where a server of the README listens, or another node of its does.
var listened = regexp.MustCompile(`(--(?:listen|tls-listen|internal|cluster-listen|cluster-peer|proxy-protocol) )(?:127\.0\.0\.(\d))?:(\d+)`)

// ownAddresses has a server of the README listen where no other program does.
func ownAddresses(command string) string {
	network := nodes.NewNetwork(os.Getpid())
	return listened.ReplaceAllStringFunc(command, func(match string) string {
		parts := listened.FindStringSubmatch(match)
		number, _ := strconv.Atoi(parts[2]) // 0 where there is none
		port, _ := strconv.Atoi(parts[3])
		return fmt.Sprintf("%s%s:%d", parts[1], network.Host(50+number), 20000+port)
	})
}

// localAddress is a free one of 127.0.0.1, where a certificate wants that, below the ports that connections take.
func localAddress(t *testing.T) string {
	t.Helper()
	for {
		address := fmt.Sprint("127.0.0.1:", 10_000+rand.IntN(20_000))
		if !taken(address) {
			return address
		}
	}
}

// makesCertificate tells the README's command that makes a certificate.
func makesCertificate(command string) bool { return strings.HasPrefix(command, "openssl req ") }

// inFolder is a script of bash that ends with its first failure.
func inFolder(ctx context.Context, folder, script string) *exec.Cmd {
	run := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	run.Dir = folder
	return run
}

// readmeCommands are the lines of the README that are indented as commands.
func readmeCommands(t *testing.T, name string) (commands []string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	fenced := false
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if command, ok := strings.CutPrefix(line, "    "); ok && !fenced {
			commands = append(commands, command)
		}
	}
	return commands
}

func write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
