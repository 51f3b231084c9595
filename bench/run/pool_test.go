package run

import (
	"errors"
	"strings"
	"testing"
	"time"

	"halley/bench/client"
	"halley/bench/cost"
	"halley/bench/hist"
	"halley/bench/plan"
)

// fakeLink remembers its commands and answers a request for the result.
type fakeLink struct {
	pool     *pool
	number   int
	commands []Command
	broken   error
}

func (l *fakeLink) send(c Command) error {
	l.commands = append(l.commands, c)
	if c.Do == doResult {
		r := client.Result{Latency: hist.New(), Lag: hist.New(), Ramp: hist.New(), Cycle: hist.New()}
		r.Counts.Delivered = int64(10 + l.number)
		if c.Ledger.WantDue {
			r.Due = [][]int64{{5}}
		}
		l.pool.news <- tagged{l.number, News{Result: &r}}
	}
	return l.broken
}

func (l *fakeLink) close() error { return l.broken }

// fakePool is a pool of n workers that do nothing but what the test makes them say.
func fakePool(n int) (*pool, []*fakeLink) {
	p := &pool{news: make(chan tagged, 16), latest: make([]client.Progress, n), seen: func(client.Progress) {}}
	links := make([]*fakeLink, n)
	for i := range links {
		links[i] = &fakeLink{pool: p, number: i}
		p.links = append(p.links, links[i])
	}
	return p, links
}

func (p *pool) say(worker int, progress client.Progress) {
	p.news <- tagged{worker, News{Progress: &progress}}
}

func delivered(p client.Progress) int64 { return p.Delivered }

func atLeast(n int64) func(client.Progress) bool {
	return func(p client.Progress) bool { return p.Delivered >= n }
}

func TestAwaitSumsTheWorkers(t *testing.T) {
	p, _ := fakePool(2)
	var totals []int64
	p.seen = func(total client.Progress) { totals = append(totals, total.Delivered) }
	p.say(0, client.Progress{Delivered: 3})
	p.say(1, client.Progress{Delivered: 4})
	p.say(0, client.Progress{Delivered: 6})
	if err := p.await(time.Minute, delivered, atLeast(10)); err != nil {
		t.Fatal(err)
	}
	if len(totals) != 3 || totals[0] != 3 || totals[1] != 7 || totals[2] != 10 {
		t.Errorf("the totals seen were %v", totals)
	}
}

func TestAwaitEndsWhenNothingMoves(t *testing.T) {
	p, _ := fakePool(1)
	p.say(0, client.Progress{Delivered: 1})
	if err := p.await(20*time.Millisecond, delivered, atLeast(2)); err != errStalled {
		t.Errorf("error %v", err)
	}
	if p.latest[0].Delivered != 1 {
		t.Errorf("what was said is lost: %+v", p.latest)
	}
}

func TestAwaitPassesFailuresOn(t *testing.T) {
	p, _ := fakePool(2)
	p.news <- tagged{1, News{Failure: "no memory"}}
	if err := p.await(time.Minute, delivered, atLeast(1)); err == nil || !strings.Contains(err.Error(), "generator 1: no memory") {
		t.Errorf("error %v", err)
	}
}

func TestPassTakesItsTime(t *testing.T) {
	p, _ := fakePool(1)
	p.say(0, client.Progress{Delivered: 5})
	begin := time.Now()
	if err := p.pass(20 * time.Millisecond); err != nil || time.Since(begin) < 20*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
}

func TestResultsAreMerged(t *testing.T) {
	p, links := fakePool(3)
	p.say(1, client.Progress{Delivered: 1}) // news in between are taken as well
	r, err := p.results(client.Ledger{Sent: []uint32{7}}, true)
	if err != nil || r.Counts.Delivered != 33 {
		t.Errorf("%+v, %v", r, err)
	}
	if l := links[0].commands[0].Ledger; !l.WantDue || l.Sent[0] != 7 {
		t.Errorf("the publisher was told %+v", l)
	}
	if l := links[2].commands[0].Ledger; l.WantDue || l.Sent[0] != 7 || len(l.Due) != 1 || l.Due[0][0] != 5 || r.Due != nil {
		t.Errorf("worker 2 was told %+v, the sum has %v", l, r.Due)
	}
}

