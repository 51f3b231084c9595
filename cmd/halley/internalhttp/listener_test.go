package internalhttp

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"halley/loop"
)

func TestMain(m *testing.M) {
	// gnet starts a pool with its package; fasthttp keeps a clock for Date, and
	// a cleaner that sleeps for seconds before it sees that it is not needed.
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent(),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}

func TestRoutes(t *testing.T) {
	r := newRig(t, nil)
	r.expect("GET", "/health/live", "", 200, `{"live":true}`)
	r.expect("GET", "/health/ready", "", 200, `{"ready":true}`)
	r.expect("GET", "/channels", "", 200, `{"channels":[{"channel":"/stock/*","subscribers":3}]}`)
	r.expect("GET", "/sessions", "", 200, `{"sessions":[{"id":"s1","connectionType":"long-polling","held":true,"queued":1,"queuedBytes":20,"subscriptions":2,"dropped":4,"ageMs":5}]}`)
	if r.limit != usualSessions {
		t.Errorf("limit %d", r.limit)
	}
	r.do("GET", "/sessions?limit=7", "")
	if r.limit != 7 {
		t.Errorf("limit %d", r.limit)
	}
	for _, limit := range []string{"0", "-1", "x", "100001"} {
		r.expect("GET", "/sessions?limit="+limit, "", 400, `{"error":"limit must be a number from 1 to 100000"}`)
	}
	r.expect("GET", "/sessions/s1", "", 200, `{"id":"s1","connectionType":"","held":false,"queued":0,"queuedBytes":0,"subscriptions":0,"dropped":0,"ageMs":0,`+
		`"state":"polling","address":"127.0.0.1:9","inFlight":1,"patterns":["/a"]}`)
	known := newRig(t, func(o *Options) {
		o.Subject = func(claims string) string { return strings.TrimPrefix(claims, "claims of ") }
	})
	if _, body, _ := known.do("GET", "/sessions/s1", ""); !strings.Contains(body, `"subject":"edmond"`) || strings.Contains(body, "claims") {
		t.Errorf("whose token it is: %s", body)
	}
	r.expect("GET", "/sessions/s2", "", 404, `{"error":"no such session"}`)
	r.expect("DELETE", "/sessions/s1", "", 200, `{"disconnected":1}`)
	r.expect("DELETE", "/sessions/s2", "", 404, `{"error":"no such session"}`)
	r.expect("GET", "/nothing", "", 404, `{"error":"no such resource"}`)
	r.expect("GET", "/metrics", "", 404, `{"error":"no such resource"}`)
	if status, body, _ := r.do("GET", "/debug/pprof/goroutine?debug=1", ""); status != 200 || !strings.Contains(body, "goroutine profile") {
		t.Errorf("pprof: %d %.80s", status, body)
	}
}

func TestMethods(t *testing.T) {
	r := newRig(t, nil)
	for _, tt := range []struct{ method, path, allow string }{
		{"GET", "/publish", "POST"}, {"PUT", "/publish", "POST"}, {"POST", "/channels", "GET"},
		{"DELETE", "/sessions", "GET"}, {"PUT", "/sessions/s1", "GET, DELETE"}, {"PUT", "/debug/pprof/symbol", "GET, POST"},
	} {
		status, _, header := r.do(tt.method, tt.path, "")
		if status != 405 || header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: %d, Allow %q, want %q", tt.method, tt.path, status, header.Get("Allow"), tt.allow)
		}
	}
	if status, body, header := r.do("HEAD", "/channels", ""); status != 200 || body != "" || header.Get("Content-Type") != "application/json" {
		t.Errorf("HEAD: %d %q %v", status, body, header)
	}
}

func TestReadiness(t *testing.T) {
	r := newRig(t, nil)
	r.reasons = []string{"history file: disk full", "draining"}
	r.expect("GET", "/health/ready", "", 503, `{"ready":false,"reasons":["history file: disk full","draining"]}`)
	r.expect("GET", "/health/live", "", 200, `{"live":true}`)
}

func metricsPage() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "halley_sessions 1") })
}

func TestMetricsRoute(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.Metrics = metricsPage()
	})
	r.expect("GET", "/metrics", "", 200, "halley_sessions 1")
}

func TestKey(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Keys = ring(t, "k1", "") })
	const message = `{"channel":"/a","data":1}`
	for _, header := range [][]string{nil, {"Authorization", "Bearer k2"}, {"Authorization", "Bearer "}, {"Authorization", "Basic k1"}, {"Authorization", "k1"}} {
		status, _, answer := r.do("POST", "/publish", message, header...)
		if status != 401 || !strings.HasPrefix(answer.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%v: %d", header, status)
		}
	}
	for _, path := range []string{"/channels", "/sessions", "/debug/pprof/"} {
		r.expect("GET", path, "", 401, `{"error":"a bearer key is needed"}`)
	}
	r.expect("DELETE", "/sessions/s1", "", 401, `{"error":"a bearer key is needed"}`)
	r.expect("GET", "/health/ready", "", 200, `{"ready":true}`)
	if r.got != nil || r.ended != "" {
		t.Errorf("done without a key: %v %q", r.got, r.ended)
	}
	r.expect("POST", "/publish", message, 200, `{"published":1}`, "Authorization", "bearer k1")
}

func TestOtherOriginsPages(t *testing.T) {
	r := newRig(t, nil)
	const message = `{"channel":"/a","data":1}`
	for _, origin := range []string{"http://evil.example", "null", "http://halley:81"} {
		r.expect("POST", "/publish", message, 403, `{"error":"requests of other origins' pages are not taken"}`, "Origin", origin)
	}
	r.expect("POST", "/publish", message, 200, `{"published":1}`, "Origin", "http://halley")
}

func TestUnavailable(t *testing.T) {
	r := newRig(t, nil)
	for _, tt := range []struct {
		err    error
		status int
		retry  string
	}{{loop.ErrBusy, 503, "1"}, {loop.ErrClosed, 503, ""}, {errors.New("odd"), 500, ""}} {
		r.err = tt.err
		status, body, header := r.do("POST", "/publish", `{"channel":"/a","data":1}`)
		if status != tt.status || body != fmt.Sprintf(`{"error":"%v"}`, tt.err) || header.Get("Retry-After") != tt.retry {
			t.Errorf("publish, %v: %d %s %v", tt.err, status, body, header)
		}
	}
	for _, request := range [][2]string{{"GET", "/channels"}, {"GET", "/sessions"}, {"DELETE", "/sessions/s1"}} {
		if status, _, _ := r.do(request[0], request[1], ""); status != 503 {
			t.Errorf("%v: %d", request, status)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	r := newRig(t, nil)
	fits := `{"channel":"/a","data":"` + strings.Repeat("x", 4096-26) + `"}`
	r.expect("POST", "/publish", fits, 200, `{"published":1}`)
	r.expect("POST", "/publish", fits+" ", 413, `{"error":"body is longer than --max-publish, or a sixteenth of --max-memory"}`)
}
