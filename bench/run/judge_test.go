package run

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"halley/bench/faulty"
	"halley/bench/report"
)

// answering is a server that has the same status for everything.
func answering(t *testing.T, status int) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(server.Close)
	return server.URL
}

// nobody is an address at which nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

// hangingUp is a server that reads a request and closes the connection.
func hangingUp(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(server.Close)
	return server.URL
}

func TestChurnFailsWithoutSuccess(t *testing.T) {
	for _, c := range []struct{ name, url, want string }{
		{"nobody listens", nobody(t), "connection refused"},
		{"unavailable", answering(t, http.StatusServiceUnavailable), "HTTP status 503"},
		{"too many requests", answering(t, http.StatusTooManyRequests), "HTTP status 429"},
		{"hangs up", hangingUp(t), "churn cycles failed"},
	} {
		for _, byTime := range []bool{false, true} {
			o := sampleOptions("churn")
			o.URLs, o.Subscribers, o.Churners = []string{c.url + "/bayeux"}, 0, 2
			if byTime {
				o.Messages, o.Duration = 0, 300*time.Millisecond
			}
			r, err := Run(t.Context(), o, &watcher{})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(r.Fault, c.want) || r.Result.Progress.Churned != 0 || strings.Contains(r.Fault, "\n") {
				t.Errorf("%s: %q, want %q; %+v", c.name, r.Fault, c.want, r.Result.Progress)
			}
		}
	}
}

// One cycle that fails is enough, whichever way it does; the others are still counted.
func TestChurnFailsByOneCycle(t *testing.T) {
	for name, faults := range map[string]faulty.Faults{"status": {FailEvery: 4}, "session unknown": {ForgetEvery: 4}} {
		o := sampleOptions("churn")
		o.Subscribers, o.Messages, o.Churners = 0, 8, 2
		r, _ := runAgainst(t, o, faults)
		if p := r.Result.Progress; p.ChurnFailed != 2 || p.Churned != 6 || !strings.Contains(r.Fault, "2 of 8 churn cycles failed (first fault: ") {
			t.Errorf("%s: %q, %d failed, %d completed", name, r.Fault, p.ChurnFailed, p.Churned)
		}
	}
}

// The churning clients of a soak count as those of a churn do.
func TestSoakFailsByItsChurn(t *testing.T) {
	o := sampleOptions("soak")
	o.Subscribers, o.Messages, o.Rate, o.Duration, o.ChurnRate, o.Drain = 1, 0, 20, time.Second, 50, 300*time.Millisecond
	r, _ := runAgainst(t, o, faulty.Faults{ForgetEvery: 5})
	if !strings.Contains(r.Fault, "churn cycles failed") {
		t.Errorf("%q", r.Fault)
	}
}

// What does not get into the server is told as that, in every scenario that publishes,
// and is no loss.
func TestPublishingThatFailsIsNoLoss(t *testing.T) {
	for _, c := range []struct {
		name, url string
		want      string
	}{
		{"nobody listens", nobody(t), "only 0 of %d messages could be sent to "},
		{"unavailable", answering(t, http.StatusServiceUnavailable), " were refused by "},
		{"hangs up", hangingUp(t), " were not answered by "},
	} {
		for _, scenario := range []string{"idle", "fanout", "saturate", "ticker", "soak"} {
			t.Run(c.name+", "+scenario, func(t *testing.T) {
				t.Parallel()
				o := sampleOptions(scenario)
				o.Subscribers, o.Messages, o.Drain, o.Symbols, o.Follow = 4, 5, 300*time.Millisecond, 2, 2
				o.PublishURLs, o.Duration, o.Churners, o.ChurnRate = []string{c.url + "/publish"}, 500*time.Millisecond, 1, 100
				if scenario == "ticker" || scenario == "soak" {
					o.Channel = "/s/{symbol}"
				}
				r, _ := runAgainst(t, o, faulty.Faults{})
				planned := map[string]string{"idle": "1", "saturate": "1"}[scenario]
				if planned == "" {
					planned = "5"
				}
				want := strings.Replace(c.want, "%d", planned, 1)
				if !strings.Contains(r.Fault, want+o.PublishURLs[0]) || !strings.Contains(r.Fault, "first fault: ") {
					t.Errorf("%s, %s: %q, want %q", c.name, scenario, r.Fault, want)
				}
				if lost := r.Result.Counts.Lost; lost != 0 && c.name != "hangs up" || r.Result.Counts.Delivered != 0 {
					t.Errorf("%s, %s: %d lost", c.name, scenario, lost)
				}
			})
		}
	}
}

// A stall that outlasts the patience shows in the latencies.
func TestLatenciesOfWhatNeverCame(t *testing.T) {
	o := sampleOptions("fanout")
	o.Drain = 300 * time.Millisecond
	r, _ := runAgainst(t, o, faulty.Faults{EndAfter: 50})
	if h := r.Result.Latency; h.Count() != 100 || h.Max() < int64(o.Drain) || r.Result.Censored != 50 || h.Percentile(99) < int64(o.Drain) {
		t.Errorf("%d latencies up to %v, %d of them of what never came", h.Count(), time.Duration(h.Max()), r.Result.Censored)
	}
	if n, ok := r.Figure(report.NeverCame, "messages"); !ok || n != 50 {
		t.Errorf("the table has %v of them", n)
	}
}
