package floor

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// start builds and runs the floor; on a host without a compiler it checks that Build says so.
func start(t *testing.T) (url string, ok bool) {
	t.Helper()
	program, err := Build(t.TempDir())
	if err != nil {
		if _, missing := exec.LookPath("gcc"); missing == nil || !errors.Is(err, ErrNoCompiler) {
			t.Fatal(err)
		}
		return "", false
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	command := exec.Command(program, "--listen", address, "--hold", "1")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // it was killed, which is how it ends
	})
	for range 200 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return "http://" + address + "/bayeux", true
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the floor does not listen")
	return "", false
}

func post(t *testing.T, url, body string) string {
	t.Helper()
	r, err := http.Post(url, "application/json", bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestConversation(t *testing.T) {
	url, ok := start(t)
	if !ok {
		return
	}
	connect := func(more string) string {
		return `[{"channel":"/meta/connect","clientId":"floor0","connectionType":"long-polling"` + more + `,"id":"3"}]`
	}
	publish := `[{"channel":"/a","data":{"x":1.10},"clientId":"floor0","id":"7"},{"channel":"/a","data":2,"clientId":"floor0","id":"8"}]`
	const messages = `{"channel":"/a","data":{"x":1.10}},{"channel":"/a","data":2}`
	const reply = `{"channel":"/meta/connect","successful":true,"id":"3"}`
	for _, step := range []struct{ name, body, want string }{
		{"handshake", `[{"channel":"/meta/handshake","version":"1.0","id":"1"}]`, `"clientId":"floor0"`},
		{"subscribe", `[{"channel":"/meta/subscribe","clientId":"floor0","subscription":"/a","id":"2"}]`, `"id":"2"`},
		{"connect at once", connect(`,"advice":{"timeout":0}`), "[" + reply + "]"},
		{"publish between polls", publish, `[{"channel":"/a","successful":true,"id":"7"},{"channel":"/a","successful":true,"id":"8"}]`},
		{"connect with a queue", connect(""), "[" + messages + "," + reply + "]"},
		{"connect that times out", connect(""), "[" + reply + "]"},
	} {
		if got := post(t, url, step.body); !strings.Contains(got, step.want) {
			t.Fatalf("%s: %s, want %s", step.name, got, step.want)
		}
	}
	held := make(chan string, 1)
	go func() { held <- post(t, url, connect("")) }()
	time.Sleep(50 * time.Millisecond)
	post(t, url, publish)
	got := <-held
	if got == "["+reply+"]" { // on a busy host the hold has ended before the publish; then the next poll has it
		got = post(t, url, connect(""))
	}
	if got != "["+messages+","+reply+"]" {
		t.Errorf("held connect: %s", got)
	}
	if got := post(t, url, `[{"channel":"/meta/disconnect","clientId":"floor0","id":"9"}]`); !strings.Contains(got, `"/meta/disconnect"`) {
		t.Errorf("disconnect: %s", got)
	}
}
