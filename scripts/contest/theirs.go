// Proved by TestRivals and TestPublishing.

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// faye has its engine in memory, the fastest of those that it names (faye.jcoglan.com/node/engines.html), and one process for its core:
// Node runs on one. Its documents name no settings for speed.
func faye() rival {
	return rival{
		name: "Faye", tuned: "engine in memory, no keep-alive limit, NODE_ENV=production; young generation of 64 MB, but for idle subscribers; over event-streams with a session and a second connection, as its clients have it", warms: 2 * time.Second,
		ways:  []way{bayeux(longPolls, "/bayeux", "long-polling"), bayeux(eventStreams, "/bayeux", "eventsource"), bayeux(websockets, "/bayeux", "websocket")},
		get:   func(s *store) (string, error) { return s.npm("faye", "faye") },
		start: func(s *store, p place) (process, error) { return s.node("faye", p), nil },
	}
}

// cometdNode is CometD's server for Node.js, which knows long-polling only (its README: "WebSocket not (yet) supported").
func cometdNode() rival {
	return rival{
		name: "CometD (Node.js)", tuned: "no timeout of Node's, NODE_ENV=production; young generation of 64 MB, but for idle subscribers", lacks: "has long-polling only", warms: 2 * time.Second,
		ways:  []way{bayeux(longPolls, "/cometd", "long-polling")},
		get:   func(s *store) (string, error) { return s.npm("cometd-nodejs", "cometd-nodejs-server") },
		start: func(s *store, p place) (process, error) { return s.node("cometd-nodejs", p), nil },
	}
}

// cometdJava is tuned as CometD's own load server is (CometDLoadServer of cometd-java-benchmark): Jackson, content before
// dispatch, an accept queue, a selector for each core. The serial collector is the JVM's own choice for one core. A small
// young generation saves a third of a subscriber's memory, and costs CPU.
func cometdJava() rival {
	return rival{
		name: "CometD (Java)", tuned: "as its own load server: Jackson, one selector, content before dispatch, no compression; no cache of header fields, which is 98 KB a connection; serial collector; for idle subscribers a young generation of 64 MB; warmed up for 6 s",
		lacks: "has no event-streams", warms: 6 * time.Second,
		ways: []way{bayeux(longPolls, "/cometd", "long-polling"), bayeux(websockets, "/cometd", "websocket")},
		get:  func(s *store) (string, error) { return s.maven("cometd-java") },
		start: func(s *store, p place) (process, error) {
			libraries, err := os.ReadFile(s.path("cometd-java", "classpath"))
			path := s.path("cometd-java", "target/classes") + ":" + strings.TrimSpace(string(libraries))
			args := []string{"java", "-XX:+UseSerialGC", "-cp", path, "Cometd", strconv.Itoa(p.port)}
			if p.idle {
				args = slices.Insert(args, 1, "-Xmn64m")
			}
			return process{args: args}, err
		},
	}
}

// nchan is a module of nginx, with pools of memory as small as its requests allow: see nchan/nginx.conf, with the documents that it
// goes by.
func nchan() rival {
	const module = "usr/lib/nginx/modules/ngx_nchan_module.so"
	return rival{
		name: "Nchan", tuned: "one nginx worker, smallest pools, no access log, connections kept",
		ways: []way{plain(longPolls, "polls", "/sub"), plain(eventStreams, "events", "/sub"), plain(websockets, "sockets", "/sub")},
		get:  func(s *store) (string, error) { return s.debian("nchan", "libnginx-mod-nchan", "nginx") },
		start: func(s *store, p place) (process, error) {
			err := s.fill("nchan/nginx.conf", p, "MODULE="+s.path("nchan", module))
			return process{args: []string{s.path("nchan", "usr/sbin/nginx"), "-p", p.dir, "-c", "nginx.conf", "-e", "stderr"}}, err
		},
		takes: "/pub",
	}
}

