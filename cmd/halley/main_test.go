package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-json"
	"go.uber.org/goleak"
)

// With HALLEY_TEST_MAIN in its environment the test program is the command.
const asMain = "HALLEY_TEST_MAIN"

// lanes is how many tests run at once, unless -parallel says it: most of them wait most of the time, whatever CPUs there are.
const lanes = "4"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
	}
	// The commands under test take none of the caller's settings, nor doubt them.
	for _, setting := range os.Environ() {
		if name, _, _ := strings.Cut(setting, "="); strings.HasPrefix(name, "HALLEY_") && !strings.HasPrefix(name, "HALLEY_TEST_") && name != "HALLEY_FEED" && name != "HALLEY_ROUNDS" {
			os.Unsetenv(name)
		}
	}
	_ = flag.Set("test.parallel", lanes)
	// gnet starts a pool with its package; fasthttp's cleaners sleep for
	// seconds before they see that they are not needed any more.
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent(),
		goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*Server).StartRouting"),
		goleak.IgnoreAnyFunction("github.com/panjf2000/ants/v2.(*goWorker).run.func1"), // rests of gnet's pool
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*HostClient).connsCleaner"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*Client).mCleaner"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*TCPDialer).tcpAddrsClean"),
		goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server/ats.init.0.func1")) // its clock, one for the process
}

// buffer is a bytes.Buffer that several goroutines may use.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// halley runs a command to its end.
func halley(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out, errors buffer
	code = run(environment{ctx: ctx, stdin: strings.NewReader(stdin), stdout: &out, stderr: &errors}, args)
	return code, out.String(), errors.String()
}

// started is a command that runs until it is stopped.
type started struct {
	cancel context.CancelFunc
	code   chan int
	out    *buffer
	log    *buffer
}

func start(t *testing.T, args ...string) *started {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s := &started{cancel, make(chan int, 1), &buffer{}, &buffer{}}
	go func() {
		s.code <- run(environment{ctx: ctx, stdin: strings.NewReader(""), stdout: s.out, stderr: s.log}, args)
	}()
	t.Cleanup(cancel)
	return s
}

// stop tells the command to end and gives its exit code.
func (s *started) stop() int {
	s.cancel()
	return <-s.code
}

// server starts `halley serve` on free ports.
func server(t *testing.T, args ...string) (s *started, endpoint, internal string) {
	t.Helper()
	return serverAt(t, "127.0.0.1:0", args...)
}

// serverAt starts `halley serve` on an address.
func serverAt(t *testing.T, address string, args ...string) (s *started, endpoint, internal string) {
	t.Helper()
	s = start(t, append([]string{"serve", "--listen=" + address, "--internal=127.0.0.1:0", "--log-format=json", "--loops=2"}, args...)...)
	eventually(t, func() bool { return strings.Contains(s.log.String(), `"listening"`) }, s.log)
	at := s.listening(t)
	return s, "http://" + at.Addresses[0] + "/bayeux", "http://" + at.Internal
}

// heard is what a server's log says of where it listens.
type heard struct {
	Addresses []string `json:"addresses"`
	Internal  string   `json:"internal"`
}

func (s *started) listening(t *testing.T) (at heard) {
	t.Helper()
	first, _, _ := strings.Cut(s.log.String(), "\n")
	if err := json.Unmarshal([]byte(first), &at); err != nil || len(at.Addresses) == 0 {
		t.Fatalf("log %s: %v", s.log, err)
	}
	return at
}

// eventually waits for a condition.
func eventually(t *testing.T, condition func() bool, log *buffer) {
	t.Helper()
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(10 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("waited in vain; log: %s", log)
}

func TestVersion(t *testing.T) {
	code, out, _ := halley(t, "", "version")
	if code != 0 || !strings.HasPrefix(out, "halley ") || !strings.Contains(out, ", go1.") {
		t.Errorf("%d %s", code, out)
	}
}

func TestVersionFlag(t *testing.T) {
	_, want, _ := halley(t, "", "version")
	if code, out, _ := halley(t, "", "--version"); code != 0 || out != want {
		t.Errorf("%d %s", code, out)
	}
}

func TestCheckConfigLeavesSecretsOut(t *testing.T) {
	code, out, stderr := halley(t, "", "serve", "--check-config", "--internal-key=sesame")
	if code != 0 || strings.Contains(out+stderr, "sesame") || strings.Contains(out, `"internal-key":`) || !strings.Contains(stderr, "internal-key is set, and left out") {
		t.Errorf("%d %s %s", code, out, stderr)
	}
}

func TestHelpNamesDefaultsAndUnits(t *testing.T) {
	code, out, _ := halley(t, "", "serve", "--help")
	for _, want := range []string{"--hold=28s", "--max-message=64KiB", "$HALLEY_QUEUE_BYTES", "Limits (sizes in bytes, KiB, MiB or GiB):", "Internal listener:"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit %d, help without %q", code, want)
		}
	}
}

