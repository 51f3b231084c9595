package internalhttp

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"halley/loop"
)

func TestPublish(t *testing.T) {
	tests := []struct {
		name, body string
		want       []string
	}{
		{"object", `{"channel":"/a","data":{"p":167.1000, "n":12345678901234567890}}`, []string{`/a {"p":167.1000, "n":12345678901234567890}`}},
		{"object over lines", "{\n \"channel\": \"/a\",\n \"data\": [1,\n2]\n}\n", []string{"/a [1,\n2]"}},
		{"array", ` [{"channel":"/a","data":null},{"data":false,"channel":"\/b"}] `, []string{"/a null", "/b false"}},
		{"array over lines", "[\n{\"channel\":\"/a\",\"data\":1}\n,\n{\"channel\":\"/b\",\"data\":2}]", []string{"/a 1", "/b 2"}},
		{"empty array", `[]`, nil},
		{"lines", "{\"channel\":\"/a\",\"data\":1}\n\n  {\"channel\":\"/b\",\"data\":2}\r\n", []string{"/a 1", "/b 2"}},
		{"one line", "{\"channel\":\"/a\",\"data\":\"é\\u2028\"}\n", []string{`/a "é\u2028"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, nil)
			r.expect("POST", "/publish", tt.body, 200, `{"published":`+string(rune('0'+len(tt.want)))+`}`)
			if !slices.Equal(r.got, tt.want) {
				t.Errorf("published %q, want %q", r.got, tt.want)
			}
		})
	}
}

func TestBadBodiesPublishNothing(t *testing.T) {
	const good = `{"channel":"/a","data":1}`
	tests := []struct {
		body   string
		index  string
		reason string
	}{
		{"", "0", "not JSON"},
		{"null", "0", "neither a JSON object nor an array"},
		{`[` + good + `,5]`, "1", "neither a JSON object nor an array"},
		{`[` + good + `,{"channel":"/b","data":}]`, "1", "not JSON"},
		{good + "\n" + `{"channel":"/b"}`, "1", "data is missing"},
		{good + "\nnonsense", "1", "a line must be one object"},
		{good + "\n[" + good + "]", "1", "a line must be one object"},
		{good + "\n" + good + "\n{", "2", "not JSON"},
		{good + " x", "0", "not JSON"},
		{`{"data":1}`, "0", "channel is missing"},
		{`{"channel":5,"data":1}`, "0", "channel must be a string"},
		{`{"channel":null,"data":1}`, "0", "channel is missing"},
		{`{"channel":"/a","data":1,"Data":2}`, "0", "field given twice"},
		{`{"channel":"/a","data":1,"dedupe":"k"}`, "0", `unknown field \"dedupe\"`},
		{`{"channel":"/a","data":1,"dedup":5}`, "0", "dedup must be a string"},
		{`{"channel":"/a","data":1,"dedup":""}`, "0", "dedup must be a string"},
		{`{"channel":"/a","data":1,"dedup":"` + strings.Repeat("k", 257) + `"}`, "0", "dedup must be a string"},
		{`{"channel":"/a","data":"` + "\xff" + `"}`, "0", "not UTF-8"},
		{`{"channel":"/a","data":` + strings.Repeat("[", 9) + strings.Repeat("]", 9) + `}`, "0", "nested too deeply"},
		{good + good, "0", "curl keeps lines with --data-binary"},
		{`[` + good + `,{"channel":"/meta/x","data":1}]`, "1", "meta channels are not broadcast"},
	}
	r := newRig(t, nil)
	for _, tt := range tests {
		status, body, _ := r.do("POST", "/publish", tt.body)
		if status != 400 || !strings.Contains(body, tt.reason) || !strings.Contains(body, `"index":`+tt.index) {
			t.Errorf("%q: %d %s, want index %s, %s", tt.body, status, body, tt.index, tt.reason)
		}
	}
	if r.got != nil {
		t.Errorf("published %q", r.got)
	}
}

// Short messages take little beside what they become: a list that grows took five times as much.
func TestManyMessagesTakeLittle(t *testing.T) {
	const messages = 100_000
	l := New(new(fake), Options{MaxDepth: 8, MaxMessages: messages, Log: discard()})
	body := []byte("[" + strings.TrimSuffix(strings.Repeat(`{"channel":"/a","data":1},`, messages), ",") + "]")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	items, err := l.parse(body)
	runtime.ReadMemStats(&after)
	if took := (after.TotalAlloc - before.TotalAlloc) / messages; err != nil || len(items) != messages || took > 100 {
		t.Errorf("%d messages, %v, %d bytes each", len(items), err, took)
	}
}

// While memory is short a body is refused before it is read.
func TestShortOfMemory(t *testing.T) {
	r := newRig(t, nil)
	r.short = loop.ErrMemory
	status, body, header := r.do("POST", "/publish", "nonsense")
	if status != 503 || !strings.Contains(body, "memory") || header.Get("Retry-After") == "" {
		t.Errorf("%d %s %v", status, body, header)
	}
}

func TestDedup(t *testing.T) {
	r := newRig(t, nil)
	const first = `{"channel":"/a","data":1,"dedup":"k1"}`
	r.expect("POST", "/publish", first, 200, `{"published":1}`)
	r.expect("POST", "/publish", first, 200, `{"duplicates":1,"published":0}`)
	// In an array: a repeat of before, a new one and its repeat, one without.
	batch := `[` + first + `,{"channel":"/b","data":2,"dedup":"k2"},{"channel":"/b","data":3,"dedup":"k2"},{"channel":"/c","data":4}]`
	r.expect("POST", "/publish", batch, 200, `{"duplicates":2,"published":2}`)
	if want := []string{"/a 1", "/b 2", "/c 4"}; !slices.Equal(r.got, want) {
		t.Errorf("published %q, want %q", r.got, want)
	}
}

// What was refused is not remembered, and is named by its place in the body.
func TestDedupForgetsTheRefused(t *testing.T) {
	r := newRig(t, nil)
	r.expect("POST", "/publish", `{"channel":"/a","data":1,"dedup":"k1"}`, 200, `{"published":1}`)
	bad := `[{"channel":"/a","data":1,"dedup":"k1"},{"channel":"/a","data":2,"dedup":"k2"},{"channel":"/meta/x","data":3}]`
	r.expect("POST", "/publish", bad, 400, `{"error":"meta channels are not broadcast","index":2}`)
	r.expect("POST", "/publish", `{"channel":"/a","data":2,"dedup":"k2"}`, 200, `{"published":1}`)
}

func TestMemory(t *testing.T) {
	now := time.Unix(1000, 0)
	m := newMemory(3, time.Minute)
	for i, key := range []string{"a", "b", "c", "d"} {
		m.add(key, now.Add(time.Duration(i)*time.Second))
	}
	for key, want := range map[string]bool{"a": false, "b": true, "c": true, "d": true, "e": false} {
		if got := m.has(key, now); got != want {
			t.Errorf("has(%s) = %v", key, got)
		}
	}
	if m.has("b", now.Add(61*time.Second)) || !m.has("d", now.Add(61*time.Second)) {
		t.Error("keys do not last for their window")
	}
	if m.has("d", now.Add(63*time.Second)) || len(m.known) != 0 || len(m.order) != 0 {
		t.Errorf("after the window: %v %v", m.known, m.order)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	m := newMemory(100, time.Hour)
	now := time.Unix(1000, 0)
	for i := range 10_000 {
		m.add(string(rune(0x4e00+i)), now)
		if len(m.known) > 100 || len(m.order) > 201 {
			t.Fatalf("%d keys in a slice of %d", len(m.known), len(m.order))
		}
	}
}

// A publish is told to those who trace it, with its trace and what became of it; nothing else is.
func TestPublishesAreTraced(t *testing.T) {
	spans := loop.NewSpans()
	r := newRig(t, func(o *Options) { o.Spans = spans })
	r.do("POST", "/publish", `[{"channel":"/a","data":1},{"channel":"/b","data":2}]`, "Traceparent", "00-1-2-01")
	r.do("GET", "/channels", "")
	r.do("POST", "/publish", "nonsense")
	for _, want := range []loop.Span{{Parent: "00-1-2-01", Messages: 2, Status: 200}, {Status: 400, Failed: true}} {
		p := <-spans.Taken()
		if p.Name != "publish" || p.Parent != want.Parent || p.Messages != want.Messages || p.Status != want.Status || p.Failed != want.Failed || p.Took <= 0 {
			t.Errorf("%+v, want %+v", p, want)
		}
	}
	if len(spans.Taken()) > 0 {
		t.Error("there is more")
	}
}
