package queue

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/event"
	"halley/bayeux/slab"
	"halley/bayeux/work"
)

// newStore returns a Store that conflates nothing of what comes back.
func newStore(cfg Config) *Store {
	if cfg.Key == nil {
		cfg.Key = func(uint32, event.Event) []byte { return nil }
	}
	return New(cfg, work.NewMeter(0))
}

// naiveStore is what a session's queue must behave like: lists that are searched.
type naiveStore struct {
	cfg          Config
	acknowledges bool
	reserved     int
	list         []naiveEvent
	sent         int
	mark         int // see Store.endFlush
	dropped      uint64
	conflated    uint64
}

type naiveEvent struct {
	event     event.Event
	key       string // of one that a newer one replaces
	withReply bool   // it went with a connect reply once
}

func (n *naiveStore) bytes() (bytes int) {
	for _, e := range n.list {
		bytes += Cost(e.event)
	}
	return bytes
}

func (n *naiveStore) push(e naiveEvent) bool {
	for (len(n.list) >= n.cfg.QueueMessages || n.bytes()+n.reserved+Cost(e.event) > n.cfg.QueueBytes) && (len(n.list) > n.sent || n.acknowledges && n.sent > 0) {
		if n.cfg.Slow == Disconnect {
			return false
		}
		n.dropped++
		if n.acknowledges && n.sent > 0 {
			n.list, n.sent = n.list[1:], n.sent-1
		} else {
			n.list = slices.Delete(n.list, n.sent, n.sent+1)
		}
	}
	n.list = append(n.list, e)
	return true
}

func (n *naiveStore) find(key string) int {
	for i := n.sent; i < len(n.list); i++ {
		if n.list[i].key == key {
			return i
		}
	}
	return -1
}

func (n *naiveStore) pushNewest(e naiveEvent) bool {
	i := n.find(e.key)
	if i < 0 {
		return n.push(e)
	}
	n.conflated++
	old := n.list[i]
	grown := n.bytes() + len(e.event) - len(old.event)
	switch {
	case grown > max(n.cfg.QueueBytes-n.reserved, n.bytes()):
		n.list = slices.Delete(n.list, i, i+1)
		return n.push(e)
	case e.event.ID() != 0 || old.withReply:
		n.list = append(slices.Delete(n.list, i, i+1), e)
	default:
		n.list[i] = e
	}
	return true
}

func (n *naiveStore) pushAfter(e naiveEvent) bool {
	key := e.key
	e.key = ""
	if !n.push(e) {
		return false
	}
	if i := n.find(key); i >= 0 {
		n.list[i].key, n.list[len(n.list)-1].key = "", key
	}
	return true
}

func (n *naiveStore) take(count int, withReply bool) {
	for i := range count {
		n.list[n.sent+i].key = ""
		n.list[n.sent+i].withReply = n.list[n.sent+i].withReply || withReply
	}
	n.sent += count
	if n.mark -= min(n.mark, count); n.mark > 0 && len(n.list) > n.sent {
		return
	}
	n.mark = len(n.list) - n.sent
	for i := range n.list[n.sent:] {
		if n.list[n.sent+i].event.ID() != 0 {
			n.list[n.sent+i].key = ""
		}
	}
}

// TestStoreAgainstList drives queues that share one Store, and lists.
func TestStoreAgainstList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{Settings: Settings{QueueMessages: 8, QueueBytes: 700, Slow: rapid.SampledFrom([]Policy{DropOldest, Disconnect}).Draw(t, "full")}}
		s := newStore(cfg)
		queues, lists := make([]Queue, 3), make([]*naiveStore, 3)
		for i := range queues {
			lists[i] = &naiveStore{cfg: cfg, acknowledges: i == 2}
			s.Open(&queues[i], uint32(i), i == 2)
		}
		for step := range rapid.IntRange(1, 200).Draw(t, "steps") {
			i := rapid.IntRange(0, len(queues)-1).Draw(t, "queue")
			stepStore(t, s, &queues[i], lists[i], step+1)
			checkStore(t, s, queues)
			compareStore(t, s, &queues[i], lists[i])
		}
		dropped, conflated := uint64(0), uint64(0)
		for i := range queues {
			dropped, conflated = dropped+lists[i].dropped, conflated+lists[i].conflated
			s.Close(&queues[i])
		}
		if s.Stats() != (Stats{QueueDropped: dropped, Conflated: conflated}) {
			t.Fatalf("%+v; want %d dropped, %d conflated", s.Stats(), dropped, conflated)
		}
		if s.open+s.nodes.bytes+s.keys.Len()+len(s.replaced)+len(s.losses)+len(s.carried) > 0 {
			t.Fatalf("closed queues leave something behind: %+v", s)
		}
	})
}

