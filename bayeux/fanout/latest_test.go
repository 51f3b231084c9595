package fanout

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/event"
)

// TestKeptIsBounded has sessions with little room, and adds up what is kept for them after
// each step.
func TestKeptIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fake := newFake()
		fake.room = 3000
		f := newFanout(t, fake)
		now := int64(0)
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			slot := uint32(rapid.IntRange(0, 4).Draw(t, "session"))
			switch rapid.SampledFrom([]string{"publish", "publish", "publish", "publish", "ask", "ask", "leave", "pass"}).Draw(t, "op") {
			case "publish":
				name := rapid.SampledFrom([]string{"/a/1", "/a/2", "/a/3", "/z/1"}).Draw(t, "channel")
				size := rapid.SampledFrom([]int{1, 100, 1000}).Draw(t, "size")
				f.Offer(now, event.New([]byte(name), []byte(`"`+strings.Repeat("x", size)+`"`), false))
			case "ask":
				pattern := []byte(rapid.SampledFrom([]string{"/a/*", "/**", "/a/1"}).Draw(t, "pattern"))
				f.Subscribe(slot, pattern)
				f.SetInterval(slot, pattern, rapid.SampledFrom([]int64{0, 300, 3_600_000}).Draw(t, "interval"))
			case "leave":
				f.Leave(slot, nil)
			case "pass":
				now += 100
				f.Due(now)
			}
			checkKept(t, f, fake)
		}
		for slot := range uint32(5) {
			f.Leave(slot, nil)
		}
		checkEmpty(t, f)
	})
}

// A session without room gets the latest event before its time, and then the next one
// bears it.
func TestBearers(t *testing.T) {
	fake, got := newFake(), ""
	fake.give = func(slot uint32, d Delivery) {
		got += fmt.Sprintf("%d:%s ", slot, strings.Trim(d.Event.Data(), `"`)[:1])
	}
	f := newFanout(t, fake)
	for slot := range uint32(2) {
		f.Subscribe(slot, []byte("/a"))
		f.SetInterval(slot, []byte("/a"), 1000)
	}
	offer := func(data string) { f.Offer(0, event.New([]byte("/a"), []byte(`"`+data+`"`), false)) }
	for _, step := range []struct{ data, got string }{{"1", "0:1 1:1 "}, {"2", ""}, {"3" + strings.Repeat("x", 500), "0:3 1:3 "}} {
		fake.room, got = 300, ""
		if offer(step.data); got != step.got {
			t.Errorf("%.1s: given %q, want %q", step.data, got, step.got)
		}
		checkKept(t, f, fake)
	}
	if f.Conflated() != 2 {
		t.Errorf("%d conflated, want 2", f.Conflated())
	}
	// Without room for a pause a session gets every event.
	f.Leave(0, nil)
	f.Leave(1, nil)
	f.Subscribe(2, []byte("/a"))
	f.SetInterval(2, []byte("/a"), 1000)
	fake.room, got = pauseBytes-1, ""
	offer("4")
	if offer("5"); got != "2:4 2:5 " || f.Pauses() != 0 {
		t.Errorf("without room for a pause: %q, %d pauses", got, f.Pauses())
	}
}

// An event that nobody waits for is not kept.
func TestLatestLetsGo(t *testing.T) {
	fake := newFake()
	f := newFanout(t, fake)
	f.Subscribe(0, []byte("/b"))
	f.SetInterval(0, []byte("/b"), 500)
	for step, want := range []bool{false, true, true, false} {
		if step < 3 {
			f.Offer(0, event.New([]byte("/b"), fmt.Append(nil, step), false))
		} else {
			f.Due(500)
		}
		if kept := f.latest.At(f.latest.Find([]byte("/b"))).event != ""; kept != want {
			t.Errorf("step %d: kept %t", step, kept)
		}
	}
}

// What comes to a session with a replay is not given to it after a pause as well, nor does
// a pause begin with it.
func TestReplaysGoFirst(t *testing.T) {
	fake, given := newFake(), 0
	fake.give = func(uint32, Delivery) { given++ }
	f := newFanout(t, fake)
	f.Subscribe(0, []byte("/a"))
	f.SetInterval(0, []byte("/a"), 500)
	replaying := true
	fake.replays = func(uint32, event.Event) bool { return replaying }
	e := event.New([]byte("/a"), []byte("1"), false)
	if f.Offer(0, e); given != 0 || f.Pauses() != 0 {
		t.Errorf("%d given during a replay, %d pauses", given, f.Pauses())
	}
	replaying = false
	f.Offer(0, e)
	f.Offer(0, e)
	replaying = true
	if f.Due(500); given != 1 || f.Pauses() != 0 {
		t.Errorf("%d given, %d pauses, after a replay that brings the event", given, f.Pauses())
	}
}

