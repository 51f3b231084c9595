package fanout

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/message"
	"halley/bayeux/rules"
	"halley/bayeux/work"
)

// fakeSessions note what they are given and what is kept for them.
type fakeSessions struct {
	room    int // bytes that may be kept for one of them
	kept    map[uint32]int
	give    func(slot uint32, d Delivery)
	replays func(slot uint32, e event.Event) bool
}

func newFake() *fakeSessions {
	return &fakeSessions{room: 1 << 30, kept: map[uint32]int{}, give: func(uint32, Delivery) {},
		replays: func(uint32, event.Event) bool { return false }}
}

func (s *fakeSessions) Give(slot uint32, d Delivery) {
	if !s.replays(slot, d.Event) {
		s.give(slot, d)
	}
}
func (s *fakeSessions) Fail(_ uint32, cause any) { panic(cause) }

func (s *fakeSessions) Replays(slot uint32, e event.Event) bool { return s.replays(slot, e) }
func (s *fakeSessions) Fits(slot uint32, bytes int) bool        { return s.kept[slot]+bytes <= s.room }
func (s *fakeSessions) Reserve(slot uint32, bytes int)          { s.kept[slot] += bytes }

func newFanout(t rapid.TB, sessions Sessions, ruleTexts ...string) *Fanout {
	var list rules.Rules
	for _, text := range ruleTexts {
		rule, err := rules.Parse(text, channel.Limits{MaxLength: 64, MaxSegments: 5})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, rule)
	}
	book := rules.NewBook(list)
	return New(sessions, &book, work.NewMeter(0), 0)
}

var (
	modelChannels = []string{"/a/x", "/a/y", "/b"}
	modelPatterns = []string{"/a/x", "/a/y", "/a/*", "/**"}
)

// modelClient is a session with what it may expect of each channel.
type modelClient struct {
	intervals map[string]int64 // by pattern
	last      map[string]int   // number got last, by channel
	at        map[string]int64 // when
	due       map[string]int   // number that it must have in the end
	since     map[string]int64 // when its interval for the channel changed last
}

func newModelClient() *modelClient {
	return &modelClient{intervals: map[string]int64{}, last: map[string]int{}, at: map[string]int64{}, due: map[string]int{}, since: map[string]int64{}}
}

// model is a Fanout beside what each client may expect.
type model struct {
	t       *rapid.T
	fanout  *Fanout
	fake    *fakeSessions
	clients []*modelClient
	now     int64
	number  int
}

// TestFanoutAgainstModel lets clients come, go, and change what they ask for, while
// numbers are published. Nobody sees an older one after a newer, nor two within an
// interval; who asks for none sees all; in the end everybody has the last of each channel,
// and nothing is kept for those that are gone.
func TestFanoutAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{t: t, fake: newFake()}
		m.fanout = newFanout(t, m.fake, rapid.SampledFrom([]string{"/z conflate", "/b rate=5/s", "/a/* key=k"}).Draw(t, "rule"))
		m.fake.give = m.note
		for range 3 {
			m.clients = append(m.clients, newModelClient())
		}
		for range rapid.IntRange(10, 200).Draw(t, "steps") {
			m.step(rapid.SampledFrom([]string{"publish", "publish", "publish", "pass", "pass", "subscribe", "unsubscribe", "replace"}).Draw(t, "op"))
			checkKept(t, m.fanout, m.fake)
		}
		for range 20 {
			m.pass()
		}
		for i, c := range m.clients {
			for name, n := range c.due {
				if c.last[name] != n {
					t.Fatalf("client %d has %d of %s, not %d", i, c.last[name], name, n)
				}
			}
			m.fanout.Leave(uint32(i), nil)
		}
		checkEmpty(t, m.fanout)
	})
}

func (m *model) step(op string) {
	i := rapid.IntRange(0, len(m.clients)-1).Draw(m.t, "client")
	c, slot := m.clients[i], uint32(i)
	switch op {
	case "publish":
		m.publish(rapid.SampledFrom(modelChannels).Draw(m.t, "channel"))
	case "pass":
		m.pass()
	case "subscribe":
		pattern := rapid.SampledFrom(modelPatterns).Draw(m.t, "pattern")
		interval := rapid.SampledFrom([]int64{0, 200, 500}).Draw(m.t, "interval")
		_, known := c.intervals[pattern]
		m.change(c, func() { c.intervals[pattern] = interval })
		first := m.fanout.Subscribe(slot, []byte(pattern))
		m.fanout.SetInterval(slot, []byte(pattern), interval)
		if first && known || !m.fanout.Has(slot, []byte(pattern)) || m.fanout.Count(slot) != len(c.intervals) {
			m.t.Fatalf("client %d subscribes to %s: first %t, known %t, %d in all", i, pattern, first, known, m.fanout.Count(slot))
		}
	case "unsubscribe":
		pattern := rapid.SampledFrom(modelPatterns).Draw(m.t, "pattern")
		m.change(c, func() { delete(c.intervals, pattern) })
		m.fanout.Unsubscribe(slot, []byte(pattern))
	case "replace": // its slot is used again
		m.fanout.Leave(slot, nil)
		m.clients[i] = newModelClient()
	}
	for _, name := range modelChannels {
		if m.fanout.Covers(slot, name) != (m.interval(m.clients[i], name) >= 0) {
			m.t.Fatalf("client %d: covers %s %t, with %v", i, name, m.fanout.Covers(slot, name), m.clients[i].intervals)
		}
	}
}

