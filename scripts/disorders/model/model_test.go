package model

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

const second = time.Second

// healthy is a run in which nothing went wrong but what is told of: of 20 messages a second on each of two channels for ten
// seconds, everyone gets all, but that the session of "told" breaks off from 4 s to 5 s, so that it misses plain ones.
func healthy() *Run {
	r := &Run{Before: second / 2, After: second}
	exact := Subscriber{Name: "exact", Exact: []string{"/kept/"}, Follows: []string{"/kept/", "/plain/"}}
	told := Subscriber{Name: "told", Follows: []string{"/kept/", "/plain/"}}
	for _, s := range []*Subscriber{&exact, &told} {
		s.Log = append(s.Log, Entry{At: 0, Kind: Began})
	}
	broke := false
	for n := range 200 {
		at := time.Duration(n+1) * second / 20
		if at >= 5*second && !broke {
			told.Log = append(told.Log, Entry{At: at, Kind: Broken})
			broke = true
		}
		for _, channel := range []string{"/kept/0", "/plain/0"} {
			r.Publications = append(r.Publications, Publication{channel, n, at, at + second/100, Acknowledged, "a"})
			e := Entry{At: at + second/50, Kind: Got, Channel: channel, Number: n}
			if channel == "/kept/0" {
				e.ID = int64(1000 + n)
			}
			exact.Log = append(exact.Log, e)
			if at < 4*second || at >= 5*second {
				told.Log = append(told.Log, e)
			}
		}
	}
	r.Subscribers = []Subscriber{exact, told}
	return r
}

// place is where in a log a message stands.
func place(s *Subscriber, channel string, number int) int {
	return slices.IndexFunc(s.Log, func(e Entry) bool { return e.Kind == Got && e.Channel == channel && e.Number == number })
}

// outcome changes what the publisher knows of a message.
func outcome(r *Run, channel string, number int, o Outcome) {
	for i, p := range r.Publications {
		if p.Channel == channel && p.Number == number {
			r.Publications[i].Outcome = o
		}
	}
}

// node has another node take a message.
func node(r *Run, channel string, number int, name string) {
	for i, p := range r.Publications {
		if p.Channel == channel && p.Number == number {
			r.Publications[i].Node = name
		}
	}
}

// swap exchanges a message of the first subscriber and the next.
func swap(r *Run, channel string, number int) {
	s := &r.Subscribers[0]
	i, j := place(s, channel, number), place(s, channel, number+1)
	s.Log[i].Number, s.Log[j].Number = number+1, number
}

func drop(r *Run, subscriber int, channel string, number int) {
	s := &r.Subscribers[subscriber]
	i := place(s, channel, number)
	s.Log = slices.Delete(s.Log, i, i+1)
}

// silent is a log without the messages of a channel.
func silent(log []Entry, channel string) []Entry {
	return slices.DeleteFunc(slices.Clone(log), func(e Entry) bool { return e.Channel == channel })
}

// cutOff takes what the second subscriber got of the plain channel in the last three seconds.
func cutOff(r *Run) {
	for n := 150; n < 200; n++ {
		drop(r, 1, "/plain/0", n)
	}
}

func tell(r *Run, at time.Duration, pattern string) {
	s := &r.Subscribers[1]
	s.Log = append(s.Log, Entry{At: at, Kind: Missed, Channel: pattern})
	slices.SortStableFunc(s.Log, func(a, b Entry) int { return int(a.At - b.At) })
}

func TestHealthyRun(t *testing.T) {
	if faults := healthy().Judge(); len(faults) != 0 {
		t.Error(faults)
	}
}