// centrifugo has what its documents name for less memory (centrifugal.dev/docs/transports/websocket: read_buffer_size,
// use_write_buffer_pool), no compression, and its unidirectional transports, which cost it the least for subscribers that only listen
// (centrifugal.dev/docs/transports/overview).
func centrifugo() rival {
	const subscription = `{"subs":{"/bench":{}}}`
	return rival{
		name: "Centrifugo", tuned: "unidirectional transports, small read buffers, pooled write buffers, no compression", lacks: "has no long-polling any more",
		ways: []way{
			plain(eventStreams, "events", "/connection/uni_sse?cf_connect="+url.QueryEscape(subscription)),
			plain(websockets, "sockets", "/connection/uni_websocket", "--hello", subscription),
		},
		get: func(s *store) (string, error) {
			return s.goInstall("centrifugo", "github.com/centrifugal/centrifugo/v6", "v6.9.1")
		},
		start: func(s *store, p place) (process, error) {
			err := s.fill("centrifugo/config.json", p)
			return process{args: []string{s.path("centrifugo", "bin/centrifugo"), "-c", filepath.Join(p.dir, "config.json")}}, err
		},
		speaks: func(p place) func([]event) post {
			return func(messages []event) post { return post{p.url("/api/batch"), commands(messages)} }
		},
	}
}

// commands publish messages by Centrifugo's API, in which a publish looks as halley-bench's messages do.
func commands(messages []event) []byte {
	return []byte(`{"parallel":false,"commands":[{"publish":` + strings.Join(texts(messages), `},{"publish":`) + `}]}`)
}

// pushpin answers by itself what it would ask a back-end for, which saves it a request for each client (pushpin.org/docs/getting-started,
// "Mock backend"). pushpin.org/docs/configuration has the settings of pushpin/pushpin.conf.
func pushpin() rival {
	return rival{
		name: "Pushpin", tuned: "answers the subscription by itself, small client buffers, no limit of messages a second",
		lacks: "between two long-polls it loses messages, unless a back-end remembers them",
		ways:  []way{plain(eventStreams, "events", "/stream"), plain(websockets, "sockets", "/ws")},
		get: func(s *store) (string, error) {
			return s.debian("pushpin", "pushpin", "condure", "zurl", "libzmq5", "libnorm1", "libpgm-5.3-0", "libqt5core5a", "libqt5network5", "libqt5dbus5", "libpcre2-16-0")
		},
		start: func(s *store, p place) (process, error) {
			root := s.path("pushpin", "")
			err := errors.Join(s.fill("pushpin/pushpin.conf", p, "ROOT="+root), os.Mkdir(filepath.Join(p.dir, "run"), 0o755),
				os.WriteFile(filepath.Join(p.dir, "routes"), []byte("* test\n"), 0o644))
			libraries := "LD_LIBRARY_PATH=" + filepath.Join(root, "usr/lib/x86_64-linux-gnu")
			return process{
				args: []string{filepath.Join(root, "usr/bin/pushpin"), "--config", filepath.Join(p.dir, "pushpin.conf")}, takes: p.other,
				env: []string{libraries, "PATH=" + filepath.Join(root, "usr/bin") + ":" + os.Getenv("PATH")},
			}, err
		},
		speaks: func(p place) func([]event) post {
			return func(messages []event) post {
				return post{fmt.Sprintf("http://127.0.0.1:%d/publish/", p.other), items(messages)}
			}
		},
	}
}

// items publish messages by Pushpin's control API, each as the event that streams and the frame that websockets get (GRIP).
func items(messages []event) []byte {
	type content struct {
		Content string `json:"content"`
	}
	type item struct {
		Channel string             `json:"channel"`
		Formats map[string]content `json:"formats"`
	}
	var all []item
	for _, m := range messages {
		all = append(all, item{"test", map[string]content{"http-stream": {"data: " + string(m) + "\n\n"}, "ws-message": {string(m)}}})
	}
	text, err := json.Marshal(map[string]any{"items": all})
	if err != nil {
		return nil // of strings alone
	}
	return text
}

func texts(messages []event) (all []string) {
	for _, m := range messages {
		all = append(all, string(m))
	}
	return all
}