func stepStore(t *rapid.T, s *Store, q *Queue, list *naiveStore, step int) {
	name := rapid.SampledFrom([]string{"/a", "/b", "/c"}).Draw(t, "channel")
	data := strings.Repeat("1", rapid.SampledFrom([]int{1, 30, 200}).Draw(t, "size"))
	e := event.New([]byte(name), []byte(data), false)
	if rapid.Bool().Draw(t, "numbered") {
		e = e.Numbered(int64(step))
	}
	switch rapid.SampledFrom([]string{"push", "newest", "newest", "newest", "after", "take", "take", "written", "bounced", "reserve", "shed", "freeze", "recall"}).Draw(t, "op") {
	case "push":
		same(t, "pushed", s.Push(q, e), list.push(naiveEvent{event: e}))
	case "newest":
		same(t, "pushed", s.PushNewest(q, e, []byte(name)), list.pushNewest(naiveEvent{event: e, key: name}))
	case "after":
		same(t, "pushed", s.PushAfter(q, e, []byte(name)), list.pushAfter(naiveEvent{event: e, key: name}))
	case "take":
		if q.Blocked() {
			return
		}
		most, reply := rapid.IntRange(1, 5).Draw(t, "most"), uint32(0)
		if list.acknowledges || rapid.Bool().Draw(t, "with a reply") {
			reply = q.NextReply()
		}
		n := 0
		taken := s.Take(q, reply, func(event.Event) bool { n++; return n <= most })
		if want := min(most, len(list.list)-list.sent); taken != want {
			t.Fatalf("%d taken, want %d", taken, want)
		}
		if taken > 0 {
			list.take(taken, reply != 0)
		}
	case "written":
		upto, onStream := q.Upto()+uint32(rapid.IntRange(0, 1).Draw(t, "late")), rapid.Bool().Draw(t, "on a stream")
		want := 0
		if upto == q.Upto() && (!list.acknowledges || onStream) {
			want = list.sent
			list.list, list.sent = list.list[list.sent:], 0
		}
		same(t, "written", s.Written(q, upto, onStream), want)
	case "bounced":
		same(t, "bounced", s.Bounced(q, q.Upto()), list.sent)
		list.sent = 0
	case "reserve":
		q.Reserve(-list.reserved)
		list.reserved = rapid.SampledFrom([]int{0, 100, 400}).Draw(t, "reserved")
		q.Reserve(list.reserved)
	case "shed":
		n := s.Shed(q, 300)
		for list.bytes() > 300 && len(list.list) > list.sent {
			list.list = slices.Delete(list.list, list.sent, list.sent+1)
			list.dropped++
			n--
		}
		same(t, "shed beyond what had to go", n, 0)
	case "freeze":
		s.Freeze(q, func(e event.Event) bool { return e.Channel() == name })
		if i := list.find(name); i >= 0 {
			list.list[i].key = ""
		}
	case "recall":
		if list.sent > 0 {
			return // see TestRecalledEventsDoNotBounce
		}
		s.Recall(q, func(e event.Event) bool { return e.Channel() == name })
		list.list = slices.DeleteFunc(list.list, func(e naiveEvent) bool { return e.event.Channel() == name })
	}
}

func same[T comparable](t *rapid.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}

func compareStore(t *rapid.T, s *Store, q *Queue, list *naiveStore) {
	t.Helper()
	naive := naiveQueue{sent: list.sent}
	for _, e := range list.list {
		naive.events = append(naive.events, e.event)
	}
	compareQueue(t, &s.nodes, q, &naive)
	i := q.first
	for _, e := range list.list[list.sent:] {
		key := ""
		if id := s.nodes.At(i).key; id != 0 {
			key = s.keys.Name(id)
		}
		if key != e.key {
			t.Fatalf("%s has the key %q, want %q", e.event, key, e.key)
		}
		i = s.nodes.At(i).next
	}
	if lost := s.Lost(q); lost != list.dropped {
		t.Fatalf("%d lost, want %d", lost, list.dropped)
	}
	pending := 0
	s.Each(q, func(e event.Event) bool {
		same(t, "pending event", e, list.list[list.sent+pending].event)
		pending++
		return true
	})
	same(t, "pending", pending, q.Pending())
}

