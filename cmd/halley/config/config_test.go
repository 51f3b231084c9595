package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"halley/loop"
)

// cli stands for the commands around the configuration.
type cli struct {
	Serve Serve    `cmd:""`
	Other struct{} `cmd:""`
}

func parse(t *testing.T, args ...string) (*Serve, *kong.Context, error) {
	t.Helper()
	var c cli
	k, err := kong.New(&c, kong.DefaultEnvars("HALLEY"), kong.ExplicitGroups(Groups()), Vars(), kong.Exit(func(int) {}))
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

func TestDefaultsAreLoops(t *testing.T) {
	c, _, err := parse(t, "serve")
	if err != nil {
		t.Fatal(err)
	}
	want := loop.DefaultConfig()
	want.Log = nil
	if got := c.Loop(); !reflect.DeepEqual(normal(got), normal(want)) {
		t.Errorf("defaults\n%+v\nwant\n%+v", got, want)
	}
}

// normal makes empty lists nil.
func normal(c loop.Config) loop.Config {
	for _, l := range []*[]string{&c.Listen, &c.Mounts, &c.Rules, &c.AllowOrigin} {
		if len(*l) == 0 {
			*l = nil
		} else {
			*l = append([]string(nil), *l...)
		}
	}
	return c
}

// Every field of loop.Config must have a flag, but for what is code.
func TestEveryLoopFieldIsSet(t *testing.T) {
	c := Serve{}
	v := reflect.ValueOf(&c).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Int, reflect.Int64:
			f.SetInt(7)
		case reflect.String:
			f.SetString("x")
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Slice:
			f.Set(reflect.ValueOf(Lines{"l"}))
		}
	}
	got := reflect.ValueOf(c.Loop())
	for i := range got.NumField() {
		switch got.Field(i).Kind() {
		case reflect.Func, reflect.Interface, reflect.Pointer:
			continue
		}
		if got.Field(i).IsZero() {
			t.Errorf("loop.Config.%s has no flag", got.Type().Field(i).Name)
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
		{c.Listen, Lines{"127.0.0.1:1", ":2"}},
		{c.Mount, Lines{"/bayeux", "/cometd"}},
		{c.AllowOrigin, Lines{"https://a.example", "https://b.example"}},
		{c.Hold, 2 * time.Second},
		{c.QueueBytes, Size(3 << 20)},
		{c.MaxMessage, Size(100)},
		{c.LenientHandshake, true},
		{c.Internal, ""},
		{c.Loop().Rules, []string{"/stock/** publish=internal snapshot", "/chat/** history=100 history=24h", "/a,b/** conflate"}},
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
		if err != nil || c.Hold != tt.hold || c.MaxInterval != tt.away {
			t.Errorf("%v: held for %v, away for %v (%v), want %v and %v", tt.args, c.Hold, c.MaxInterval, err, tt.hold, tt.away)
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
		{c.Hold, 6 * time.Second}, // the flag goes first
		{c.Loops, 4},              // then the environment
		{c.Listen, Lines{":1", ":2"}},
		{c.Mount, Lines{"/x"}},
		{c.Demo, true},
		{c.QueueBytes, Size(1024)},
		{c.MaxMessage, Size(1024)},
		{c.MaxDepth, 64},
	} {
		if !reflect.DeepEqual(check.got, check.want) {
			t.Errorf("got %v, want %v", check.got, check.want)
		}
	}
	if _, _, err := parse(t, "other"); err != nil {
		t.Errorf("the file of another command: %v", err)
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
		{[]string{"--timer-slack=1s"}, "--timer-slack"},
		{[]string{"--drain-delay=-1s"}, "--drain-delay"},
		{[]string{"--drain-delay=2h"}, "--drain-delay"},
		{[]string{"--internal=8081"}, "--internal"},
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
	_, ctx, err := parse(t, "serve", "--internal-key=open-sesame")
	if err != nil {
		t.Fatal(err)
	}
	text, left, err := Effective(ctx.Flags())
	if err != nil || strings.Contains(string(text), "sesame") || strings.Contains(string(text), "internal-key") || !reflect.DeepEqual(left, []string{"internal-key"}) {
		t.Errorf("printed %s, left out %v (%v)", text, left, err)
	}
	if s := fmt.Sprint(Secret("sesame"), Secret("")); s != "*** " && s != "***" {
		t.Errorf("printed %q", s)
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{"0": 0, "1": 1, "64KiB": 65536, "2 MiB": 2 << 20, "1GiB": 1 << 30, "1025": 1025} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q is %d (%v), want %d", text, s, err, want)
		}
		var back Size
		if err := back.UnmarshalText([]byte(s.String())); err != nil || back != s {
			t.Errorf("%d prints as %s, which is %d (%v)", s, s, back, err)
		}
	}
	for _, text := range []string{"", "KiB", "-1", "1.5KiB", "1kb", "9223372036854775807KiB", "0x10", "1 TiB"} {
		var s Size
		if s.UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q is taken as %d", text, s)
		}
	}
}
