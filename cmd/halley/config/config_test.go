package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"halley/loop"
	"halley/loop/settings"
)

// cli stands for the commands around the configuration.
type cli struct {
	Serve Serve    `cmd:""`
	Other struct{} `cmd:""`
}

func parse(t *testing.T, args ...string) (*Serve, *kong.Context, error) {
	t.Helper()
	return parseFrom(t, new(Source), args...)
}

func parseFrom(t *testing.T, from *Source, args ...string) (*Serve, *kong.Context, error) {
	t.Helper()
	var c cli
	k, err := kong.New(&c, Options(from), kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := k.Parse(args)
	return &c.Serve, ctx, err
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "halley.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The command line and package loop/settings read the same tags alike.
func TestDefaultsAreLoops(t *testing.T) {
	c, _, err := parse(t, "serve")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.LoopSettings(), loop.DefaultConfig().Settings; !reflect.DeepEqual(got, want) {
		t.Errorf("defaults\n%+v\nwant\n%+v", got, want)
	}
	var own Serve
	settings.Default(&own)
	own.Loop = c.Loop
	if !reflect.DeepEqual(*c, own) {
		t.Errorf("defaults\n%+v\nwant\n%+v", *c, own)
	}
}

// Every flag of serve has the tags that make it one, and stands in one struct.
func TestEveryFlagHasItsTags(t *testing.T) {
	_, ctx, err := parse(t, "serve")
	if err != nil {
		t.Fatal(err)
	}
	tagged := make(map[string]bool)
	settings.Each(&Serve{}, func(f settings.Field) {
		if tagged[f.Name] || f.Tag.Get("help") == "" || f.Tag.Get("group") == "" {
			t.Errorf("--%s: twice, or without help or group", f.Name)
		}
		tagged[f.Name] = true
	})
	for _, f := range ctx.Flags() {
		if !tagged[f.Name] && f.Name != "help" {
			t.Errorf("--%s has no tag name", f.Name)
		}
	}
}

func TestFlagsAndLists(t *testing.T) {
	t.Setenv("HALLEY_ALLOW_ORIGIN", "https://a.example\n https://b.example \n")
	t.Setenv("HALLEY_QUEUE_BYTES", "3MiB")
	t.Setenv("HALLEY_HOLD", "1s")
	c, _, err := parse(t, "serve", "--listen=127.0.0.1:1", "--listen", ":2", "--rule", "/a,b/** conflate", "--hold=2s",
		"--lenient-handshake", "--internal=", "--demo", "--max-message", "100")
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range []struct{ got, want any }{
		{c.Loop.Listen, []string{"127.0.0.1:1", ":2"}},
		{c.Loop.Mounts, []string{"/bayeux", "/cometd"}},
		{c.Loop.AllowOrigin, []string{"https://a.example", "https://b.example"}},
		{c.Loop.Hold, 2 * time.Second},
		{c.Loop.QueueBytes, 3 << 20},
		{c.Loop.MaxMessage, 100},
		{c.Loop.LenientHandshake, true},
		{c.Internal.Address, ""},
		{c.LoopSettings().Rules, []string{"/stock/** publish=internal snapshot", "/chat/** history=100 history=24h", "/a,b/** conflate"}},
	} {
		if !reflect.DeepEqual(check.got, check.want) {
			t.Errorf("got %v, want %v", check.got, check.want)
		}
	}
}

func TestTimesFollowTheProfile(t *testing.T) {
	for _, tt := range []struct {
		args       []string
		hold, away time.Duration
	}{
		{nil, 28 * time.Second, 15 * time.Second},
		{[]string{"--profile=salesforce"}, 110 * time.Second, 40 * time.Second},
		{[]string{"--profile=salesforce", "--hold=30s"}, 30 * time.Second, 40 * time.Second},
		{[]string{"--profile=salesforce", "--max-interval=15s"}, 110 * time.Second, 15 * time.Second},
		{[]string{"--config=" + file(t, `{"profile":"salesforce"}`)}, 110 * time.Second, 40 * time.Second},
		{[]string{"--config=" + file(t, `{"profile":"salesforce","hold":"5s"}`)}, 5 * time.Second, 40 * time.Second},
	} {
		c, _, err := parse(t, append([]string{"serve"}, tt.args...)...)
		if err != nil || c.Loop.Hold != tt.hold || c.Loop.MaxInterval != tt.away {
			t.Errorf("%v: held for %v, away for %v (%v), want %v and %v", tt.args, c.Loop.Hold, c.Loop.MaxInterval, err, tt.hold, tt.away)
		}
	}
}

func TestFile(t *testing.T) {
	path := file(t, `{"hold":"5s","loops":3,"listen":[":1",":2"],"demo":true,"queue-bytes":"1KiB","max-message":1024,"mount":"/x"}`)
	t.Setenv("HALLEY_LOOPS", "4")
	t.Setenv("HALLEY_CONFIG", path)
	c, _, err := parse(t, "serve", "--hold=6s")
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range []struct{ got, want any }{
		{c.Loop.Hold, 6 * time.Second}, // the flag goes first
		{c.Loop.Loops, 4},              // then the environment
		{c.Loop.Listen, []string{":1", ":2"}},
		{c.Loop.Mounts, []string{"/x"}},
		{c.Demo.On, true},
		{c.Loop.QueueBytes, 1024},
		{c.Loop.MaxMessage, 1024},
		{c.Loop.Scanner.MaxDepth, 64},
	} {
		if !reflect.DeepEqual(check.got, check.want) {
			t.Errorf("got %v, want %v", check.got, check.want)
		}
	}
	if _, _, err := parse(t, "other"); err != nil {
		t.Errorf("the file of another command: %v", err)
	}
}

// A named pipe, of which nobody may ever write, keeps nobody waiting; what comes by a pipe that is open is read.
func TestFileThatIsAPipe(t *testing.T) {
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o600), os.Symlink(pipe, link)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{pipe: "--config: " + pipe + " is a pipe: want a file", link: "--config: " + link + ": expected a JSON object: EOF"} {
		if _, _, err := parseFrom(t, new(Source), "serve", "--config", path); err == nil || err.Error() != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for path, want := range map[string]bool{fmt.Sprintf("/dev/fd/%d", reader.Fd()): true, link: true, "config_test.go": false, "": false} {
		if got := File(path).Once(); got != want {
			t.Errorf("%s is read once: %t", path, got)
		}
	}
	go func() {
		defer writer.Close()
		_, _ = writer.WriteString(`{"hold":"7s"}`)
	}()
	if c, _, err := parseFrom(t, new(Source), "serve", "--config", fmt.Sprintf("/dev/fd/%d", reader.Fd())); err != nil || c.Loop.Hold != 7*time.Second {
		t.Errorf("%v, %v", c.Loop.Hold, err)
	}
}

func TestBadSettingsNameTheirFlag(t *testing.T) {
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"--hold=soon"}, "--hold"},
		{[]string{"--max-message=64kB"}, "--max-message"},
		{[]string{"--loops=many"}, "--loops"},
		{[]string{"--slow=never"}, "--slow"},
		{[]string{"--profile=oracle"}, "--profile"},
		{[]string{"--gc-percent=0"}, "--gc-percent"},
		{[]string{"--max-publish=0"}, "--max-publish"},
		{[]string{"--demo-rate=1000000000"}, "--demo-rate"},
		{[]string{"--internal-connections=201"}, "--internal-connections"},
		{[]string{"--hook-url=http://127.0.0.1/", "--hook-connections=73"}, "--hook-connections: must be at most 72"},
		{[]string{"--hook-connections=201"}, "--hook-connections"},
		{[]string{"--presence-interval=1ms"}, "--presence-interval"},
		{[]string{"--timer-slack=1s"}, "--timer-slack"},
		{[]string{"--drain-delay=-1s"}, "--drain-delay"},
		{[]string{"--drain-delay=2h"}, "--drain-delay"},
		{[]string{"--internal=8081"}, "--internal"},
		{[]string{"--internal=:8081"}, "--internal :8081: whoever"},
		{[]string{"--internal=0.0.0.0:8081"}, "--internal-keys"},
		{[]string{"--internal=192.0.2.1:8081"}, "--internal-key or"},
		{[]string{"--internal=halley:8081"}, "--internal-key or"},
		{[]string{"--internal=[::]:8081"}, "--internal-key or"},
		{[]string{"--internal-wrong-keys=-1"}, "--internal-wrong-keys"},
		{[]string{"--internal-key=***"}, "--internal-key"},
		{[]string{"--config=" + file(t, `{"internal-key":"***"}`)}, "write the secret itself"},
		{[]string{"--timer-slack=-1ms"}, "--timer-slack"},
		{[]string{"--internal-key="}, "--internal-key: the key is empty"},
		{[]string{"--internal-key=a key"}, "visible ASCII"},
		{[]string{"--internal-key=key\n"}, "visible ASCII"},
		{[]string{"--internal-key=schlüssel"}, "visible ASCII"},
		{[]string{"--nonsense"}, "--nonsense"},
		{[]string{"--config=/nonexistent"}, "--config"},
		{[]string{"--config=" + file(t, `{"hold":"5s","max_message":1}`)}, `unknown key "max_message" (did you mean "max-message"?)`},
		{[]string{"--config=" + file(t, `{"config":"x"}`)}, `unknown key "config"`},
		{[]string{"--config=" + file(t, `[]`)}, "expected a JSON object"},
		{[]string{"--config=" + file(t, `{} {}`)}, "something follows"},
		{[]string{"--config=" + file(t, `{"hold":null}`)}, `"hold" must be`},
		{[]string{"--config=" + file(t, `{"hold":"later"}`)}, "--hold"},
		{[]string{"--config=" + file(t, `{"hold":["1s"]}`)}, "--hold"},
		{[]string{"--config=" + file(t, `{"listen":[1]}`)}, "--listen"},
	}
	for _, tt := range tests {
		_, _, err := parse(t, append([]string{"serve"}, tt.args...)...)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: error %v, want %q in it", tt.args, err, tt.want)
		}
	}
}