// change notes what a client subscribes to: of what it has left nothing is due.
func (m *model) change(c *modelClient, act func()) {
	before := map[string]int64{}
	for _, name := range modelChannels {
		before[name] = m.interval(c, name)
	}
	act()
	for _, name := range modelChannels {
		if after := m.interval(c, name); after != before[name] {
			c.since[name] = m.now
			if after < 0 {
				delete(c.due, name)
			}
		}
	}
}

// interval is what a client wants for a channel by the letter of its subscriptions:
// the least of those that match, at least the rule's; -1 without one.
func (m *model) interval(c *modelClient, name string) int64 {
	least := int64(-1)
	for pattern, interval := range c.intervals {
		if channel.Matches([]byte(pattern), []byte(name)) && (least < 0 || interval < least) {
			least = interval
		}
	}
	if least < 0 {
		return -1
	}
	return max(least, m.fanout.rules.Of([]byte(name)).Interval)
}

func (m *model) publish(name string) {
	m.number++
	for _, c := range m.clients {
		if m.interval(c, name) >= 0 {
			c.due[name] = m.number
		}
	}
	m.fanout.Offer(m.now, event.New([]byte(name), fmt.Appendf(nil, `{"n":%d,"k":1}`, m.number), false))
	for i, c := range m.clients {
		if m.interval(c, name) == 0 && c.last[name] != m.number {
			m.t.Fatalf("client %d did not get %d of %s at once", i, m.number, name)
		}
	}
}

func (m *model) pass() {
	m.now += 100
	for m.fanout.Due(m.now) {
	}
}

func (m *model) note(slot uint32, d Delivery) {
	c, name, n := m.clients[slot], d.Event.Channel(), 0
	if number, ok := message.Integer(message.Get([]byte(d.Event.Data()), "n")); ok {
		n = int(number)
	}
	interval := m.interval(c, name)
	if n <= c.last[name] || interval < 0 {
		m.t.Fatalf("client %d got %d of %s after %d, subscribed with %v", slot, n, name, c.last[name], c.intervals)
	}
	if c.last[name] > 0 && c.at[name] > c.since[name] && m.now-c.at[name] < interval {
		m.t.Fatalf("client %d got %d of %s %d ms after %d, and wants %d ms between them", slot, n, name, m.now-c.at[name], c.last[name], interval)
	}
	if conflates := m.fanout.rules.Of([]byte(name)).Conflate || interval > 0; conflates && !strings.HasPrefix(string(d.Key), name) || !conflates && d.Key != nil {
		m.t.Fatalf("client %d got %s with the key %q", slot, d.Event, d.Key)
	}
	c.last[name], c.at[name] = n, m.now
}

// checkKept holds the invariants, and adds up anew what is kept for sessions.
func checkKept(t rapid.TB, f *Fanout, fake *fakeSessions) {
	t.Helper()
	if err := f.Invariants(func(slot uint32) bool { return f.Count(slot) > 0 || f.marks.has(slot, hasPause) }); err != nil {
		t.Fatal(err)
	}
	want := map[uint32]int{}
	for k := range f.pauses.byKey {
		want[k.slot] += pauseBytes
	}
	f.latest.Each(func(_ uint32, l *latest) { want[l.bearer] += l.reserved })
	for slot, kept := range fake.kept {
		if kept != want[slot] {
			t.Fatalf("session %d: %d bytes are kept, want %d", slot, kept, want[slot])
		}
		if kept > fake.room {
			t.Fatalf("session %d: %d bytes are kept, with room for %d", slot, kept, fake.room)
		}
	}
}

// checkEmpty holds that sessions which are gone leave nothing.
func checkEmpty(t rapid.TB, f *Fanout) {
	t.Helper()
	if err := f.Invariants(func(uint32) bool { return false }); err != nil {
		t.Fatal(err)
	}
	if f.latest.Len() > 0 {
		t.Fatalf("%d keys are left", f.latest.Len())
	}
}

// tired returns a meter whose turn has done enough.
func tired() *work.Meter {
	m := work.NewMeter(1)
	m.Spend(1)
	return m
}