// An event of the past is newer than what a pause keeps back, which is dropped.
func TestPastEndsWhatWaits(t *testing.T) {
	fake, given := newFake(), 0
	fake.give = func(uint32, Delivery) { given++ }
	f := newFanout(t, fake, "/a key=k")
	f.Subscribe(0, []byte("/a"))
	f.SetInterval(0, []byte("/a"), 500)
	for n := range 2 {
		f.Offer(0, event.New([]byte("/a"), fmt.Appendf(nil, `{"k":1,"n":%d}`, n), false))
	}
	e := event.New([]byte("/a"), []byte(`{"k":1,"n":2}`), false)
	past, key, wanted := f.Past(0, e)
	if past != e || string(key) != "/a 1" || !wanted {
		t.Errorf("%s with the key %q, wanted %t", past, key, wanted)
	}
	if f.Due(500); given != 1 {
		t.Errorf("%d given, want the first alone", given)
	}
}

// Lazy events may wait, as long as their rule says.
func TestLazyEvents(t *testing.T) {
	fake, until := newFake(), int64(0)
	fake.give = func(_ uint32, d Delivery) { until = d.Until }
	f := newFanout(t, fake, "/z lazy=2s")
	f.Subscribe(0, []byte("/**"))
	for name, want := range map[string]int64{"/z": 7000, "/a": 0} {
		if f.Offer(5000, event.New([]byte(name), nil, false)); until != want {
			t.Errorf("%s may wait until %d, want %d", name, until, want)
		}
	}
}

// Due makes way when the turn has done enough, and goes on with the next call.
func TestDueMakesWay(t *testing.T) {
	fake, given := newFake(), 0
	fake.give = func(uint32, Delivery) { given++ }
	f := newFanout(t, fake)
	for slot := range uint32(10) {
		f.Subscribe(slot, []byte("/a"))
		f.SetInterval(slot, []byte("/a"), 500)
	}
	for range 2 {
		f.Offer(0, event.New([]byte("/a"), nil, false))
	}
	f.work = tired()
	for calls := 1; calls <= 11; calls++ {
		if more := f.Due(500); more != (calls < 11) || given != 10+min(calls, 10) {
			t.Fatalf("call %d: %d given, more %t", calls, given, more)
		}
	}
}

// What pauses of a session have kept from it is given to it at once, though a turn has no time for that of others: it leaves in one
// write. What is not over yet waits.
func TestDueOfASessionTogether(t *testing.T) {
	const sessions, channels = 5, 4
	fake := newFake()
	var given []uint32
	fake.give = func(slot uint32, _ Delivery) { given = append(given, slot) }
	f := newFanout(t, fake, "/** rate=2/s", "/late rate=1/s")
	for slot := range uint32(sessions) {
		f.Subscribe(slot, []byte("/**"))
	}
	for range 2 {
		for i := range channels {
			f.Offer(0, event.New(fmt.Appendf(nil, "/%d", i), nil, false))
		}
		f.Offer(0, event.New([]byte("/late"), nil, false))
	}
	f.work = tired()
	for call := range sessions {
		given = given[:0]
		if more := f.Due(500); len(given) != channels || given[0] != given[channels-1] || !more {
			t.Errorf("call %d gives to %v, more %t", call, given, more)
		}
	}
	if given = given[:0]; f.Due(900) || len(given) > 0 {
		t.Errorf("before its time: to %v", given)
	}
}

// Events of channels that all get cost no allocation, and no more than one for a limited
// subscriber that pauses.
func TestNoAllocations(t *testing.T) {
	fake := newFake()
	f := newFanout(t, fake, "/c conflate")
	for slot := range uint32(5) {
		f.Subscribe(slot, []byte("/**"))
	}
	f.SetInterval(0, []byte("/**"), 1000)
	for _, name := range []string{"/a", "/c"} {
		e := event.New([]byte(name), []byte("1"), false)
		f.Offer(0, e)
		if n := testing.AllocsPerRun(100, func() { f.Offer(0, e) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