func TestReminderEndsTheKilling(t *testing.T) {
	p, links := fakePool(2)
	p.news <- tagged{worker: calmDown}
	if err := p.pass(5 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	for i, l := range links {
		if len(l.commands) != 1 || l.commands[0].Do != doKill || l.commands[0].Rate != 0 {
			t.Errorf("worker %d got %+v", i, l.commands)
		}
	}
}

func TestBrokenLinksAreNamed(t *testing.T) {
	p, links := fakePool(2)
	links[1].broken = errors.New("pipe is gone")
	if err := p.all(Command{Do: doLeave}); err == nil || !strings.Contains(err.Error(), "generator 1: pipe is gone") {
		t.Errorf("error %v", err)
	}
	p.say(0, client.Progress{}) // must not block the end
	if err := p.close(); !errors.Is(err, links[1].broken) {
		t.Errorf("close: %v", err)
	}
}

func TestPoolClosesWhatItStartedWhenAWorkerCannotStart(t *testing.T) {
	bad := Task{Client: client.Config{URLs: []string{"nowhere"}}}
	if _, err := newPool([]Task{bad}, func(client.Progress) {}); err == nil || !strings.Contains(err.Error(), "generator 0") {
		t.Errorf("error %v", err)
	}
}

func TestTasksCoverAllSubscribers(t *testing.T) {
	o := sampleOptions("soak")
	o.Subscribers, o.Processes, o.Churners, o.Publishers, o.Rate, o.Duration = 101, 4, 6, 9, 10, time.Second
	o.Channel, o.Symbols, o.Follow = "/s/{symbol}", 3, 2
	o.Messages = 0
	o.setDefaults()
	l, err := o.layout()
	if err != nil {
		t.Fatal(err)
	}
	next, churners := 0, 0
	for i, task := range o.tasks(l, 1, 2) {
		if task.Client.First != next || task.Client.Run != 2 || len(task.Client.Names) != 3 {
			t.Errorf("task %d: %+v", i, task.Client)
		}
		if wantPublishers := 3 * b2i(i == 0); task.Client.Publishers != wantPublishers {
			t.Errorf("task %d has %d publishers, want %d: no more than channels", i, task.Client.Publishers, wantPublishers)
		}
		next += task.Client.Subscribers
		churners += task.Client.Churners
	}
	if next != 101 || churners != 6 || o.Messages != 10 {
		t.Errorf("%d subscribers, %d churners, %d messages", next, churners, o.Messages)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A message that one worker's subscribers follow and another's do not must be expected of the first only.
func TestFollowersOfAWorker(t *testing.T) {
	p, _ := fakePool(2)
	p.tasks = []Task{{Client: client.Config{First: 0, Subscribers: 2}}, {Client: client.Config{First: 2, Subscribers: 3}}}
	s := session{pool: p, layout: layout{symbols: plan.NewSymbols("/{symbol}", 5, 1, 0, 1)}}
	for k, want := range [][2]int{{1, 0}, {1, 0}, {0, 1}, {0, 1}, {0, 1}} {
		if a, b := s.followersIn(0, k), s.followersIn(1, k); a != want[0] || b != want[1] {
			t.Errorf("symbol %d has %d and %d followers, want %v", k, a, b, want)
		}
	}
}

func TestExpectedDeliveries(t *testing.T) {
	s := session{held: 10, layout: layout{symbols: plan.NewSymbols("/{symbol}", 4, 2, 0, 1)}}
	if got := s.expected(client.Progress{Sent: []uint32{1, 0, 2, 0}}); got != 15 {
		t.Errorf("%d, want 15: ten subscribers of two in four channels are five followers each", got)
	}
	if got := s.expected(client.Progress{}); got != 0 {
		t.Errorf("nothing sent, %d expected", got)
	}
}

func TestLongRunsKeepEverySecondSample(t *testing.T) {
	var samples []cost.Sample
	for i := range 9 {
		samples = append(samples, cost.Sample{At: int64(i)})
	}
	kept := everySecond(samples)
	if len(kept) != 5 || kept[0].At != 0 || kept[4].At != 8 {
		t.Errorf("%+v", kept)
	}
}
