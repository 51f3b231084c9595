package hook

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"halley/bayeux"
)

// listener is a program that takes batches, or refuses them.
type listener struct {
	t       *testing.T
	mu      sync.Mutex
	batches []told
	refuse  atomic.Int32 // so many of the next ones
	lose    atomic.Int32 // likewise, but it takes them and gives no answer
}

func (l *listener) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	text, err := io.ReadAll(q.Body)
	var b told
	if err == nil {
		err = json.Unmarshal(text, &b)
	}
	if err != nil || b.Version != 1 || b.Operation != "events" || b.Server == "" || len(b.Events) == 0 || len(b.Events) > maxEvents {
		l.t.Errorf("%.200s: %v", text, err)
	}
	if l.refuse.Add(-1) >= 0 {
		w.WriteHeader(500)
		return
	}
	l.mu.Lock()
	l.batches = append(l.batches, b)
	l.mu.Unlock()
	if l.lose.Add(-1) >= 0 {
		panic(http.ErrAbortHandler)
	}
}

// heard are the events, each batch once, as text.
func (l *listener) heard() (all []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := uint64(0)
	for _, b := range l.batches {
		if b.Batch == last {
			continue
		}
		if b.Batch != last+1 {
			l.t.Errorf("batch %d follows %d", b.Batch, last)
		}
		last = b.Batch
		for _, h := range b.Events {
			text := strings.Join([]string{h.Event, h.Session, h.Subject, h.Pattern}, " ")
			if h.Count > 0 {
				text += fmt.Sprint(h.Count)
			}
			all = append(all, text)
		}
	}
	return all
}

func newEvents(t *testing.T, l *listener, adjust func(*Settings)) *Events {
	t.Helper()
	l.t = t
	r := newRig(t, l.ServeHTTP, adjust)
	e := r.Events(func(claims string) string { return claims })
	e.gather = time.Millisecond
	return e
}

func (e *Events) end(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if e.Close(ctx); ctx.Err() != nil {
		t.Error("it was not told in time")
	}
}

func attendee(slot uint32, subject string) bayeux.Attendee {
	return bayeux.Attendee{Session: bayeux.Address{Loop: 1, Slot: slot, Gen: 7}, Claims: subject}
}

// All that happens is told, in order, and the end of the server last.
func TestEvents(t *testing.T) {
	l := new(listener)
	e := newEvents(t, l, nil)
	e.Begin()
	e.Begun(attendee(1, "alice"))
	e.Channel("/a", true)
	e.Joined(attendee(1, "alice"), "/a")
	e.Begun(attendee(2, ""))
	e.Left(attendee(1, "alice"), "/a")
	e.Channel("/a", false)
	e.Ended(attendee(1, "alice"))
	e.end(t)
	e.Begun(attendee(3, "")) // nobody hears
	want := []string{"server_begun   ", "session_begun 0-1-1-7 alice ", "channel_occupied   /a", "subscribed 0-1-1-7 alice /a", "session_begun 0-1-2-7  ",
		"unsubscribed 0-1-1-7 alice /a", "channel_vacated   /a", "session_ended 0-1-1-7 alice ", "server_ended   "}
	if got := l.heard(); !slices.Equal(got, want) {
		t.Errorf("heard %q\nwant  %q", got, want)
	}
	if f := e.Figures(); f.Told != 9 || f.Waiting != 0 || f.GivenUp != 0 || f.Failures != 0 {
		t.Errorf("%+v", f)
	}
}

// A batch that was not taken comes again with its number, whatever came of it.
func TestEventsComeAtLeastOnce(t *testing.T) {
	l := new(listener)
	e := newEvents(t, l, nil)
	l.refuse.Store(2)
	l.lose.Store(1)
	e.Begun(attendee(1, ""))
	for end := time.Now().Add(time.Minute); e.Figures().Told == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not told")
		}
	}
	e.Ended(attendee(1, ""))
	e.end(t)
	want := []string{"session_begun 0-1-1-7  ", "session_ended 0-1-1-7  ", "server_ended   "}
	if got := l.heard(); !slices.Equal(got, want) {
		t.Errorf("heard %q", got)
	}
	if f := e.Figures(); f.Failures < 2 || f.Told != 3 { // one may have gone again on another connection
		t.Errorf("%+v", f)
	}
	if l.batches[0].Batch != l.batches[1].Batch {
		t.Error("the batch without an answer did not come again")
	}
}

