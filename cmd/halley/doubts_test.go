package main

import (
	"net/http"
	"strings"
	"testing"

	"halley/cmd/halley/config"
	"halley/cmd/halley/internalhttp"
)

func TestDoubts(t *testing.T) {
	for _, tt := range []struct {
		change    func(*config.Serve)
		strangers []string
		want      string // in the only doubt; empty for none
	}{
		{func(*config.Serve) {}, nil, ""},
		{func(*config.Serve) {}, []string{"HALLEY_MAX_MESAGE", "HALLEY_X"}, "environment variable: HALLEY_MAX_MESAGE, HALLEY_X"},
		{func(c *config.Serve) { c.Loop.HistoryFile = "h" }, nil, "--history-file"},
		{func(c *config.Serve) { c.Loop.HistoryFile, c.Loop.Rules = "h", []string{"/a/** conflate history=10"} }, nil, ""},
		{func(c *config.Serve) { c.Loop.HistoryFile, c.Demo.On = "h", true }, nil, ""},
		{func(c *config.Serve) { c.Internal.MaxPublish = 64 << 10 }, nil, ""},
		{func(c *config.Serve) { c.TLS.Cert = []string{"c"} }, nil, "nothing uses the certificates"},
		{func(c *config.Serve) { c.TLS.Hosts, c.Loop.TLSListen = []string{"a.example"}, []string{":443"} }, nil, ""},
		{func(c *config.Serve) { c.TLS.Cert, c.Internal.TLS = []string{"c"}, true }, nil, ""},
		{func(c *config.Serve) { c.Hook.SecretFile = "s" }, nil, "--hook-secret-file"},
		{func(c *config.Serve) { c.Hook.SecretFile, c.Hook.URL = "s", "http://a/" }, nil, ""},
		{func(c *config.Serve) { c.Internal.Key = "0123456789abcde" }, nil, "--internal-key has 15 characters"},
		{func(c *config.Serve) { c.Internal.Key = "0123456789abcdef" }, nil, ""},
		{func(c *config.Serve) { c.Internal.MaxPublish = 64<<10 + 1 }, nil, "may have 65536 bytes"},
	} {
		c := config.Serve{Internal: internalhttp.Settings{Address: "127.0.0.1:8081"}}
		tt.change(&c)
		got := strings.Join(doubts(&c, tt.strangers, 1<<20), "; ")
		if !strings.Contains(got, tt.want) || (tt.want == "") != (got == "") {
			t.Errorf("%+v %v: %q, want %q in it", c, tt.strangers, got, tt.want)
		}
	}
}

// Bodies of /publish leave room for the rest of a small memory. Whoever sends a longer one
// is told so, and not cut off.
func TestBodiesFitIntoMemory(t *testing.T) {
	_, _, internal := server(t, "--max-memory=512MiB", "--max-publish=64MiB")
	for length, status := range map[int]int{1 << 20: 200, 32<<20 + 1: 413} {
		body := `{"channel":"/a","data":"` + strings.Repeat("x", length-26) + `"}`
		r, err := http.Post(internal+"/publish", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != status {
			t.Errorf("%d bytes: status %d, want %d", length, r.StatusCode, status)
		}
	}
}

// Doubts are told when the configuration is checked, and when the server starts.
func TestDoubtsAreTold(t *testing.T) {
	t.Setenv("HALLEY_MAX_MESAGE", "1MiB")
	t.Setenv("HALLEY_PORT_8080_TCP", "tcp://10.0.0.1:8080") // as Kubernetes sets for a service called halley
	code, _, stderr := halley(t, "", "serve", "--check-config", "--history-file=history")
	if code != 0 || !strings.Contains(stderr, "HALLEY_MAX_MESAGE\n") || !strings.Contains(stderr, "--history-file") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	s, _, _ := server(t)
	eventually(t, func() bool { return strings.Contains(s.log.String(), "HALLEY_MAX_MESAGE") }, s.log)
	if code := s.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
}
