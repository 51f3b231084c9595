package order

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"halley/bayeux/channel"
	"halley/bayeux/rules"
	"halley/loop/journal"
)

// The first node makes the stream, as its rules want it. One whose rules want more has it keep more, and none has it keep less.
func TestStreamIsMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("/h/a history=50", "/h/** history=10m", "/h/b history=100")
	w.ready()
	c := w.stream.config
	for name, wanted := range map[string]any{
		"name": "S", "max_msgs_per_subject": -1, "max_age": int64(10 * time.Minute), "max_bytes": 1 << 20, "num_replicas": 3, "storage": "file",
		"allow_direct": true, "allow_atomic": true, "duplicate_window": 60000000000, "subjects": []string{prefix + ".h.>"},
	} {
		if f, is := c[name].(float64); is {
			want(t, name, int64(f), wanted)
		} else if c[name] != nil || wanted != 0 {
			want(t, name, c[name], wanted)
		}
	}
	want(t, "republished", c["republish"], map[string]any{"src": prefix + ".h.>", "dest": prefix + ".r.>"})
	want(t, "asked", w.stream.asked[:2], []string{"STREAM.INFO", "STREAM.CREATE"})
	w = newWorld(t)
	w.join("/h/** history=50")
	w.ready()
	want(t, "messages of a channel", w.stream.config["max_msgs_per_subject"], 51)
	w.join("/h/** history=70")
	w.pass(2 * time.Second)
	want(t, "more of them", w.stream.config["max_msgs_per_subject"], 71)
	want(t, "changed", strings.Count(strings.Join(w.stream.asked, ","), "UPDATE"), 1)
}

// Bounds hold all that any channel keeps, and one message more.
func TestBounds(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		rules []string
		want  bounds
	}{
		{[]string{"/a history=5", "/b history=7", "/c snapshot"}, bounds{8, 0}},
		{[]string{"/a history=1m", "/b history=1h"}, bounds{-1, time.Hour}},
		{[]string{"/a history=1m", "/b history=5"}, bounds{-1, 0}},
		{[]string{"/** history=5", "/a history=1m"}, bounds{6, 0}},
	} {
		var list rules.Rules
		for _, text := range row.rules {
			rule, err := rules.Parse(text, channel.Limits{MaxLength: 100, MaxSegments: 9})
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, rule)
		}
		want(t, strings.Join(row.rules, ", "), boundsOf(list), row.want)
	}
}

// A change is one that keeps more.
func TestGrow(t *testing.T) {
	t.Parallel()
	rule, _ := rules.Parse("/a history=1m", channel.Limits{MaxLength: 100, MaxSegments: 9})
	list := rules.Rules{rule}
	o := Options{Prefix: "p", Window: time.Hour, Bytes: 100}
	good := jetstream.StreamConfig{MaxMsgsPerSubject: -1, MaxAge: time.Minute, MaxBytes: 100, Replicas: 3, Duplicates: time.Minute,
		AllowDirect: true, AllowAtomicPublish: true, RePublish: &jetstream.RePublish{}}
	for _, row := range []struct {
		change func(c *jetstream.StreamConfig)
		want   bool
	}{
		{func(*jetstream.StreamConfig) {}, false}, {func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 7 }, true},
		{func(c *jetstream.StreamConfig) { c.MaxAge = time.Second }, true}, {func(c *jetstream.StreamConfig) { c.MaxBytes = 99 }, true},
		{func(c *jetstream.StreamConfig) { c.Replicas = 1 }, true}, {func(c *jetstream.StreamConfig) { c.Duplicates = time.Second }, true},
		{func(c *jetstream.StreamConfig) { c.RePublish = nil }, true}, {func(c *jetstream.StreamConfig) { c.AllowAtomicPublish = false }, true},
		{func(c *jetstream.StreamConfig) {
			c.MaxBytes, c.Replicas, c.MaxAge = 1000, 5, time.Hour
			c.Duplicates = time.Hour
		}, false},
	} {
		c := good
		if row.change(&c); o.grow(&c, list, 3) != row.want || o.grow(&c, list, 3) {
			t.Errorf("%+v", c)
		}
	}
}