// checkStore holds what is true of a Store at any time.
func checkStore(t *rapid.T, s *Store, queues []Queue) {
	t.Helper()
	bytes, count, keyed := 0, 0, 0
	for k := range queues {
		q := &queues[k]
		bytes += q.Bytes() - nodeBytes*q.Len()
		count += q.Len()
		if q.sent > q.count {
			t.Fatalf("queue %d: %d of %d in flight", k, q.sent, q.count)
		}
		sent := true // with a connect reply: those are the first
		for i, n := q.head, q.count; n > 0; i, n = s.nodes.At(i).next, n-1 {
			if s.nodes.At(i).order != 0 && !sent {
				t.Fatalf("queue %d: node %d was sent before, and stands behind one that was not", k, i)
			}
			sent = s.nodes.At(i).order != 0
			id := s.nodes.At(i).key
			if id == 0 {
				continue
			}
			if keyed++; q.count-n < q.sent || s.replaced[keyOf{q.owner, id}] != i {
				t.Fatalf("queue %d: node %d has a key, and is not the one to replace", k, i)
			}
		}
	}
	if s.nodes.count != count || s.nodes.bytes != bytes || len(s.replaced) != keyed {
		t.Fatalf("%d events, %d bytes, %d keys; want %d, %d, %d", s.nodes.count, s.nodes.bytes, len(s.replaced), count, bytes, keyed)
	}
}

// TestConflateAgainstList compares one pass of conflation with the obvious way.
func TestConflateAgainstList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStore(Config{})
		var q Queue
		channels := rapid.SliceOfN(rapid.IntRange(0, 4), 1, 30).Draw(t, "channels")
		sent := rapid.IntRange(0, len(channels)).Draw(t, "sent")
		var events []event.Event
		for k, c := range channels {
			if k == sent {
				sendAll(&s.nodes, &q)
			}
			e := event.New([]byte(fmt.Sprintf("/c%d", c)), []byte(fmt.Sprint(k)), false)
			s.nodes.push(&q, e)
			events = append(events, e)
		}
		if sent == len(channels) {
			sendAll(&s.nodes, &q)
		}
		want := slices.Clone(events[:sent])
		for k, e := range events[sent:] {
			later := slices.ContainsFunc(events[sent+k+1:], func(o event.Event) bool { return o.Channel() == e.Channel() })
			if !later {
				want = append(want, e)
			}
		}
		removed := s.conflate(&q)
		compareQueue(t, &s.nodes, &q, &naiveQueue{events: want, sent: sent})
		if int(removed) != len(events)-len(want) {
			t.Fatalf("removed %d, want %d", removed, len(events)-len(want))
		}
	})
}

// What an event in flight is recalled for brings it again, so it does not come back.
func TestRecalledEventsDoNotBounce(t *testing.T) {
	s := newStore(Config{Settings: Settings{QueueMessages: 10, QueueBytes: 1000}})
	var q Queue
	s.Open(&q, 0, false)
	events := []event.Event{event.New([]byte("/a"), []byte("1"), false), event.New([]byte("/b"), []byte("2"), false)}
	for range 2 {
		for _, e := range events {
			s.Push(&q, e)
		}
		s.Take(&q, 0, func(event.Event) bool { return q.sent < 2 })
	}
	s.Recall(&q, func(e event.Event) bool { return e.Channel() == "/a" })
	same2 := func(what string, got, want int) {
		if got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	same2("in flight", q.InFlight(), 2)
	same2("pending", q.Pending(), 1)
	s.Bounced(&q, q.Upto())
	s.Each(&q, func(e event.Event) bool {
		if e != events[1] {
			t.Errorf("%s comes back", e)
		}
		return true
	})
	same2("after the bounce", q.Pending(), 2)
}

// Events that come back to those that wait already are conflated with them: of a key one is
// left, the newest, and whatever has a number stays behind those with smaller ones.
func TestReturnedEventsGiveWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keyOf := func(_ uint32, e event.Event) []byte {
			if e.Channel() == "/all" {
				return nil
			}
			return []byte(e.Channel())
		}
		s := newStore(Config{Settings: Settings{QueueMessages: 100, QueueBytes: 1 << 20}, Key: keyOf})
		queues := make([]Queue, 1)
		q := &queues[0]
		s.Open(q, 7, false)
		numbered := rapid.Bool().Draw(t, "numbered")
		newest, all := map[string]event.Event{}, 0
		for step := range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"push", "push", "take", "bounce"}).Draw(t, "op") {
			case "push":
				name := rapid.SampledFrom([]string{"/a", "/b", "/all"}).Draw(t, "channel")
				e := event.New([]byte(name), fmt.Append(nil, step), false)
				if numbered {
					e = e.Numbered(int64(step + 1))
				}
				if key := keyOf(7, e); key != nil {
					s.PushNewest(q, e, key)
					newest[name] = e
				} else {
					s.Push(q, e)
					all++
				}
			case "take":
				if !q.Blocked() {
					n := rapid.IntRange(1, 4).Draw(t, "most")
					s.Take(q, uint32(rapid.IntRange(0, 1).Draw(t, "with a reply")), func(event.Event) bool { n--; return n >= 0 })
				}
			case "bounce":
				s.Bounced(q, q.Upto())
			}
			checkStore(t, s, queues)
		}
		s.Bounced(q, q.Upto())
		checkReturned(t, s, q, numbered, newest, all)
	})
}