// Each planted fault is found, and nothing else.
func TestPlantedFaults(t *testing.T) {
	for _, c := range []struct {
		name  string
		plant func(r *Run)
		says  string
	}{
		{"a lost message, replayed channel", func(r *Run) { drop(r, 0, "/kept/0", 77) }, "exact on /kept/0: 1 acknowledged messages between 77 and 77 never came"},
		{"a lost message, plain channel", func(r *Run) { drop(r, 0, "/plain/0", 77) }, "77 and 77 never came, and nothing told of it"},
		{"the last message", func(r *Run) { drop(r, 0, "/kept/0", 199) }, "199 and 199 never came"},
		{"the first message", func(r *Run) { drop(r, 1, "/kept/0", 0) }, "0 and 0 never came, and nothing told"},
		{"told of another channel", func(r *Run) { drop(r, 1, "/plain/0", 150); tell(r, 7600*time.Millisecond, "/kept/0") }, "nothing told of it"},
		{"told too early", func(r *Run) { drop(r, 1, "/plain/0", 150); tell(r, 6*second, "") }, "nothing told of it"},
		{"told too late", func(r *Run) { drop(r, 1, "/plain/0", 150); tell(r, 9*second, "/plain/*") }, "nothing told of it"},
		{"the last messages, told long after a fault", func(r *Run) { cutOff(r); tell(r, 16*second, ""); r.Disturbed = []Span{{8 * second, 14 * second}} }, "never came, and nothing told of it"},
		{"the last messages, told while another fault is mended", func(r *Run) { cutOff(r); tell(r, 14*second, ""); r.Disturbed = []Span{{12 * second, 14 * second}} }, "never came, and nothing told of it"},
		{"doubled", func(r *Run) {
			s := &r.Subscribers[1]
			i := place(s, "/plain/0", 50)
			s.Log = slices.Insert(s.Log, i+8, s.Log[i])
		}, "told on /plain/0: 50 came twice"},
		{"out of order", func(r *Run) {
			swap(r, "/plain/0", 20)
		}, "exact on /plain/0: 20 came after 21"},
		{"doubled after a fault, replayed channel", func(r *Run) {
			s := &r.Subscribers[0]
			i := place(s, "/kept/0", 50)
			s.Log = slices.Insert(s.Log, i+1, s.Log[i])
			r.Disturbed = []Span{{0, 20 * second}}
		}, "exact on /kept/0: 50 came twice"},
		{"doubled long after a fault", func(r *Run) {
			s := &r.Subscribers[1]
			i := place(s, "/plain/0", 150)
			s.Log = slices.Insert(s.Log, i+1, s.Log[i])
			r.Disturbed = []Span{{0, 7 * second}}
		}, "told on /plain/0: 150 came twice"},
		{"out of order between nodes, where all have one order", func(r *Run) {
			swap(r, "/kept/0", 20)
			node(r, "/kept/0", 20, "b")
		}, "20 came after 21"},
		{"a stale id", func(r *Run) { s := &r.Subscribers[0]; s.Log[place(s, "/kept/0", 99)].ID = 1098 }, "id 1098"},
		{"an id of its own", func(r *Run) { s := &r.Subscribers[1]; s.Log[place(s, "/kept/0", 199)].ID = 9999 }, "has the ids 1199 and 9999"},
		{"never published", func(r *Run) { s := &r.Subscribers[1]; s.Log[place(s, "/plain/0", 199)].Number = 200 }, "200 came, which nobody has published"},
		{"of a channel that it does not follow", func(r *Run) {
			s := &r.Subscribers[1]
			s.Log = append(s.Log, Entry{At: 9 * second, Kind: Got, Channel: "/other"})
		}, "told on /other: 0 came, which nobody"},
		{"refused", func(r *Run) { outcome(r, "/plain/0", 30, Refused) }, "30 came, which the server had refused"},
		{"a stream that hears of other channels alone", func(r *Run) { r.Subscribers[0].Log = silent(r.Subscribers[0].Log[11:], "/plain/0") }, "199 never came, and nothing told of it"},
		{"deaf", func(r *Run) { r.Subscribers[1].Log = nil }, "nothing came"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := healthy()
			c.plant(r)
			said := fmt.Sprint(r.Judge())
			if !strings.Contains(said, c.says) {
				t.Errorf("found %s, want %q", said, c.says)
			}
		})
	}
}