// Why there is no stream is told until there is one.
func TestTroubles(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ verb, answer, want string }{
		{"STREAM.INFO", "nobody", "there is no JetStream"},
		{"STREAM.INFO", "silence", "no node leads it"},
		{"STREAM.INFO", `{"error":{"code":503,"err_code":10039,"description":"off"}}`, "no JetStream for this user: off"},
		{"STREAM.CREATE", `{"error":{"code":400,"err_code":10005,"description":"no peers"}}`, "--cluster-replicas 1"},
		{"STREAM.CREATE", `{"error":{"code":500,"err_code":10052,"description":"odd"}}`, "odd"},
		{"STREAM.INFO", `odd`, "no node leads it"},
	} {
		w := newWorld(t)
		w.stream.answers[row.verb] = row.answer
		n := w.join()
		w.pass(2 * time.Second)
		if !slices.ContainsFunc(n.troubles, func(why string) bool { return strings.Contains(why, row.want) }) || n.Ready() {
			t.Errorf("%s: %q", row.answer, n.troubles)
		}
		delete(w.stream.answers, row.verb)
		w.ready()
		w.pass(time.Second)
		want(t, "at the end", n.troubles[len(n.troubles)-1], "")
	}
}

// Where a majority is missing, those that are left say what they have: it is no news of the stream, and there is no leader.
func TestStalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.join()
	w.ready()
	w.publishAll(n, 1, 9)
	w.pass(2 * time.Second)
	want(t, "who leads", n.Leader(), "someone")
	w.stream.stalls = true
	w.pass(30 * time.Second)
	n.publish("/h/a", "10")
	want(t, "a publish", n.results["10"], journal.ErrBusy)
	want(t, "led", []any{n.Figures().Leader, n.Leader(), n.Figures().Renewed, len(n.missed)}, []any{false, "", 0, 0})
	want(t, "the trouble", n.troubles[len(n.troubles)-1], "the stream of the history: no node leads it")
	n.recall(w.stream.first + 7)
	want(t, "what is remembered", n.answers, []string{"1: 9"})
	w.stream.stalls = false
	w.pass(2 * time.Second)
	n.publish("/h/a", "11")
	w.net.Deliver()
	want(t, "afterwards", n.results["11"], nil)
	want(t, "the trouble then", n.troubles[len(n.troubles)-1], "")
}

// One that nobody follows any more is no leader, whatever it says.
func TestLed(t *testing.T) {
	t.Parallel()
	now, long := &jetstream.PeerInfo{Active: time.Second}, &jetstream.PeerInfo{Active: 6 * time.Second}
	for _, row := range []struct {
		info *jetstream.ClusterInfo
		want bool
	}{
		{nil, true}, {&jetstream.ClusterInfo{Leader: "a"}, true}, {&jetstream.ClusterInfo{}, false},
		{&jetstream.ClusterInfo{Leader: "a", Replicas: []*jetstream.PeerInfo{now, long}}, true},
		{&jetstream.ClusterInfo{Leader: "a", Replicas: []*jetstream.PeerInfo{long, long}}, false},
		{&jetstream.ClusterInfo{Leader: "a", Replicas: []*jetstream.PeerInfo{{Active: time.Second, Offline: true}, long}}, false},
		{&jetstream.ClusterInfo{Replicas: []*jetstream.PeerInfo{now, now}}, false},
	} {
		if led(row.info) != row.want {
			t.Errorf("%+v", row.info)
		}
	}
}

// A leader that is missing for some seconds is no trouble; for longer it is.
func TestLongWithoutALeader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.join()
	w.ready()
	w.pass(2 * time.Second)
	before := len(n.troubles)
	w.stream.leads = false
	w.pass(10 * time.Second)
	want(t, "soon", len(n.troubles), before)
	w.pass(10 * time.Second)
	want(t, "late", len(n.troubles), before+1)
	w.stream.leads = true
	w.pass(2 * time.Second)
	want(t, "at the end", n.troubles[before+1:], []string{""})
}

// Where the number of replicas is left open, a stream is made with one where there are not three nodes, and gets three when there are.
func TestReplicas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stream.answers["STREAM.CREATE"] = `{"error":{"code":400,"err_code":10005,"description":"no peers"}}`
	n := w.join()
	w.pass(6 * time.Second)
	delete(w.stream.answers, "STREAM.CREATE")
	w.ready()
	want(t, "at first", w.stream.config["num_replicas"], 1)
	w.pass(15 * time.Second)
	want(t, "then", w.stream.config["num_replicas"], 3)
	w.replicas = 5
	w.pass(15 * time.Second)
	want(t, "when there are more", w.stream.config["num_replicas"], 5)
	w.replicas = 0
	w.stream.config["num_replicas"] = 1
	w.stream.answers["STREAM.UPDATE"] = `{"error":{"code":400,"err_code":10005,"description":"no peers"}}`
	w.pass(30 * time.Second)
	n.publish("/h/a", "1")
	w.net.Deliver()
	want(t, "with what there is", n.results, map[string]error{"1": nil})
	want(t, "the trouble", n.troubles[len(n.troubles)-1], "")
}