// On this host's own addresses no key is needed, on others either kind does.
func TestInternalListenersThatMayStart(t *testing.T) {
	for _, args := range [][]string{
		{"--internal="}, {"--internal=127.0.0.1:1"}, {"--internal=127.9.9.9:1"}, {"--internal=localhost:1"}, {"--internal=[::1]:1"},
		{"--internal=:1", "--internal-key=sesame"}, {"--internal=0.0.0.0:1", "--internal-keys=file"},
	} {
		if _, _, err := parse(t, append([]string{"serve"}, args...)...); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestEffectiveIsAFile(t *testing.T) {
	_, ctx, err := parse(t, "serve", "--hold=5s", "--rule=/a/** conflate", "--rule=/b publish=any", "--queue-bytes=1536KiB")
	if err != nil {
		t.Fatal(err)
	}
	first, _, err := Effective(ctx.Flags())
	if err != nil {
		t.Fatal(err)
	}
	_, ctx, err = parse(t, "serve", "--config="+file(t, string(first)))
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := Effective(ctx.Flags())
	if err != nil || string(second) != string(first) {
		t.Errorf("printed %s\nread back as %s (%v)", first, second, err)
	}
	var values map[string]any
	if err := json.Unmarshal(first, &values); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"hold": "5s", "queue-bytes": "1536KiB", "max-depth": 64.0, "internal-key": nil, "allow-origin": []any{}} {
		if !reflect.DeepEqual(values[name], want) {
			t.Errorf("%s is %v, want %v", name, values[name], want)
		}
	}
}

func TestSecretIsHidden(t *testing.T) {
	_, ctx, err := parse(t, "serve", "--internal-key=open-sesame", "--upstream-header=Authorization: Basic sesame", "--upstream-header=X: y")
	if err != nil {
		t.Fatal(err)
	}
	text, left, err := Effective(ctx.Flags())
	if err != nil || strings.Contains(string(text), "sesame") || strings.Contains(string(text), `"internal-key":`) || !reflect.DeepEqual(left, []string{"upstream-header", "internal-key"}) {
		t.Errorf("printed %s, left out %v (%v)", text, left, err)
	}
}
