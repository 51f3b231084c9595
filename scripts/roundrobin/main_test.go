package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The command says where it listens, and in the end what it has done.
func TestRun(t *testing.T) {
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "node") }))
	defer node.Close()
	ctx, cancel := context.WithCancel(t.Context())
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, out, []string{node.Listener.Addr().String()})
		out.Close()
	}()
	lines := bufio.NewScanner(in)
	lines.Scan()
	response, err := http.Get("http://" + lines.Text())
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(response.Body)
	response.Body.Close()
	if string(text) != "node" {
		t.Errorf("%q", text)
	}
	cancel()
	if lines.Scan(); !strings.HasPrefix(lines.Text(), "requests by node [1], 0 broken off") {
		t.Errorf("%q", lines.Text())
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestBadCommandLines(t *testing.T) {
	for _, args := range [][]string{{}, {"-listen", "nowhere", "x"}, {"-what"}} {
		if err := run(t.Context(), io.Discard, args); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}