// A command that is read alone has the help, and so the flags, that it has among all.
func TestCommandsAlone(t *testing.T) {
	for _, c := range new(parsed).commands() {
		_, alone, _ := halley(t, "", c.name, "--help")
		code, among, stderr := halley(t, "", "--help", c.name)
		if code != 0 || stderr != "" || alone != among || !strings.Contains(alone, "Usage: halley "+c.name) {
			t.Errorf("%s: exit %d, %s; alone %.500s, among all %.500s", c.name, code, stderr, alone, among)
		}
	}
	if code, out, _ := halley(t, "", "--help"); code != 0 || strings.Count(out, "\n  ") < len(new(parsed).commands()) {
		t.Errorf("exit %d, %s", code, out)
	}
}

func TestUsageErrorsExitWith2(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args string
		want string
	}{
		{"", `expected one of "serve"`},
		{"dance", "unexpected argument dance"},
		{"serve --hold=soon", "--hold"},
		{"serve --config=/nonexistent.json", "--config"},
		{"serve --check-config --mount=bayeux", "--mount"},
		{"serve --check-config --mount=", "--mount: want at least one path"},
		{"serve --check-config --gc-percent=0", "--gc-percent: 0 is less than 1"},
		{"serve --check-config --drain-delay=2h", "--drain-delay: 2h is not between 0s and 1h"},
		{"serve --check-config --rule=nonsense", "--rule"},
		{"serve --check-config --queue-bytes=0", "--queue-bytes"},
		{"pub", "which channel"},
		{"pub /a", "what to publish"},
		{"pub stock 1", "/stock"},
		{"sub stock", "channels start with a slash, /stock"},
		{"sub /a --wait=-1s", "--wait"},
		{"serve --check-config --allow-origin=example.com", "--allow-origin"},
		{"pub /a text", "not JSON"},
		{"pub /a 1 --server=nowhere", "--server"},
		{"pub /a 1 --csv=x", "--csv"},
		{"pub /a 1 --from=5", "need --csv"},
		{"pub --csv=/nonexistent --channel=/a", "--csv"},
		{"pub --csv=- --channel=/{isin}", "--csv: the file is empty"},
		{"pub --csv=synthetic --channel=/{isin}", "--channel"},
		{"pub --csv=synthetic --channel=/a --speed=-1", "--speed"},
		{"sub", "<channel>"},
		{"sub /a --server=nowhere", "--server"},
		{"sub /a --count=-1", "--count"},
		{"sub /a --transport=pigeon", "--transport"},
		{"sub /a --transport=events,websocket", "events stands alone"},
		{"sub /a --transport=events --server=nowhere", "--server"},
		{"pub /a 1 --transport=events", "--transport"},
		{"doctor --hold=soon", "--hold"},
		{"serve --internal-connections=201", "halley serve: --internal-connections: must be"},
		{"serve --check-config --hold=25h", "--hold: 25h is not between 100ms and 24h"},
		{"serve --check-config --max-memory=1KiB", "--max-memory: 1KiB is not between 32MiB and"},
		{"serve --check-config --max-batch=0", "--max-batch: 0 is not between 1 and 1048576"},
		{"serve --max-message -1", `--max-message: expected a size in bytes, KiB, MiB or GiB but got "-1"` + "\n"},
		{"serve --check-config --loops -1", "--loops: -1 is not between 1 and"},
		{"serve --check-config --mount /halley.js", `--mount "/halley.js": a page is there`},
		{"serve --check-config --mount /ticker/", `--mount "/ticker/": a page is there`},
		{"serve --check-config --listen=:18 --listen=:18", "given twice"},
		{"serve --check-config --tls-cert=one.crt", "--tls-cert one.crt has no --tls-key"},
		{"serve --tls-key=one.key", "--tls-key one.key has no --tls-cert"},
		{"serve --check-config --tls-cert=/nonexistent --tls-key=/nonexistent", "--tls-cert: open /nonexistent"},
		{"serve --tls-client-ca=/nonexistent", "--tls-client-ca: needs --tls-cert"},
		{"serve --tls-client-auth=always", "--tls-client-auth"},
		{"serve --check-config --upstream=ftp://a", "--upstream \"ftp://a\""},
		{"serve --route=/a", "--route: needs --upstream"},
		{"serve --check-config --cluster-listen=:6222", "--cluster-peer: want"},
		{"serve --cluster=http://a", "--cluster \"http://a\": want"},
		{"serve --cluster-peer=127.0.0.1:6222", "--cluster-peer: needs --cluster or"},
		{"serve --cluster-timeout=1s --cluster-name=a.b --cluster=nats://a", "--cluster-name \"a.b\""},
		{"serve --cluster=nats://a --history-file=h", "--history-file: the nodes of a cluster"},
		{"serve --cluster=nats://a --control=c", "--control: a node of a cluster"},
		{"serve --cluster-listen=203.0.113.7:6222 --cluster-peer=127.0.0.1:6222", "--cluster-listen 203.0.113.7:6222: "},
		{"serve --tls-acme=push.example.com", "--tls-acme-cache"},
		{"serve --internal-tls", "--internal-tls: needs --tls-cert"},
		{"serve --tls-listen=127.0.0.1:0", "--tls-listen: needs --tls-cert"},
	}
	for _, tt := range tests {
		code, _, stderr := halley(t, "", strings.Fields(tt.args)...)
		if code != 2 || !strings.Contains(stderr, tt.want) {
			t.Errorf("halley %s: exit %d, %s; want %q in it", tt.args, code, stderr, tt.want)
		}
	}
}