// What may be is no fault.
func TestWhatMayBe(t *testing.T) {
	for name, change := range map[string]func(r *Run){
		"an unknown one is missing": func(r *Run) { outcome(r, "/kept/0", 60, Unknown); drop(r, 0, "/kept/0", 60) },
		"an unknown one comes":      func(r *Run) { outcome(r, "/plain/0", 60, Unknown) },
		"a refused one does not come": func(r *Run) {
			outcome(r, "/plain/0", 60, Refused)
			drop(r, 0, "/plain/0", 60)
			drop(r, 1, "/plain/0", 60)
		},
		"told just before it is seen": func(r *Run) { drop(r, 1, "/plain/0", 150); tell(r, 7300*time.Millisecond, "/plain/**") },
		"told just after it is seen":  func(r *Run) { drop(r, 1, "/plain/0", 150); tell(r, 8*second, "/plain/0") },
		"the last messages are lost, told when the fault is mended": func(r *Run) {
			cutOff(r)
			tell(r, 14*second, "")
			r.Disturbed = []Span{{10*second + second/2, 13*second + second/2}}
		},
		"a stream that does not say begin": func(r *Run) { r.Subscribers[0].Log = r.Subscribers[0].Log[11:] },
		"a stream that begins after the last one of a channel": func(r *Run) {
			r.Publications = slices.DeleteFunc(r.Publications, func(p Publication) bool { return p.Channel == "/plain/0" && p.Number > 5 })
			r.Subscribers[0].Log = silent(r.Subscribers[0].Log[30:], "/plain/0")
			r.Subscribers[1].Log = silent(r.Subscribers[1].Log[30:], "/plain/0")
		},
		"nobody knows of any message": func(r *Run) {
			for n := range r.Publications {
				r.Publications[n].Outcome = Unknown
			}
			r.Subscribers[1].Log = nil
		},
		"an unknown one comes late": func(r *Run) {
			outcome(r, "/plain/0", 60, Unknown)
			s := &r.Subscribers[0]
			e := s.Log[place(s, "/plain/0", 60)]
			drop(r, 0, "/plain/0", 60)
			s.Log = append(s.Log, e)
		},
		"an unknown one comes late, when what is missing behind it was told of": func(r *Run) {
			outcome(r, "/plain/0", 149, Unknown)
			s := &r.Subscribers[1]
			late := s.Log[place(s, "/plain/0", 149)]
			late.At = 9 * second
			for n := 149; n < 170; n++ {
				drop(r, 1, "/plain/0", n)
			}
			s.Log = append(s.Log, late)
			tell(r, 7700*time.Millisecond, "/plain/0")
		},
		"two nodes, in another order": func(r *Run) { swap(r, "/plain/0", 20); node(r, "/plain/0", 20, "b") },
		"twice after a fault, where nothing is exact": func(r *Run) {
			s := &r.Subscribers[0]
			i := place(s, "/plain/0", 50)
			s.Log = slices.Insert(s.Log, i+1, s.Log[i])
			r.Disturbed = []Span{{0, time.Millisecond}, {s.Log[i].At, s.Log[i].At + second}}
		},
		"subscribed in the middle": func(r *Run) {
			s := &r.Subscribers[0]
			s.Log = append([]Entry{{At: 2 * second, Kind: Began}}, s.Log[place(s, "/kept/0", 40):]...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := healthy()
			change(r)
			if faults := r.Judge(); len(faults) != 0 {
				t.Error(faults)
			}
		})
	}
}

// Whatever single message is taken away or doubled in whatever log, it is found, unless it is one that the break excuses.
func TestAnySingleFault(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 1))
	for range 200 {
		r := healthy()
		s := &r.Subscribers[random.IntN(2)]
		i := random.IntN(len(s.Log))
		e := s.Log[i]
		if e.Kind != Got {
			continue
		}
		if random.IntN(2) == 0 {
			s.Log = slices.Delete(s.Log, i, i+1)
		} else {
			s.Log = slices.Insert(s.Log, i+random.IntN(len(s.Log)-i), e)
		}
		excused := s.Name == "told" && e.At > 3*second && e.At < 6500*time.Millisecond
		if len(r.Judge()) == 0 && !excused {
			t.Errorf("%+v of %s is not missed", e, s.Name)
		}
	}
}

func TestRecovery(t *testing.T) {
	r := healthy()
	got := r.Recovery(4*second, 8*second, "/plain/")
	if len(got) != 1 || got[0] < second || got[0] > 1200*time.Millisecond {
		t.Errorf("%v", got)
	}
	if got := r.Recovery(6*second, 8*second, "/plain/"); got != nil {
		t.Errorf("%v of nobody", got)
	}
	r.Subscribers[1].Log = slices.DeleteFunc(r.Subscribers[1].Log, func(e Entry) bool { return e.Kind == Got && e.At > 5*second })
	if got := r.Recovery(4*second, 8*second, "/plain/"); !slices.Equal(got, []time.Duration{4 * second}) {
		t.Errorf("%v of one that never came back", got)
	}
}

func TestPatternsThatAreToldOf(t *testing.T) {
	for _, c := range []struct {
		pattern, channel string
		want             bool
	}{
		{"", "/a", true}, {"*", "/a/b", true}, {"/a", "/a", true}, {"/a", "/b", false}, {"/a/*", "/a/b", true},
		{"/a/*", "/a/b/c", false}, {"/a/*", "/ab/c", false}, {"/a/**", "/a/b/c", true}, {"/a/**", "/ab", false},
	} {
		if got := matches(c.pattern, c.channel); got != c.want {
			t.Errorf("%q of %s: %v", c.pattern, c.channel, got)
		}
	}
}

func TestFaultsAsText(t *testing.T) {
	f := Fault{"s", "/c", 1500 * time.Millisecond, "is lost"}
	if f.String() != "   1.500 s  s on /c: is lost" {
		t.Errorf("%q", f)
	}
}
