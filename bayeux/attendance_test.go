package bayeux

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// register notes what an Attendance is told, and finds fault with the order.
type register struct {
	t     *testing.T
	there map[Address]map[string]bool
	told  []string
}

func (r *register) Begun(who Attendee) {
	if r.there[who.Session] != nil {
		r.t.Errorf("%v begins twice", who)
	}
	r.there[who.Session] = make(map[string]bool)
	r.told = append(r.told, fmt.Sprint("begun ", who.Session.Slot, who.Claims))
}

func (r *register) Joined(who Attendee, pattern string) {
	if on := r.there[who.Session]; on == nil || on[pattern] {
		r.t.Errorf("%v joins %s twice, or before it begins", who, pattern)
	} else {
		on[pattern] = true
	}
	r.told = append(r.told, fmt.Sprint("joined ", who.Session.Slot, who.Claims, " ", pattern))
}

func (r *register) Left(who Attendee, pattern string) {
	if !r.there[who.Session][pattern] {
		r.t.Errorf("%v leaves %s without having joined", who, pattern)
	}
	delete(r.there[who.Session], pattern)
	r.told = append(r.told, fmt.Sprint("left ", who.Session.Slot, who.Claims, " ", pattern))
}

func (r *register) Ended(who Attendee) {
	if on := r.there[who.Session]; on == nil || len(on) > 0 {
		r.t.Errorf("%v ends with %v", who, on)
	}
	delete(r.there, who.Session)
	r.told = append(r.told, fmt.Sprint("ended ", who.Session.Slot, who.Claims))
}

// Who comes to know of sessions while they are there hears of one when that subscribes to something more, and then of all
// that it is on.
func TestAttendanceThatComesLater(t *testing.T) {
	b, r := newBacklogOf(t, false, testConfig(), 0, 20), &register{t: t, there: make(map[Address]map[string]bool)}
	ask := func(channel, more string) { b.talk(t, `{"channel":"`+channel+`","clientId":"`+b.id+`"`+more+`}`) }
	ask("/meta/subscribe", `,"subscription":["/x","/y"]`)
	b.server.Attend(r)
	ask("/meta/unsubscribe", `,"subscription":"/y"`)
	ask("/meta/subscribe", `,"subscription":"/x"`)
	if len(r.told) > 0 {
		t.Errorf("told %q of what is not new", r.told)
	}
	ask("/meta/subscribe", `,"subscription":"/z"`)
	ask("/meta/unsubscribe", `,"subscription":"/x"`)
	slices.Sort(r.told[1:4])
	if want := []string{"begun 0", "joined 0 /a", "joined 0 /x", "joined 0 /z", "left 0 /x"}; !slices.Equal(r.told, want) {
		t.Errorf("told %q, want %q", r.told, want)
	}
	ask("/meta/disconnect", "")
	if len(r.there) > 0 {
		t.Errorf("%v are left", r.there)
	}
}

// What sessions do is told once, in order, with what the authority has given them by then.
func TestAttendance(t *testing.T) {
	cfg, r := testConfig(), &register{t: t, there: make(map[Address]map[string]bool)}
	cfg.Attendance = r
	b := newBacklogOf(t, false, cfg, 0, 20)
	r.told = nil
	a, _ := b.server.Find([]byte(b.id))
	b.server.grants.give(a.Slot, b.now, Verdict{Claims: "!"})
	ask := func(channel, more string) { b.talk(t, `{"channel":"`+channel+`","clientId":"`+b.id+`"`+more+`}`) }
	ask("/meta/subscribe", `,"subscription":["/x","/y/*"]`)
	ask("/meta/subscribe", `,"subscription":"/x"`)
	ask("/meta/subscribe", `,"subscription":"/service/x"`)
	ask("/meta/subscribe", `,"subscription":"/meta/x"`)
	ask("/meta/unsubscribe", `,"subscription":"/z"`)
	ask("/meta/unsubscribe", `,"subscription":"/x"`)
	ask("/meta/unsubscribe", `,"subscription":"/x"`)
	ask("/meta/subscribe", `,"subscription":"/x"`)
	ask("/meta/disconnect", "")
	n := a.Slot
	first := fmt.Sprint("joined ", n, "! /a")
	want := []string{
		fmt.Sprint("joined ", n, "! /x"), fmt.Sprint("joined ", n, "! /y/*"), fmt.Sprint("left ", n, "! /x"), fmt.Sprint("joined ", n, "! /x"),
		fmt.Sprint("left ", n, "! /x"), fmt.Sprint("left ", n, "! /y/*"), fmt.Sprint("left ", n, "! /a"), fmt.Sprint("ended ", n, "!"),
	}
	if !slices.Equal(r.told, want) {
		t.Errorf("told %q\nwant %q, after %s", r.told, want, first)
	}
}

// An event-stream without Bayeux begins when it is opened; of one that is refused nobody hears.
func TestAttendanceOfEventStreams(t *testing.T) {
	cfg, r := testConfig(), &register{t: t, there: make(map[Address]map[string]bool)}
	cfg.Attendance = r
	s, fx := NewServer(cfg, 0), Effects{}
	s.OpenEvents(0, Request{To: ReplyTo{Conn: 1}}, []byte(`"/meta/x"`), Cursor{}, &fx)
	if len(r.told) > 0 {
		t.Errorf("told %q", r.told)
	}
	s.OpenEvents(0, Request{To: ReplyTo{Conn: 1}}, []byte(`["/a","/b"]`), Cursor{}, &fx)
	for a := range r.there {
		s.Report(0, &Report{Kind: Gone, Session: a, To: ReplyTo{Conn: 1}}, &fx)
	}
	s.Tick(time.Hour.Milliseconds(), &fx)
	if len(r.told) != 6 || len(r.there) > 0 {
		t.Errorf("told %q", r.told)
	}
}
