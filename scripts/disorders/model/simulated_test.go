package model

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// cluster is one that keeps its promises: it takes messages, or refuses them, or takes them without an answer, and its
// subscribers come and go.
type cluster struct {
	random *rand.Rand
	run    *Run
	now    time.Duration
	id     int64
	held   [][]Entry // kept messages that a subscriber is yet to get, by subscriber
	away   []bool    // subscribers whose session is gone
}

const (
	simulated = 4 // subscribers, every second one with replay
	messages  = 300
)

// simulate has a cluster serve for a while.
func simulate(seed uint64) *Run {
	c := &cluster{random: rand.New(rand.NewPCG(seed, 77)), run: &Run{Before: time.Second, After: 2 * time.Second}, id: 1 << 50}
	for n := range simulated {
		s := Subscriber{Name: fmt.Sprint("subscriber ", n), Follows: []string{"/kept/", "/plain/"}, Log: []Entry{{Kind: Began}}}
		if n%2 == 0 {
			s.Exact = []string{"/kept/"}
		}
		c.run.Subscribers = append(c.run.Subscribers, s)
	}
	c.held, c.away = make([][]Entry, simulated), make([]bool, simulated)
	for n := range messages {
		for _, channel := range []string{"/kept/a", "/kept/b", "/plain/a"} {
			c.publish(channel, n)
		}
		for s := range simulated {
			c.comeOrGo(s, n > messages-20)
		}
	}
	return c.run
}

// publish has one message taken or not.
func (c *cluster) publish(channel string, number int) {
	c.now += 10 * time.Millisecond
	p := Publication{Channel: channel, Number: number, Sent: c.now, Answered: c.now + time.Millisecond, Outcome: Acknowledged, Node: fmt.Sprint(c.random.IntN(3))}
	switch roll := c.random.IntN(100); {
	case roll < 3:
		p.Outcome = Refused
	case roll < 6:
		p.Outcome = Unknown
	}
	c.run.Publications = append(c.run.Publications, p)
	taken := p.Outcome == Acknowledged || p.Outcome == Unknown && c.random.IntN(2) == 0
	if !taken {
		return
	}
	e := Entry{Kind: Got, Channel: channel, Number: number}
	if channel != "/plain/a" {
		c.id += 1 + int64(c.random.IntN(3))
		e.ID = c.id
	}
	for s := range simulated {
		c.deliver(s, e)
	}
}

// deliver has a subscriber get a message, now or when it is back, or never if it has no replay.
func (c *cluster) deliver(s int, e Entry) {
	subscriber := &c.run.Subscribers[s]
	if c.away[s] {
		if begins(e.Channel, subscriber.Exact) {
			c.held[s] = append(c.held[s], e)
		}
		return
	}
	e.At = c.now
	subscriber.Log = append(subscriber.Log, e)
}

// comeOrGo has a subscriber lose its session now and then, and come back; a few times it is told of a gap instead.
func (c *cluster) comeOrGo(s int, back bool) {
	subscriber := &c.run.Subscribers[s]
	switch {
	case c.away[s] && (back || c.random.IntN(20) == 0):
		c.away[s] = false
		told := Entry{At: c.now, Kind: Broken}
		if c.random.IntN(3) == 0 {
			told = Entry{At: c.now, Kind: Missed, Channel: []string{"", "*"}[c.random.IntN(2)]}
		}
		subscriber.Log = append(subscriber.Log, told)
		for _, e := range c.held[s] {
			e.At = c.now
			subscriber.Log = append(subscriber.Log, e)
		}
		c.held[s] = nil
	case !c.away[s] && !back && c.random.IntN(60) == 0:
		c.away[s] = true
	}
}

// Of a cluster that keeps its promises nothing is said.
func TestPromisesThatAreKept(t *testing.T) {
	for seed := range uint64(60) {
		if faults := simulate(seed).Judge(); len(faults) != 0 {
			t.Errorf("seed %d: %v", seed, faults)
		}
	}
}

// Of one that breaks one promise once something is said, and it names whom and what.
func TestPromisesThatAreBroken(t *testing.T) {
	for name, harm := range map[string]func(random *rand.Rand, s *Subscriber, at int){
		"a message is lost":      func(_ *rand.Rand, s *Subscriber, at int) { s.Log = slices.Delete(s.Log, at, at+1) },
		"a message comes twice":  func(_ *rand.Rand, s *Subscriber, at int) { s.Log = slices.Insert(s.Log, at, s.Log[at]) },
		"an id is stale":         func(random *rand.Rand, s *Subscriber, at int) { s.Log[at].ID -= 1 + random.Int64N(1000) },
		"an id is another's":     func(random *rand.Rand, s *Subscriber, at int) { s.Log[at].ID += 1 + random.Int64N(1000) },
		"nobody has sent it":     func(_ *rand.Rand, s *Subscriber, at int) { s.Log[at].Number += messages },
		"it is of another":       func(_ *rand.Rand, s *Subscriber, at int) { s.Log[at].Channel = "/kept/c" },
		"a message comes late":   func(_ *rand.Rand, s *Subscriber, at int) { later(s, at, 12) },
		"a message is exchanged": func(_ *rand.Rand, s *Subscriber, at int) { s.Log[at].Number++ },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(40) {
				r, random := simulate(seed), rand.New(rand.NewPCG(seed, 5))
				s := &r.Subscribers[2*random.IntN(simulated/2)] // of those with replay
				at := keptEntry(r, s, random)
				channel := s.Log[at].Channel
				harm(random, s, at)
				faults := r.Judge()
				if len(faults) == 0 {
					t.Fatalf("seed %d: nothing is said of entry %d of %s", seed, at, s.Name)
				}
				named := slices.ContainsFunc(faults, func(f Fault) bool {
					return f.Subscriber == s.Name && (f.Channel == channel || f.Channel == "/kept/c")
				})
				if !named && name != "an id is another's" && name != "an id is stale" { // whose id is wrong nobody knows
					t.Errorf("seed %d: %v do not name %s and %s", seed, faults, s.Name, channel)
				}
			}
		})
	}
}

// later moves an entry behind others.
func later(s *Subscriber, at, by int) {
	e := s.Log[at]
	s.Log = slices.Delete(s.Log, at, at+1)
	s.Log = slices.Insert(s.Log, min(at+by, len(s.Log)), e)
}

// keptEntry is a random delivery of an acknowledged message of a kept channel, not among the last.
func keptEntry(r *Run, s *Subscriber, random *rand.Rand) int {
	for {
		at := random.IntN(len(s.Log) - 40)
		e := s.Log[at]
		if e.Kind != Got || e.ID == 0 {
			continue
		}
		if slices.ContainsFunc(r.Publications, func(p Publication) bool {
			return p.Channel == e.Channel && p.Number == e.Number && p.Outcome == Acknowledged
		}) {
			return at
		}
	}
}
