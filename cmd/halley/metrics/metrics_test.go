package metrics

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"halley/loop"
)

// page is what Prometheus reads.
func page(t *testing.T, s loop.Stats) string {
	t.Helper()
	w := httptest.NewRecorder()
	Handler(func() loop.Stats { return s }).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// Each field of Stats must be shown: a number in a field of its own must turn up.
func TestEveryStatIsShown(t *testing.T) {
	var s loop.Stats
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Int, reflect.Int64:
			f.SetInt(int64(1000 + i))
		case reflect.Uint64:
			f.SetUint(uint64(1000 + i))
		}
	}
	s.Uptime = 4 * time.Second
	s.HistoryLongestHold = 250 * time.Millisecond
	s.ParseErrors = map[string]uint64{"target": 51, "header name": 52}
	s.LoopLag = []time.Duration{0, 1500 * time.Millisecond}
	s.Turns = []loop.Turns{{}, {Busy: 3 * time.Second, Longest: 500 * time.Millisecond, MostMessages: 7, MostWork: 8}}
	s.Kept = loop.Kept{Output: 61, Input: 62, Queues: 63, Nodes: 64, Mailboxes: 65, History: 66, Subscriptions: 67}
	text := page(t, s)
	for i := range v.NumField() {
		name, k := v.Type().Field(i).Name, v.Field(i).Kind()
		if name == "Uptime" || name == "HistoryLongestHold" || k != reflect.Int && k != reflect.Int64 && k != reflect.Uint64 {
			continue
		}
		// Only our own: a figure of the process may be any number by chance.
		shown := regexp.MustCompile(`(?m)^halley_\S+ ` + strconv.Itoa(1000+i) + `$`)
		if n := len(shown.FindAllString(text, -1)); n != 1 {
			t.Errorf("%s is shown %d times", name, n)
		}
	}
	for _, want := range []string{
		"halley_uptime_seconds 4\n",
		"halley_history_lock_longest_seconds 0.25\n",
		`halley_parse_errors_total{kind="target"} 51`,
		`halley_parse_errors_total{kind="header name"} 52`,
		`halley_loop_lag_seconds{loop="0"} 0`,
		`halley_loop_lag_seconds{loop="1"} 1.5`,
		`halley_loop_busy_seconds_total{loop="1"} 3`,
		`halley_loop_longest_turn_seconds{loop="1"} 0.5`,
		`halley_loop_longest_turn_messages{loop="1"} 7`,
		`halley_loop_longest_turn_work{loop="1"} 8`,
		`halley_kept_bytes{owner="output"} 61`,
		`halley_kept_bytes{owner="input"} 62`,
		`halley_kept_bytes{owner="queues"} 63`,
		`halley_kept_bytes{owner="nodes"} 64`,
		`halley_kept_bytes{owner="mailboxes"} 65`,
		`halley_kept_bytes{owner="history"} 66`,
		`halley_kept_bytes{owner="subscriptions"} 67`,
		"# TYPE halley_connections gauge",
		"# TYPE halley_queue_dropped_total counter",
		"go_goroutines ",
		"process_open_fds ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestEmptyStats(t *testing.T) {
	if text := page(t, loop.Stats{}); !strings.Contains(text, "halley_held_polls 0\n") || strings.Contains(text, "kind=") {
		t.Error(text)
	}
}

func TestNamesAreOurs(t *testing.T) {
	for line := range strings.Lines(page(t, loop.Stats{ParseErrors: map[string]uint64{"k": 1}})) {
		known := false
		for _, prefix := range []string{"# HELP ", "# TYPE ", "halley_", "go_", "process_"} {
			known = known || strings.HasPrefix(line, prefix)
		}
		if strings.Contains(line, "process_network_") {
			t.Errorf("not the process's: %s", line)
		}
		if !known {
			t.Errorf("odd line %s", line)
		}
	}
}
