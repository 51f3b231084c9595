package client

import (
	"halley/bench/faulty"
	"halley/bench/plan"
	"halley/bench/reconcile"
	"halley/bench/wire"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestFinishSaysWhoHasAll(t *testing.T) {
	server := faulty.Start(time.Second, faulty.Faults{EndAfter: 45})
	defer server.Close()
	config := sampleConfig(server.URL())
	config.Habits = Habits{Wishes: wire.Wishes{Interval: 100}, Claim: reconcile.Newest}
	r := startRig(t, config)
	r.ramp(20)
	var last Progress
	for n, all := range []int64{20, 40, 45} { // one by one: of two that wait for its next connect a client would get the newer one alone
		r.fleet.Publish(Publication{Pace: plan.Pace{Count: 1}, First: n})
		last = r.until("a message", func(p Progress) bool { return p.Published == int64(n+1) && p.Pending == 0 && p.Delivered == all })
	}
	r.fleet.Finish(last.Ledger())
	p := r.until("the five", func(p Progress) bool { return p.Settled > 0 })
	if p.Settled != 5 {
		t.Errorf("%d of 20 have all", p.Settled)
	}
	if res := r.result(p.Sent); res.Counts.Behind != 15 || res.Stale.Count() != 45+15 || res.Censored != 15 || res.Latency.Count() != 0 {
		t.Errorf("%+v, %d late, %d stale", res.Counts, res.Latency.Count(), res.Stale.Count())
	}
}

// books are those of four subscribers of one channel.
func books(change func(*Config)) (*accounts, *roster) {
	config := sampleConfig("")
	config.Subscribers = 4
	if change != nil {
		change(&config)
	}
	r := newRoster(&config)
	return newAccounts(r, newRecord(false, len(config.Names))), r
}

// What came under a connect is entered: events, word of what was dropped, and the reply.
func TestABatchIsEntered(t *testing.T) {
	a, r := books(func(c *Config) { c.Habits.Claim = reconcile.Told })
	e := exchange{what: connect, owner: 2, kind: r.kind(2)}
	o := outcome{advice: unadvised()}
	err := a.scan(&e, []byte(`[{"channel":"/bench","data":{"t":100,"n":0,"r":7}},{"channel":"/bench","data":{"t":100,"n":3,"r":7}},
		{"channel":"/bench","data":{"t":100,"n":1,"r":8}},{"channel":"/other","data":{"t":100,"n":1,"r":7}},
		{"channel":"/meta/connect","successful":true,"advice":{"interval":5},"ext":{"dropped":{"/bench":2}}}]`), 150, &o)
	if err != nil || !o.successful || o.advice.Interval != 5 || a.tally.Gaps != 1 {
		t.Errorf("%+v, %v, %d gaps", o, err, a.tally.Gaps)
	}
	counts := a.balance(Ledger{Sent: []uint32{4}}, 4, 200).Counts
	if counts.Delivered != 2 || counts.Strays != 2 || counts.Dropped != 2 || a.latency.Count() != 2 || a.series.at(150).Delivered != 2 {
		t.Errorf("%+v, %d latencies", counts, a.latency.Count())
	}
}

// What comes for publishers and churning clients is no subscriber's; a broken batch says where.
func TestOthersHaveNoAccount(t *testing.T) {
	a, r := books(func(c *Config) { c.Churners = 1 })
	e := exchange{what: connect, owner: 5, kind: r.kind(5)}
	const event = `[{"channel":"/bench","data":{"t":1,"n":0,"r":7}}`
	o := outcome{advice: unadvised()}
	if err := a.scan(&e, []byte(event+"]"), 5, &o); err != nil || a.book.Delivered() != 0 {
		t.Errorf("%d delivered, %v", a.book.Delivered(), err)
	}
	if err := a.scan(&e, []byte(event), 5, &o); err == nil || !strings.Contains(err.Error(), "/bench") {
		t.Errorf("a batch that is cut off: %v", err)
	}
}

// Subscribers that were not started lack nothing, and what a started one lacks is waited for.
func TestBalance(t *testing.T) {
	a, _ := books(nil)
	r := a.balance(Ledger{Sent: []uint32{2}, Due: [][]int64{{10, 20}}}, 3, 100)
	if r.Counts.Lost != 6 || r.Censored != 6 || r.Latency.Count() != 6 || a.latency.Count() != 0 {
		t.Errorf("%+v, %d censored, %d latencies of which %d are booked", r.Counts, r.Censored, r.Latency.Count(), a.latency.Count())
	}
	if got := a.settled(Ledger{Sent: []uint32{0}}, 3); got != 3 {
		t.Errorf("%d of 3 have all of nothing", got)
	}
}

func TestStepsAreCounted(t *testing.T) {
	a, _ := books(nil)
	for range 2 {
		a.enter(0, &step{held: 1, cycles: 1, renewals: 1, rolls: 1, misnumbered: 1, fault: "no"})
	}
	a.enter(0, &step{held: -1})
	want := Progress{Held: 1, Cycles: 2, Renewed: 2, Rolled: 2, Faults: Faults{Protocol: 2, First: "no"}}
	if !reflect.DeepEqual(a.tally, want) || a.balance(Ledger{}, 0, 0).Counts.Misnumbered != 2 {
		t.Errorf("%+v", a.tally)
	}
}
