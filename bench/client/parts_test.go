package client

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"halley/bench/hist"
	"halley/bench/plan"
	"halley/bench/reconcile"
)

func TestTimersComeInOrder(t *testing.T) {
	var ts timers
	for _, due := range []int64{50, 10, 40, 10, 30} {
		ts.add(timer{due: due, session: int32(due), serial: 1})
	}
	if got := ts.next(never); got != 10 {
		t.Errorf("the next timer is due at %d", got)
	}
	var got []int64
	for {
		e, ok := ts.pop(40)
		if !ok {
			break
		}
		got = append(got, e.due)
	}
	if want := []int64{10, 10, 30, 40}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if ts.next(never) != 50 || (&timers{}).next(never) != never {
		t.Error("what is left is not the last timer")
	}
}

func TestSeriesBuckets(t *testing.T) {
	var s series
	s.at(BucketWidth/2).Delivered++
	s.held = 7
	s.at(3*BucketWidth + 1).Delivered += 2
	s.at(-5).Delivered++
	s.at(1<<62).Ramped++ // falls into the last bucket and does not exhaust memory
	if s.buckets[0].Delivered != 2 || s.buckets[3].Delivered != 2 || s.buckets[2].Held != 7 || len(s.buckets) != maxBuckets {
		t.Errorf("%+v of %d", s.buckets[:4], len(s.buckets))
	}
}

func TestSourcesSpreadOverLoopback(t *testing.T) {
	a, err := resolve("127.0.0.1:80", 600)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[4]byte]bool{}
	for i := range 1200 {
		address := a.source(i).Addr
		if address[0] != 127 || address[3] == 0 || address[3] == 255 {
			t.Fatalf("source %d is %v", i, address)
		}
		seen[address] = true
	}
	if len(seen) != 600 {
		t.Errorf("%d different addresses, want 600", len(seen))
	}
}

func TestResolve(t *testing.T) {
	for host, want := range map[string]struct{ family, sources int }{
		"127.0.0.1:1": {unix.AF_INET, 9}, "192.0.2.1:1": {unix.AF_INET, 0}, "[2001:db8::1]:1": {unix.AF_INET6, 0},
	} {
		a, err := resolve(host, 9)
		if err != nil || a.family != want.family || a.sources != want.sources {
			t.Errorf("%s: family %d, sources %d, %v", host, a.family, a.sources, err)
		}
	}
	if _, err := resolve("127.0.0.1:none", 1); err == nil {
		t.Error("a port that is none was resolved")
	}
}

func TestClocksOfOneRunAgree(t *testing.T) {
	start := Monotonic()
	a, b := NewClock(start), NewClock(start)
	if d := a.Now() - b.Now(); d > int64(time.Second) || d < -int64(time.Second) {
		t.Errorf("two clocks of one run differ by %v", time.Duration(d))
	}
	if earlier := NewClock(start - int64(time.Hour)); earlier.Now() < int64(time.Hour) {
		t.Errorf("an hour after the start the clock says %v", time.Duration(earlier.Now()))
	}
}

func TestPublicationTimes(t *testing.T) {
	paced := Publication{Start: 100, Pace: plan.Pace{Rate: 1e9, Count: 3}}
	if paced.count() != 3 || paced.due(2) != 102 {
		t.Errorf("%d messages, the third at %d", paced.count(), paced.due(2))
	}
	feed := Publication{Start: 100, Ticks: []plan.Tick{{Due: 5}, {Due: 9}}}
	if feed.count() != 2 || feed.due(1) != 109 {
		t.Errorf("%d ticks, the second at %d", feed.count(), feed.due(1))
	}
}

// Every numeric field of a Progress must be summed, or two processes report half.
func TestProgressAddsEveryField(t *testing.T) {
	one := Progress{}
	fill(reflect.ValueOf(&one).Elem())
	sum := one
	sum.Add(one)
	v, w := reflect.ValueOf(sum), reflect.ValueOf(one)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if name == "At" || name == "Sent" || name == "Void" || name == "Faults" {
			continue
		}
		if v.Field(i).Int() != 2*w.Field(i).Int() {
			t.Errorf("%s is %d after adding %d to itself", name, v.Field(i).Int(), w.Field(i).Int())
		}
	}
	if sum.Faults.Total() != 2*one.Faults.Total() || sum.At != one.At {
		t.Errorf("faults %+v, at %d", sum.Faults, sum.At)
	}
}

func fill(v reflect.Value) {
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Int, reflect.Int64:
			f.SetInt(int64(i + 1))
		case reflect.Struct:
			fill(f)
		}
	}
}

func TestResultsMergeThroughJSON(t *testing.T) {
	part := func(latency int64, buckets int) Result {
		r := Result{Latency: hist.New(), Stale: hist.New(), Lag: hist.New(), Ramp: hist.New(), Cycle: hist.New(), Counts: reconcile.Counts{Delivered: 1}, Series: make([]Bucket, buckets)}
		r.Latency.Record(latency)
		r.Stale.Record(latency)
		r.Series[0] = Bucket{Delivered: 1, Held: 2, Ramped: 3}
		return r
	}
	a := part(1000, 1)
	text, err := json.Marshal(part(9000, 3))
	if err != nil {
		t.Fatal(err)
	}
	var b Result
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	a.Merge(b)
	if a.Latency.Count() != 2 || a.Stale.Count() != 2 || a.Counts.Delivered != 2 || len(a.Series) != 3 || a.Series[0] != (Bucket{Delivered: 2, Held: 4, Ramped: 6}) {
		t.Errorf("%d latencies, %+v, %+v", a.Latency.Count(), a.Counts, a.Series)
	}
}

func TestPostAfterTheEndIsRefused(t *testing.T) {
	r, err := newReactor(nil)
	if err != nil {
		t.Fatal(err)
	}
	ran := false
	if !r.post(func() { ran = true }) {
		t.Error("a live reactor refused work")
	}
	if err := r.turn(NewClock(Monotonic()), time.Second); err != nil || !ran {
		t.Errorf("ran %v, %v", ran, err)
	}
	r.release()
	if r.post(func() {}) {
		t.Error("a released reactor took work")
	}
}

func TestOldKernelsWaitInMilliseconds(t *testing.T) {
	r, err := newReactor(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.release()
	r.noPwait2 = true
	clock := NewClock(Monotonic())
	begin := clock.Now()
	if err := r.turn(clock, 3*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if waited := clock.Now() - begin; waited < int64(3*time.Millisecond) || r.idle == 0 {
		t.Errorf("waited %v of 3 ms, idle %d", time.Duration(waited), r.idle)
	}
}
