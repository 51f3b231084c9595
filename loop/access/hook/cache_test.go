package hook

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"

	"halley/bayeux"
)

// Whatever was asked before, a question has the verdict that the program would give it: a kept answer is never taken for
// another question's. The program's verdict depends on all that it is told.
func TestCacheAnswersItsOwnQuestionsAlone(t *testing.T) {
	verdict := func(body []byte) (allow bool, reason string) {
		sum := fnv.New64a()
		sum.Write(body)
		return sum.Sum64()%3 > 0, fmt.Sprintf("r%x", sum.Sum64())
	}
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		allow, reason := verdict(body)
		w.Header().Set("Cache-Control", "private, max-age=3600")
		json.NewEncoder(w).Encode(map[string]any{"allow": allow, "reason": reason, "subject": reason})
	}, func(s *Settings) { s.Cache = 40 * keptCost })
	text := rapid.SampledFrom([]string{"", "a", "b", "ab", `"`})
	name := rapid.SampledFrom([]string{"/a", "/b", "/a/b", "/a/*"})
	rapid.Check(t, func(t *rapid.T) {
		for range rapid.IntRange(1, 12).Draw(t, "questions") {
			q := bayeux.Question{Operation: rapid.SampledFrom([]bayeux.Operation{bayeux.OpHandshake, bayeux.OpSubscribe, bayeux.OpPublish}).Draw(t, "operation")}
			switch q.Operation {
			case bayeux.OpSubscribe:
				q.Patterns = [][]byte{[]byte(name.Draw(t, "pattern"))}
				if rapid.Bool().Draw(t, "two") {
					q.Patterns = append(q.Patterns, []byte(name.Draw(t, "pattern")))
				}
			case bayeux.OpPublish:
				q.Channel = []byte(name.Draw(t, "channel"))
			}
			if ext := text.Draw(t, "ext"); ext != "" {
				q.Ext, _ = json.Marshal(map[string]string{"token": ext})
			}
			if subject := text.Draw(t, "subject"); subject != "" {
				q.Claims = string(grants("").append(ofSubject, subject).append(ofClaims, fmt.Sprintf("%q", text.Draw(t, "claims"))))
			}
			if rapid.Bool().Draw(t, "caller") {
				q.Caller = &bayeux.Caller{Identity: text.Draw(t, "identity"), Address: rapid.SampledFrom([]string{"10.0.0.1:1", "10.0.0.1:2", "10.0.0.2:1"}).Draw(t, "address"),
					Fields: []bayeux.Field{{Name: rapid.SampledFrom([]string{"Authorization", "cookie"}).Draw(t, "field"), Value: text.Draw(t, "value")}}}
			}
			body, err := encode(&q, r.settings.Headers)
			if err != nil {
				t.Fatal(err)
			}
			allow, reason := verdict(body)
			v := r.ask(q)
			if (v.Ruling == bayeux.Allow) != allow || !allow && v.Reason != reason || allow && grants(v.Claims).subject() != reason {
				t.Fatalf("%s: %+v, want %t %s", body, v, allow, reason)
			}
		}
	})
	if f := r.Figures(); f.Hits == 0 || f.Kept > 40 {
		t.Errorf("%+v", f)
	}
}

// A verdict is kept as long as its answer allows, and not beyond what it gives.
func TestKeptFor(t *testing.T) {
	now := time.Unix(1e9, 0)
	for _, tt := range []struct {
		headers []string
		want    time.Duration
	}{
		{nil, 0},
		{[]string{"max-age=60"}, time.Minute},
		{[]string{"private, MAX-AGE=60"}, time.Minute},
		{[]string{"private", `max-age="5"`}, 5 * time.Second},
		{[]string{"max-age=60, no-store"}, 0},
		{[]string{"no-cache, max-age=60"}, 0},
		{[]string{"max-age=0"}, 0},
		{[]string{"max-age=-1"}, 0},
		{[]string{"max-age=x"}, 0},
		{[]string{"max-age=99999999"}, time.Hour},
		{[]string{"max-age=99999999999999999999"}, 0},
		{[]string{"s-maxage=60"}, 0},
	} {
		if got := keeping(http.Header{"Cache-Control": tt.headers}); got != tt.want {
			t.Errorf("%q: %v, want %v", tt.headers, got, tt.want)
		}
	}
	c, n := newCache(1<<20), nameOfBody([]byte("q"))
	c.put(n, bayeux.Verdict{Claims: "x"}, now, time.Minute)
	if v, known := c.get(n, now.Add(time.Minute-1)); !known || v.Claims != "x" {
		t.Error("not kept")
	}
	if _, known := c.get(n, now.Add(time.Minute)); known || c.size() != 0 || c.bytes != 0 {
		t.Error("kept for too long")
	}
	c.put(n, bayeux.Verdict{Expiry: now.Add(time.Second).UnixMilli()}, now, time.Minute)
	if _, known := c.get(n, now.Add(time.Second)); known {
		t.Error("kept beyond its expiry")
	}
	c.put(n, bayeux.Verdict{Expiry: now.UnixMilli()}, now, time.Minute)
	if c.size() != 0 {
		t.Error("what has expired is kept")
	}
}

// What is kept is bounded in bytes; the verdicts asked for the latest stay.
func TestCacheIsBounded(t *testing.T) {
	now := time.Unix(1e9, 0)
	c := newCache(10 * (keptCost + 100))
	first := nameOfBody([]byte("0"))
	for i := range 1000 {
		c.put(nameOfBody(fmt.Append(nil, i)), bayeux.Verdict{Claims: string(make([]byte, 100))}, now, time.Hour)
		if _, known := c.get(first, now); !known {
			t.Fatalf("the one that is used is gone after %d others", i)
		}
	}
	if c.size() != 10 || c.bytes != c.room {
		t.Errorf("%d verdicts, %d bytes", c.size(), c.bytes)
	}
	c.put(first, bayeux.Verdict{Claims: string(make([]byte, c.room))}, now, time.Hour)
	if c.size() != 10 {
		t.Error("one that is larger than all has driven others away")
	}
	none := newCache(0)
	none.put(first, bayeux.Verdict{}, now, time.Hour)
	if none.used() || none.size() != 0 {
		t.Error("kept without room")
	}
}

// Failures are never kept.
func TestFailuresAreNotKept(t *testing.T) {
	fails := true
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		if fails {
			w.WriteHeader(500)
		}
	}, nil)
	r.ask(publish("/a"))
	fails = false
	if v := r.ask(publish("/a")); v.Ruling != bayeux.Allow {
		t.Errorf("%+v", v)
	}
	if r.ask(publish("/a")); r.Figures().Hits != 1 {
		t.Errorf("%+v", r.Figures())
	}
}
