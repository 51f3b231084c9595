package traces

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"halley/bayeux"
	"halley/loop"
)

// collected is a collector that remembers the spans that it was sent.
type collected struct {
	mu      sync.Mutex
	spans   []string
	service string
}

// ServeHTTP takes a request as OTLP over HTTP has it.
func (c *collected) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var sent collector.ExportTraceServiceRequest
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &sent) != nil {
		http.Error(w, "no spans", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rs := range sent.ResourceSpans {
		for _, a := range rs.Resource.Attributes {
			if a.Key == "service.name" {
				c.service = a.Value.GetStringValue()
			}
		}
		for _, ss := range rs.ScopeSpans {
			for _, s := range ss.Spans {
				text := fmt.Sprintf("%s %x<%x %v %dms", s.Name, s.TraceId[:2], s.ParentSpanId, s.Status.GetCode(), (s.EndTimeUnixNano-s.StartTimeUnixNano)/1e6)
				for _, a := range s.Attributes {
					text += fmt.Sprintf(" %s=%v", a.Key, value(a.Value.GetStringValue(), a.Value.GetIntValue()))
				}
				c.spans = append(c.spans, text)
			}
		}
	}
}

func value(text string, number int64) any {
	if text != "" {
		return text
	}
	return number
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// Spans go to the collector, each within the trace of its request, with times of their own and what is known of them.
func TestSpansReachTheCollector(t *testing.T) {
	var c collected
	server := httptest.NewServer(&c)
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=tickers")
	traces, err := Open(t.Context(), getenv(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL}), "v1", discard())
	if err != nil || traces == nil {
		t.Fatal(traces, err)
	}
	stop := traces.Start()
	parent := "00-ab000000000000000000000000000001-00000000000000c1-01"
	began := time.Now().Add(-time.Hour)
	traces.Spans().Offer(loop.Span{Name: "publish", Parent: parent, Began: began, Took: 5 * time.Millisecond, Messages: 3, Status: 200})
	traces.Spans().Offer(loop.Span{Name: "handshake", Parent: parent, Type: "websocket", Client: "10.0.0.1:5", Began: began, Took: time.Second, Failed: true})
	traces.Spans().Offer(loop.Span{Name: "publish", Parent: "00-ab000000000000000000000000000002-00000000000000c1-00", Began: began}) // not sampled
	stop()
	want := []string{
		"handshake ab00<00000000000000c1 STATUS_CODE_ERROR 1000ms halley.connection_type=websocket client.address=10.0.0.1:5",
		"publish ab00<00000000000000c1 STATUS_CODE_UNSET 5ms messaging.batch.message_count=3 http.response.status_code=200",
	}
	slices.Sort(c.spans)
	if !slices.Equal(c.spans, want) || c.service != "tickers" {
		t.Errorf("%s of %s", strings.Join(c.spans, "\n"), c.service)
	}
}

// A collector that is down or hangs holds up nobody: what it does not take in time is gone, and the end comes all the same.
func TestCollectorThatHangs(t *testing.T) {
	hangs := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hangs }))
	defer server.Close()
	defer close(hangs)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	traces, err := Open(t.Context(), getenv(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL}), "v1", discard())
	if err != nil {
		t.Fatal(err)
	}
	stop := traces.Start()
	for range 10_000 {
		traces.Spans().Offer(loop.Span{Name: "publish", Began: time.Now()})
	}
	ended := make(chan struct{})
	go func() { stop(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Fatal("the end does not come")
	}
}

func getenv(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

// Traces are there where the variables ask for them, and what is wrong in one is told with its name.
func TestWanted(t *testing.T) {
	const endpoint, all = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"
	for _, c := range []struct {
		env   map[string]string
		want  bool
		fault string
	}{
		{nil, false, ""},
		{map[string]string{all: "http://localhost:4318"}, true, ""},
		{map[string]string{endpoint: "https://c.example/v1/traces"}, true, ""},
		{map[string]string{exporterVar: "otlp"}, true, ""},
		{map[string]string{exporterVar: "none", all: "http://localhost:4318"}, false, ""},
		{map[string]string{disabledVar: "TRUE", all: "http://localhost:4318"}, false, ""},
		{map[string]string{exporterVar: "otlp", protocolVar: "http/protobuf"}, true, ""},
		{map[string]string{exporterVar: "zipkin"}, false, exporterVar},
		{map[string]string{exporterVar: "otlp", protocolVar: "grpc"}, false, protocolVar},
		{map[string]string{all: "localhost:4318"}, false, all},
		{map[string]string{endpoint: "http://"}, false, endpoint},
	} {
		got, err := wanted(getenv(c.env))
		if got != c.want || (err != nil) != (c.fault != "") || err != nil && !strings.HasPrefix(err.Error(), c.fault+": ") {
			t.Errorf("%v: %v, %v", c.env, got, err)
		}
	}
	var none *Traces
	none.Start()()
	if none.Spans() != nil || none.Over(nil) != nil {
		t.Error("no traces take spans")
	}
}

// slow is an authority that answers in its own time.
type slow struct{ verdict bayeux.Verdict }

func (slow) Watches() bool { return true }

func (slow) Fields() []string                      { return []string{"authorization"} }
func (slow) Decide(bayeux.Question) bayeux.Verdict { return bayeux.Verdict{Ruling: bayeux.Wait} }
func (s slow) Ask(_ bayeux.Question, answer func(bayeux.Verdict)) {
	time.Sleep(2 * time.Millisecond)
	answer(s.verdict)
}

// A question whose answer takes time is a span; the answer comes to who asked.
func TestAuthorityIsTraced(t *testing.T) {
	traces := &Traces{spans: loop.NewSpans()}
	for _, ruling := range []bayeux.Ruling{bayeux.Allow, bayeux.Deny} {
		a := traces.Over(slow{bayeux.Verdict{Ruling: ruling}})
		if fields := a.Fields(); !slices.Equal(fields, []string{"authorization", "traceparent"}) {
			t.Errorf("fields %v", fields)
		}
		if w, is := a.(interface{ Watches() bool }); !is || !w.Watches() {
			t.Error("what the authority watches is not asked about")
		}
		caller := &bayeux.Caller{Address: "10.0.0.1:5", Fields: []bayeux.Field{{Name: "Traceparent", Value: "00-1"}}}
		var got []bayeux.Verdict
		a.Ask(bayeux.Question{Operation: bayeux.OpSubscribe, Caller: caller}, func(v bayeux.Verdict) { got = append(got, v) })
		p := <-traces.Spans().Taken()
		if len(got) != 1 || got[0].Ruling != ruling || p.Name != "authority subscribe" || p.Failed != (ruling == bayeux.Deny) || p.Took < 2*time.Millisecond ||
			p.Client != "10.0.0.1:5" || p.Parent != "00-1" || !p.Outward {
			t.Errorf("%v %+v", got, p)
		}
	}
}