// What is wrong in a file is told with its name, whoever finds it.
func TestFaultsNameTheConfigFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "halley.json")
	for text, want := range map[string]string{
		`{"hold":30}`:              `--hold: expected duration but got "30": time: missing unit in duration "30" (from ` + path + ")\n",
		`{"hold":"25h"}`:           "--hold: 25h is not between 100ms and 24h (from " + path + ")\n",
		`{"mount":["bayeux"]}`:     `--mount "bayeux": want a path that starts with a slash (from ` + path + ")\n",
		`{"mount":["/halley.js"]}`: `--mount "/halley.js": a page is there (from ` + path + ")\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := halley(t, "", "serve", "--check-config", "--config", path); code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, %s", text, code, stderr)
		}
	}
	if code, _, stderr := halley(t, "", "serve", "--check-config", "--mount=/", "--config", os.DevNull); code != 2 || strings.Contains(stderr, "(from") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	if code, _, stderr := halley(t, "", "serve", "--check-config", "--mount=/"); code != 0 {
		t.Errorf("the root, which hides all pages: exit %d, %s", code, stderr)
	}
}

func TestCheckConfig(t *testing.T) {
	code, out, stderr := halley(t, "", "serve", "--check-config", "--hold=5s", "--listen=127.0.0.1:0")
	var values map[string]any
	if err := json.Unmarshal([]byte(out), &values); code != 0 || err != nil || values["hold"] != "5s" {
		t.Errorf("%d %s %s", code, out, stderr)
	}
}

func TestFailuresExitWith1(t *testing.T) {
	for _, args := range []string{
		"sub /a --server=http://127.0.0.1:1/bayeux",
		"pub /a 1 --server=http://127.0.0.1:1",
		"pub /a 1 --bayeux=http://127.0.0.1:1/bayeux",
		"serve --listen=127.0.0.1:0 --internal=256.0.0.1:0 --internal-key=k",
	} {
		if code, _, stderr := halley(t, "", strings.Fields(args)...); code != 1 || stderr == "" {
			t.Errorf("halley %s: exit %d, %s", args, code, stderr)
		}
	}
}

func TestDescribeACheckout(t *testing.T) {
	info := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "0123abcd"}, {Key: "vcs.modified", Value: "true"}}}
	info.Main.Version = "(devel)"
	if got := describe(info); !strings.HasPrefix(got, "halley development, commit 0123abcd (changed), go") {
		t.Error(got)
	}
	info.Main.Version, info.Settings = "v1.2.3", info.Settings[:1]
	if got := describe(info); !strings.HasPrefix(got, "halley v1.2.3, commit 0123abcd, go") {
		t.Error(got)
	}
}

func TestDescribeWithoutBuildInfo(t *testing.T) {
	if got := describe(nil); !strings.HasPrefix(got, "halley development, commit unknown, go") {
		t.Error(got)
	}
}
