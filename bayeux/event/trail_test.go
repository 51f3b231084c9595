package event

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func nodeID(n int) string { return fmt.Sprintf("%016x", n) }

// A trail comes out of an event as it went in, whatever else the event has.
func TestTrailOfEvents(t *testing.T) {
	t.Parallel()
	for _, trail := range []Trail{
		{Via: []string{nodeID(1)}},
		{Via: []string{nodeID(1), nodeID(2)}, Origin: nodeID(3), Number: 1<<64 - 1},
		{Origin: nodeID(3), Number: 7},
	} {
		for _, binary := range []bool{false, true} {
			for _, data := range []string{"", `1.10`, `{"ext":{"halley":{"via":[]}},"data":2}`} {
				body := []byte(data)
				if data == "" {
					body = nil
				}
				e := New([]byte("/a"), body, binary).Trailed(trail)
				for _, form := range []Event{e, e.Numbered(5), e.Stamped(1_380_000_000_123), e.Numbered(5).Filtered("?x='1'")} {
					got, way, isBinary := form.Passed()
					if !json.Valid([]byte(form)) || !form.Valid() || string(got) != data || isBinary != binary || !reflect.DeepEqual(normal(way), normal(trail)) {
						t.Errorf("%s: %q, %+v, binary %t", form, got, way, isBinary)
					}
				}
			}
		}
	}
	if e := New([]byte("/a"), nil, true); e.Trailed(Trail{}) != e {
		t.Error("an event without a trail has changed")
	}
}

func normal(t Trail) Trail {
	if len(t.Via) == 0 {
		t.Via = nil
	}
	return t
}

// Anything else than a trail is none, and one that is too long is known to be.
func TestParseTrail(t *testing.T) {
	t.Parallel()
	one := `"` + nodeID(1) + `"`
	for _, ext := range []string{
		``, `{}`, `{"halley":1}`, `{"halley":{}}`, `{"halley":{"via":[]}}`, `{"halley":{"via":{}}}`, `{"halley":{"via":[1]}}`, `{"halley":{"via":["short"]}}`,
		`{"halley":{"via":[` + strings.ToUpper(`"000000000000000a"`) + `]}}`, `{"halley":{"via":[` + one + `,7]}}`,
		`{"halley":{"via":[` + one + `],"origin":` + one + `}}`, `{"halley":{"origin":` + one + `,"number":-1}}`,
		`{"halley":{"origin":` + one + `,"number":1.5}}`, `{"halley":{"origin":5,"number":5}}`, `{"halley":{"number":5}}`,
	} {
		if got := ParseTrail([]byte(ext)); !got.IsZero() {
			t.Errorf("%s: %+v", ext, got)
		}
	}
	list := strings.Repeat(one+",", MaxHops-1) + one
	full, over := ParseTrail([]byte(`{"halley":{"via":[`+list+`]}}`)), ParseTrail([]byte(`{"halley":{"via":[`+list+","+one+`]}}`))
	if full.Over() || !full.Ended() || len(full.Via) != MaxHops || !over.Over() || over.IsZero() {
		t.Errorf("%+v, %+v", full, over)
	}
	if more := full.Past(nodeID(2)); !more.Over() || !full.Has(nodeID(1)) || full.Has(nodeID(2)) || full.Past(nodeID(1)).Over() {
		t.Errorf("%+v", more)
	}
}

// Whatever a client sends as ext, its trail is one that can be sent on.
func FuzzParseTrail(f *testing.F) {
	f.Add(string(Trail{Via: []string{nodeID(1)}, Origin: nodeID(2), Number: 3}.Ext(true)))
	f.Add(`{"halley":{"via":["a\u0030"]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) {
			return
		}
		trail := ParseTrail([]byte(text))
		if len(trail.Via) > MaxHops {
			t.Errorf("%q: %d hops", text, len(trail.Via))
		}
		if again := ParseTrail(trail.Ext(false)); !trail.Over() && !reflect.DeepEqual(normal(again), normal(trail)) {
			t.Errorf("%q: %+v, and again %+v", text, trail, again)
		}
	})
}