// What does not fit is given up, counted, and told where it would have stood.
func TestLostEvents(t *testing.T) {
	l := new(listener)
	e := newEvents(t, l, func(s *Settings) { s.EventQueue = 10 })
	l.refuse.Store(1 << 30)
	for i := range 25 {
		e.Begun(attendee(uint32(i), ""))
	}
	if f := e.Figures(); f.Waiting != 10 || f.GivenUp != 15 {
		t.Fatalf("%+v", f)
	}
	l.refuse.Store(0)
	e.end(t)
	got := l.heard()
	if len(got) < 11 || got[9] != "session_begun 0-1-9-7  " || !strings.HasPrefix(got[10], "lost   1") {
		t.Errorf("heard %q", got)
	}
	lost := 0
	for _, b := range l.batches {
		for _, h := range b.Events {
			lost += int(h.Count)
		}
	}
	if f := e.Figures(); uint64(lost) != f.GivenUp || lost < 15 || f.Waiting != 0 || e.bytes != 0 {
		t.Errorf("%d lost, %+v, %d bytes", lost, f, e.bytes)
	}
}

// The loss stands before what comes after it, though others still wait.
func TestLossStandsInItsPlace(t *testing.T) {
	e := &Events{room: 4, working: true, identity: func(string) string { return "" }}
	for i := range 6 {
		e.Begun(attendee(uint32(i), ""))
	}
	e.taken(2)
	e.Begun(attendee(6, ""))
	var got []string
	for _, h := range e.waiting {
		got = append(got, fmt.Sprint(h.kind, h.session.Slot, h.count))
	}
	if want := []string{"session_begun 2 0", "session_begun 3 0", "lost 0 2", "session_begun 6 0"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Long names are bounded by their bytes.
func TestEventsAreBoundedInBytes(t *testing.T) {
	l := new(listener)
	e := newEvents(t, l, func(s *Settings) { s.EventQueue = 100_000 })
	l.refuse.Store(1 << 30)
	pattern := "/" + strings.Repeat("x", 4095)
	for range 10_000 {
		e.Joined(attendee(1, ""), pattern)
	}
	if f := e.Figures(); f.Waiting > maxEventBytes/4096+1 || f.GivenUp == 0 {
		t.Errorf("%+v", f)
	}
	l.refuse.Store(0)
	e.end(t)
}

// While the program is down the server ends in time, and leaves no goroutine.
func TestEventsEndInTime(t *testing.T) {
	r := rigAt(t, "http://127.0.0.1:1/", nil)
	e := r.Events(func(string) string { return "" })
	e.Begin()
	for end := time.Now().Add(time.Minute); e.Figures().Failures < 2 && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	e.Close(ctx)
	if f := e.Figures(); f.Told != 0 || f.Failures < 2 {
		t.Errorf("%+v", f)
	}
	if strings.Count(r.log.String(), "does not take events") != 1 {
		t.Error(r.log)
	}
}

// Many loops tell at once: each session's events come in their order, and all of them.
func TestEventsOfASessionComeInOrder(t *testing.T) {
	l := new(listener)
	e := newEvents(t, l, func(s *Settings) { s.EventQueue = 100_000 })
	l.refuse.Store(1)
	const loops, rounds = 4, 600
	var group sync.WaitGroup
	for loop := range loops {
		group.Go(func() {
			who := attendee(uint32(loop), "")
			for i := range rounds {
				e.Joined(who, fmt.Sprint("/", i))
			}
		})
	}
	group.Wait()
	e.end(t)
	next := make(map[string]int)
	for _, b := range l.batches {
		for _, h := range b.Events {
			if h.Event != "subscribed" {
				continue
			}
			if want := fmt.Sprint("/", next[h.Session]); h.Pattern != want {
				t.Fatalf("%s: %s comes in place of %s", h.Session, h.Pattern, want)
			}
			next[h.Session]++
		}
	}
	for loop := range loops {
		if n := next[attendee(uint32(loop), "").Session.String()]; n != rounds {
			t.Errorf("%d of %d events of loop %d came", n, rounds, loop)
		}
	}
}

// The pauses between attempts grow, and are never longer than half a minute.
func TestRetryAfter(t *testing.T) {
	for failed, most := range map[int]time.Duration{1: firstRetry, 2: 2 * firstRetry, 4: 8 * firstRetry, 7: longestRetry, 1000: longestRetry} {
		for range 100 {
			if got := retryAfter(failed); got < most/2 || got > most {
				t.Errorf("after %d failures: %v", failed, got)
			}
		}
	}
}
