// Proved by TestContest.

package main

import (
	"errors"
	"fmt"
	"os/exec"
	"strconv"

	"halley/bench/floor"
)

// halley runs with one loop for its core and without what the others do not have: no internal listener, no log.
func halley() rival {
	return rival{
		name: "halley", ours: true, tuned: "one loop, no internal listener",
		ways: []way{bayeux(longPolls, "/bayeux", "long-polling"), bayeux(eventStreams, "/bayeux", "events"), bayeux(websockets, "/bayeux", "websocket")},
		get:  func(s *store) (string, error) { return "at " + s.commit, nil },
		start: func(s *store, p place) (process, error) {
			return process{args: []string{s.halley, "serve", "--loops", "1", "--log-level", "error", "--internal=", "--listen", p.listen()}}, nil
		},
	}
}

// floorName is what other servers' CPU is told as multiples of.
const floorName = "floor (C, epoll)"

// floorServer is the least that the kernel allows: bare epoll in C, with answers that are ready.
func floorServer() rival {
	r := yardstick(floorName, "floor")
	r.tuned = "the least that the kernel allows: no server, believes all it reads and knows one channel"
	r.ways = halley().ways
	r.get = func(*store) (string, error) {
		for _, compiler := range []string{"gcc", "cc"} {
			if _, err := exec.LookPath(compiler); err == nil {
				return "", nil
			}
		}
		return "", floor.ErrNoCompiler
	}
	return r
}

// baseline is a goroutine for each held poll, on fasthttp.
func baseline() rival {
	r := yardstick("goroutines (Go)", "baseline")
	r.tuned = "a goroutine for each connection, on fasthttp, as one writes it in an afternoon"
	r.lacks = "has long-polling only"
	r.ways = []way{bayeux(longPolls, "/bayeux", "long-polling")}
	r.get = func(*store) (string, error) { return "", nil }
	return r
}

func yardstick(name, command string) rival {
	return rival{name: name, least: true, start: func(s *store, p place) (process, error) {
		return process{args: []string{s.bench, command, "--listen", p.listen(), "--hold", "30s"}}, nil
	}}
}

func (p place) listen() string { return "127.0.0.1:" + strconv.Itoa(p.port) }

func (p place) url(path string) string { return fmt.Sprintf("http://127.0.0.1:%d%s", p.port, path) }

// tools tells by its error which programs are absent.
func tools(names ...string) error {
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			return errors.New("no " + name + " here")
		}
	}
	return nil
}
