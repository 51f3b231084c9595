package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"halley/loop"
)

// TestMain is a server where the test's program is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		if err := serve(context.Background(), os.Args[2:], os.Getenv("PLANTED")); err != nil {
			fmt.Println("panic:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// internal takes publishes for a server, and has faults planted in it.
type internal struct {
	server  *loop.Server
	planted string

	mu   sync.Mutex
	seen map[string]bool // keys of repeats
}

// publish is what the real internal listener does with a message, but for the fault.
func (i *internal) publish(w http.ResponseWriter, r *http.Request) {
	var m struct {
		Channel string          `json:"channel"`
		Data    json.RawMessage `json:"data"`
		Dedup   string          `json:"dedup"`
	}
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if m.Dedup != "" && i.seen[m.Dedup] {
		return
	}
	kind, times := i.planted, 1
	if string(m.Data) != "7" {
		kind = ""
	}
	switch {
	case kind == "lost", kind == "lost plain" && strings.HasPrefix(m.Channel, plain):
		times = 0
	case kind == "doubled":
		times = 2
	}
	for range times {
		if err := i.server.Publish([]loop.Publication{{Channel: []byte(m.Channel), Data: m.Data}}); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
	}
	i.seen[m.Dedup] = true
	if kind == "refused" && strings.HasPrefix(m.Channel, plain) {
		http.Error(w, "never mind", http.StatusServiceUnavailable)
	}
}

// serve is halley as far as these tests need it, with the flags of a node that is alone.
func serve(ctx context.Context, args []string, planted string) error {
	cfg := loop.DefaultConfig()
	cfg.Log = slog.New(slog.NewTextHandler(os.Stdout, nil))
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	listen, inside := flags.String("listen", "", ""), flags.String("internal", "", "")
	flags.Func("rule", "", func(rule string) error { cfg.Rules = append(cfg.Rules, rule); return nil })
	flags.StringVar(&cfg.HistoryFile, "history-file", "", "")
	for _, name := range []string{"log-format", "history-bytes", "loops", "drain-delay"} {
		_ = flags.String(name, "", "")
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	cfg.Listen, cfg.Loops, cfg.DrainTimeout = []string{*listen}, 2, 0
	server, err := loop.New(cfg)
	if err != nil {
		return err
	}
	i := &internal{server: server, planted: planted, seen: make(map[string]bool)}
	http.HandleFunc("/publish", i.publish)
	http.HandleFunc("/health/ready", func(w http.ResponseWriter, _ *http.Request) {
		if !server.Ready() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	ended := make(chan error, 1)
	go func() { ended <- http.ListenAndServe(*inside, nil) }()
	return errors.Join(server.Run(ctx), <-ended)
}