func checkReturned(t *rapid.T, s *Store, q *Queue, numbered bool, newest map[string]event.Event, all int) {
	seen, last := map[string]event.Event{}, int64(0)
	s.Each(q, func(e event.Event) bool {
		if e.Channel() == "/all" {
			all--
		}
		seen[e.Channel()] = e
		if numbered && e.ID() <= last {
			t.Fatalf("number %d comes after %d", e.ID(), last)
		}
		last = e.ID()
		return true
	})
	for name, e := range newest {
		if seen[name] != e {
			t.Fatalf("%s has %q last, want %q", name, seen[name], e)
		}
	}
	if all != 0 {
		t.Fatalf("%d that are not conflated are missing", all)
	}
}

// A queue tells how full it is by half and by quarter, and what is kept elsewhere for its
// session counts in it.
func TestRoom(t *testing.T) {
	e := event.New([]byte("/a"), []byte(strings.Repeat("1", 50)), false)
	s := newStore(Config{Settings: Settings{QueueMessages: 100, QueueBytes: 8 * Cost(e)}})
	var q Queue
	s.Open(&q, 0, false)
	for n := range 8 {
		if s.Drained(&q) != (n <= 2) || s.FitsHalf(&q, e) != (n < 4) || !s.Fits(&q, Cost(e)) {
			t.Errorf("%d of 8: drained %t, fits half %t, fits %t", n, s.Drained(&q), s.FitsHalf(&q, e), s.Fits(&q, Cost(e)))
		}
		s.Push(&q, e)
	}
	if s.Fits(&q, 1) {
		t.Error("a full queue has room")
	}
	s.Shed(&q, 4*Cost(e))
	if q.Reserve(3 * Cost(e)); !s.Fits(&q, Cost(e)) || s.Fits(&q, Cost(e)+1) || q.Reserved() != 3*Cost(e) {
		t.Errorf("with 4 of 8 queued and %d reserved", q.Reserved())
	}
}

// What is taken and sent costs no allocation.
func TestNoAllocations(t *testing.T) {
	s := newStore(Config{Settings: Settings{QueueMessages: 100, QueueBytes: 1 << 20}})
	var q Queue
	s.Open(&q, 0, false)
	e, key := event.New([]byte("/a"), []byte("1"), false), []byte("/a")
	round := func() {
		s.Push(&q, e)
		s.PushNewest(&q, e, key)
		s.PushNewest(&q, e, key)
		n := 0
		s.Take(&q, 1, func(event.Event) bool { n++; return n <= 2 })
		s.Written(&q, q.Upto(), false)
	}
	s.keys.Use(key) // others conflate by it too
	if round(); q.Len() != 0 {
		t.Fatalf("%d are left", q.Len())
	}
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Memory goes back when the last queue is closed.
func TestTrim(t *testing.T) {
	s := newStore(Config{Settings: Settings{QueueMessages: 10_000, QueueBytes: 1 << 30}})
	var q Queue
	s.Open(&q, 0, false)
	for range 5 * slab.ChunkRecords {
		s.Push(&q, "x")
	}
	if events, places := s.Memory(); events != 5*slab.ChunkRecords || places < nodeBytes*events {
		t.Errorf("%d bytes of events, %d of places", events, places)
	}
	if s.Trim(); q.Len() != 5*slab.ChunkRecords || s.nodes.Held() == 0 {
		t.Error("an open queue has lost its memory")
	}
	s.Close(&q)
	s.Trim()
	if events, places := s.Memory(); events+places != 0 {
		t.Errorf("%d bytes of events, %d of places are left", events, places)
	}
}
