package client

import (
	"fmt"
	"halley/bench/plan"
	"halley/bench/reconcile"
	"strings"
	"testing"
)

// publisherOf are the publications of a process with one symbol, of which n messages are queued.
func publisherOf(n int, change func(*Config)) *publishing {
	config := sampleConfig("")
	if change != nil {
		change(&config)
	}
	p := newPublishing(&config, newRecord(true, len(config.Names)))
	p.start(Publication{Pace: plan.Pace{Count: n}}, 1)
	p.enqueue(1)
	return p
}

// A batch has at most so many messages and bytes, and only what is in one has a number.
func TestBatches(t *testing.T) {
	for _, c := range []struct{ size, want int }{{100, batchMessages}, {8 << 10, 4}, {100 << 10, 1}} {
		p := publisherOf(100, func(config *Config) { config.Size = c.size })
		if p.pending() != 100 || p.record.sent[0] != 0 {
			t.Errorf("%d pending, %d sent before anything was written", p.pending(), p.record.sent[0])
		}
		text, last := p.take(nil, 0, "p", 10, 5)
		if n := strings.Count(string(text), `"channel":"/bench"`); n != c.want || p.record.sent[0] != uint32(n) || p.pending() != 100 || last != 10+uint32(n) {
			t.Errorf("size %d: %d in the batch, want %d; %d sent, %d pending, the last id is %d", c.size, n, c.want, p.record.sent[0], p.pending(), last)
		}
		p.settle(0, nil)
		if p.published != int64(c.want) || p.pending() != int64(100-c.want) || p.done() || p.lag.Count() != int64(c.want) {
			t.Errorf("size %d: %d published, %d pending", c.size, p.published, p.pending())
		}
		if next, _ := p.take(nil, 0, "p", last, 5); !strings.Contains(string(next), fmt.Sprintf(`"n":%d,`, c.want)) {
			t.Errorf("size %d: the next batch does not go on with number %d: %.200s", c.size, c.want, next)
		}
	}
}

// Which messages of a batch the server refuses is told by their ids, in whatever order the
// replies come, and by their order when there are no ids.
func TestRefusedMessagesAreTold(t *testing.T) {
	for _, c := range []struct {
		name, replies string
		want          []reconcile.Span
	}{
		{"none", `[{"channel":"/bench","id":"11","successful":true},{"channel":"/bench","id":"12","successful":true},{"channel":"/bench","id":"13","successful":true}]`, nil},
		{"by id", `[{"channel":"/bench","id":"13","successful":false,"error":"503::busy"},{"channel":"/bench","id":"11","successful":true},{"channel":"/bench","id":"12","successful":true}]`,
			[]reconcile.Span{{From: 2, To: 3}}},
		{"by order", `[{"channel":"/bench","successful":true},{"channel":"/bench","successful":false,"error":"503::busy"},{"channel":"/bench","successful":false,"error":"503::busy"}]`,
			[]reconcile.Span{{From: 1, To: 3}}},
		{"an id of nobody", `[{"channel":"/bench","id":"99","successful":false,"error":"503::busy"}]`, nil},
	} {
		f := still(t, func(config *Config) { config.Publishers = 1 })
		s := &f.sessions[4]
		f.out.start(Publication{Pace: plan.Pace{Count: 3}}, 1)
		f.out.enqueue(1)
		_, s.id = f.out.take(nil, 0, "p", 10, 5)
		o := outcome{advice: unadvised()}
		f.read(s, publish, []byte(c.replies), 0, &o)
		f.answered(s, publish, &o, 0)
		progress := f.progress(5, nil)
		l := progress.Ledger()
		if got := l.Published(0); fmt.Sprint(got.Void) != fmt.Sprint(c.want) || got.Total != 3 || progress.Published != 3 {
			t.Errorf("%s: %+v, want %v; %d published", c.name, got, c.want, progress.Published)
		}
	}
}

// A line has one request under way, and rests after a failure.
func TestOneRequestALine(t *testing.T) {
	p := publisherOf(3, nil)
	if !p.claim(0, 5) || p.claim(0, 5) {
		t.Error("a line was claimed twice, or not at all")
	}
	p.take(nil, 0, "p", 0, 5)
	p.lose(0)
	p.fail(0, 5)
	if p.unknown != 3 || p.published != 3 || !p.done() {
		t.Errorf("%d unknown, %d over", p.unknown, p.published)
	}
	p.start(Publication{Pace: plan.Pace{Count: 1}}, 6)
	p.enqueue(6)
	if p.planned != 4 || p.claim(0, 6) || p.wake(never) != 5+retryPublish || !p.claim(0, 5+retryPublish) || p.wake(never) != never {
		t.Errorf("%d planned; after a failure the line rests until %d", p.planned, p.wake(never))
	}
}

func TestAllMessagesOfARequestAreRefused(t *testing.T) {
	p := publisherOf(3, nil)
	p.refuseAll(0) // nothing is under way
	p.take(nil, 0, "p", 0, 5)
	p.refuseAll(0)
	p.settle(0, []int{7, -1}) // places of no message
	if p.refused != 3 || fmt.Sprint(p.record.void) != "[[{0 3}]]" {
		t.Errorf("%d refused: %v", p.refused, p.record.void)
	}
}

// What a feed has recorded goes to the line of its symbol with its row.
func TestTicksAreQueuedWhenTheyAreDue(t *testing.T) {
	p := publisherOf(0, func(config *Config) { config.Publishers, config.Names = 2, []string{"/a", "/b"} })
	p.start(Publication{Start: 100, Ticks: []plan.Tick{{Due: 5, Symbol: 1, Row: `"x":1`}, {Due: 9}}}, 1)
	if p.wake(never) != 105 {
		t.Errorf("the first tick is due at %d", p.wake(never))
	}
	p.enqueue(105)
	if q := p.lines[1].queue; len(p.lines[0].queue) != 0 || len(q) != 1 || q[0] != (item{planned: 105, symbol: 1, row: `"x":1`}) || p.wake(never) != 109 {
		t.Errorf("%+v, the next is due at %d", p.lines, p.wake(never))
	}
}
