package bayeux

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// drawPattern draws one of few patterns, so that they often repeat and cover each other.
func drawPattern(t *rapid.T) string {
	return rapid.SampledFrom([]string{"/a", "/b", "/a/b", "/a/c", "/a/b/c", "/a/*", "/a/**", "/**", "/a/b/*"}).Draw(t, "pattern")
}

func drawChannel(t *rapid.T) string {
	return rapid.SampledFrom([]string{"/a", "/b", "/c", "/a/b", "/a/d", "/a/b/c", "/a/b/d/e"}).Draw(t, "channel")
}

// TestReadPatternsAgainstList reads lists with repeats, of any length.
func TestReadPatternsAgainstList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := NewServer(testConfig(), 0)
		for range 2 { // the second list meets what the first left
			var given, want []string
			for range rapid.IntRange(1, 40).Draw(t, "length") {
				p := fmt.Sprintf("/%d", rapid.IntRange(0, 20).Draw(t, "pattern"))
				if !slices.Contains(want, p) {
					want = append(want, p)
				}
				given = append(given, p+rapid.SampledFrom([]string{"", "/"}).Draw(t, "slash"))
			}
			raw, _ := json.Marshal(given)
			list, failure := s.reader.patternsOf(raw)
			var got []string
			for _, p := range list {
				got = append(got, string(p))
			}
			if failure.Failed() || !slices.Equal(got, want) {
				t.Fatalf("%s: %q, want %q; %s", raw, got, want, failure)
			}
		}
	})
}

// A list that repeats one pattern many times is read as one, and a long one leaves no
// memory behind.
func TestReadPatternsIsBounded(t *testing.T) {
	s := NewServer(testConfig(), 0)
	list, failure := s.reader.patternsOf([]byte(`["/a"` + strings.Repeat(`,"/a"`, 10_000) + `]`))
	if len(list) != 1 || failure.Failed() {
		t.Errorf("%d patterns, %s", len(list), failure)
	}
	var many []string
	for i := range 2 * maxPatterns {
		many = append(many, fmt.Sprintf("/%d", i))
	}
	raw, _ := json.Marshal(many)
	if list, failure := s.reader.patternsOf(raw); len(list) != len(many) || failure.Failed() {
		t.Errorf("%d patterns, %s", len(list), failure)
	}
	if s.reader.patterns != nil {
		t.Errorf("%d places are kept", cap(s.reader.patterns))
	}
	if _, failure := s.reader.patternsOf([]byte(`"/a"`)); failure.Failed() || s.reader.repeated.Len() > 0 {
		t.Errorf("%s, %d patterns are kept", failure, s.reader.repeated.Len())
	}
	if _, failure := s.reader.read(&message.Message{Subscription: raw}); failure != reply.SubscriptionsFull {
		t.Errorf("all of them: %q", failure)
	}
}

func TestReadCursors(t *testing.T) {
	for raw, want := range map[string]string{
		``:                          "none none",
		`null`:                      "none none",
		`17`:                        "17 17",
		`"-2"`:                      "-2 -2",
		`1.79E15`:                   "1790000000000000 1790000000000000",
		`{}`:                        "none none",
		`{"/a":17.0}`:               "17 none",
		`{"/a/":1,"/b":null}`:       "1 none",
		`{"\/a":1,"/b":"2","/a":3}`: "3 2",
		`{"/c":1}`:                  "none none",
		`true`:                      "invalid",
		`"tip"`:                     "invalid",
		`[1]`:                       "invalid",
		`1.5`:                       "invalid",
		`{"/a":1,"/c":"x"}`:         "invalid",
		`{"/a":{}}`:                 "invalid",
	} {
		got := "invalid"
		if c, valid := readCursors([]byte(raw)); valid {
			got = cursorText(&c, "/a") + " " + cursorText(&c, "/b")
		}
		if got != want {
			t.Errorf("%s: %s, want %s", raw, got, want)
		}
	}
}

func cursorText(c *cursors, pattern string) string {
	if after, given := c.of([]byte(pattern)); given {
		return fmt.Sprint(after)
	}
	return "none"
}

// TestReplayBringsAgainstList compares what a replay brings with what a look at all of
// its subscriptions says.
func TestReplayBringsAgainstList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p replay
		want := map[string]int64{}
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			pattern := drawPattern(t)
			after := rapid.SampledFrom([]int64{history.Tip, 1, 5, 9}).Draw(t, "after")
			p.add([]history.Wanted{{Pattern: pattern, Replay: true, After: after}})
			if delete(want, pattern); after != history.Tip {
				want[pattern] = after
			}
			name, id := drawChannel(t), rapid.Int64Range(1, 10).Draw(t, "id")
			brings := false
			for q, after := range want {
				brings = brings || id > after && channel.Matches([]byte(q), []byte(name))
			}
			if got := p.brings([]byte(name), id); got != brings || len(p.rest) != len(want) {
				t.Fatalf("%s %d: %t of %d; want %v", name, id, got, len(p.rest), want)
			}
		}
	})
}

// A session that is to be flushed and ends leaves nothing for the next in its place.
func TestFlushAfterTheEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{t: t, server: NewServer(testConfig(), 0)}
		for range rapid.IntRange(1, 4).Draw(t, "rounds") {
			id := w.post(`{"channel":"/meta/handshake"}`)[0]["clientId"].(string)
			w.post(fmt.Sprintf(`[{"channel":"/meta/connect","clientId":%q},{"channel":"/meta/subscribe","clientId":%q,"subscription":"/a"}]`, id, id))
			w.serial++
			w.handle(ReplyTo{Serial: w.serial}, fmt.Sprintf(`{"channel":"/meta/connect","clientId":%q}`, id))
			w.fx.Reset()
			w.server.Deliver(w.now, event.New([]byte("/a"), []byte("1"), false))
			if rapid.Bool().Draw(t, "ends") {
				w.post(fmt.Sprintf(`{"channel":"/meta/disconnect","clientId":%q}`, id))
			}
		}
		held := w.server.Stats().Held
		w.server.Flush(w.now, 10, &w.fx)
		if int64(len(w.fx.List)) != held || w.server.Dirty() {
			t.Fatalf("%d replies to %d held connects", len(w.fx.List), held)
		}
	})
}
