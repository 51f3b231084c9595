package presence

import (
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"halley/bayeux"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// paper is what was published.
type paper struct {
	mu   sync.Mutex
	all  []string
	full bool
}

func (p *paper) publish(name string, messages []string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.full {
		return false
	}
	for _, m := range messages {
		p.all = append(p.all, name+" "+m)
	}
	return true
}

func (p *paper) read() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.all)
}

func (p *paper) set(full bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.full = full
}

func newPresence(t *testing.T, linger time.Duration) (*Presence, *paper) {
	p := new(paper)
	r := New(Settings{Interval: lookEvery, Linger: linger}, Source{
		Has:      func(name []byte) bool { return strings.Contains(string(name), "/chat/") },
		Identity: func(claims string) string { return claims },
		Publish:  p.publish,
	})
	t.Cleanup(r.Close)
	return r, p
}

func who(slot uint32, identity string) bayeux.Attendee {
	return bayeux.Attendee{Session: bayeux.Address{Slot: slot}, Claims: identity}
}

func (p *paper) await(t *testing.T, want ...string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !slices.Equal(p.read(), want); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("published %q\nwant %q", p.read(), want)
		}
	}
}

// Who comes and goes is told by identity, and how many there are; what happens at once is told together.
func TestPresence(t *testing.T) { synctest.Test(t, testPresence) }

func testPresence(t *testing.T) {
	r, p := newPresence(t, 0)
	r.Joined(who(1, "alice"), "/chat/a")
	r.Joined(who(2, "bob"), "/chat/a")
	r.Joined(who(3, ""), "/chat/a")
	want := []string{`/presence/chat/a {"joined":["alice","bob"]}`, `/presence/chat/a {"count":3}`}
	p.await(t, want...)
	r.Joined(who(4, "alice"), "/chat/a") // a second page of hers
	want = append(want, `/presence/chat/a {"count":4}`)
	p.await(t, want...)
	r.Left(who(1, "alice"), "/chat/a")
	r.Left(who(3, ""), "/chat/a")
	want = append(want, `/presence/chat/a {"count":2}`)
	p.await(t, want...)
	if n, list := r.List("/chat/a", 10); n != 2 || !slices.Equal(list, []Who{{"alice", 1}, {"bob", 1}}) {
		t.Errorf("%d, %v", n, list)
	}
	if n, list := r.List("/chat/a", 1); n != 2 || len(list) != 1 {
		t.Errorf("%d, %v", n, list)
	}
	r.Left(who(4, "carol"), "/chat/a") // whoever it is by now
	r.Left(who(2, "bob"), "/chat/a")
	want = append(want, `/presence/chat/a {"left":["alice","bob"]}`, `/presence/chat/a {"count":0}`)
	p.await(t, want...)
	r.Close()
	if len(r.rooms) > 0 || len(r.members) > 0 || len(r.changed) > 0 || r.Kept() != 0 {
		t.Errorf("something is kept: %v %v %v, %d bytes", r.rooms, r.members, r.changed, r.Kept())
	}
}

// What is kept is counted: as much as the heap grows by, which takes twice as much with the race detector, and what the parts add up to whoever comes and goes.
func TestKept(t *testing.T) {
	r, _ := newPresence(t, time.Hour)
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	const rooms, people = 40, 100
	before := heap()
	for i := range uint32(rooms * people) {
		r.Joined(who(i, strings.Repeat(fmt.Sprintf("%08d", i), 10)), fmt.Sprint("/chat/", i%rooms))
	}
	grown, kept := heap()-before, int64(r.Kept())
	if kept < rooms*people*80 || kept > 4*grown || grown > 4*kept {
		t.Errorf("%d bytes are counted of %d", kept, grown)
	}
	for i := range uint32(rooms * people) {
		if i%3 > 0 {
			r.Left(who(i, "whoever"), fmt.Sprint("/chat/", i%rooms))
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := 0
	for name, room := range r.rooms {
		sum += room.memory() + len(name)
	}
	if sum += len(r.members) * memberBytes; sum != r.kept {
		t.Errorf("%d bytes are counted, and %d there", r.kept, sum)
	}
}

// Nothing is kept of other channels, of patterns, and of what tells of presence itself.
func TestOtherChannels(t *testing.T) {
	r, p := newPresence(t, 0)
	for _, name := range []string{"/stock/a", "/chat/*", "/chat/**", "/presence/chat/a", "/chatter"} {
		r.Joined(who(1, "alice"), name)
		r.Left(who(1, "alice"), name)
	}
	r.Left(who(1, "alice"), "/chat/a")
	if r.working || len(r.members) > 0 || len(r.rooms) > 0 || len(p.read()) > 0 {
		t.Error("something is kept")
	}
}

// Who leaves and comes again within the linger has not left, by an identity or without one.
func TestLinger(t *testing.T) { synctest.Test(t, testLinger) }

func testLinger(t *testing.T) {
	r, p := newPresence(t, time.Hour)
	r.Joined(who(1, "alice"), "/chat/a")
	r.Joined(who(2, ""), "/chat/a")
	want := []string{`/presence/chat/a {"joined":["alice"]}`, `/presence/chat/a {"count":2}`}
	p.await(t, want...)
	for i := range uint32(20) {
		r.Left(who(1+2*i, "alice"), "/chat/a")
		r.Left(who(2+2*i, ""), "/chat/a")
		r.Joined(who(3+2*i, "alice"), "/chat/a")
		r.Joined(who(4+2*i, ""), "/chat/a")
	}
	r.Joined(who(100, "bob"), "/chat/a")
	p.await(t, append(want, `/presence/chat/a {"joined":["bob"]}`, `/presence/chat/a {"count":3}`)...)
	if n, _ := r.List("/chat/a", 10); n != 3 {
		t.Errorf("%d sessions", n)
	}
}

// Without room for it nothing is lost: it is told when there is room again.
func TestFullServer(t *testing.T) {
	r, p := newPresence(t, 0)
	p.set(true)
	r.Joined(who(1, "alice"), "/chat/a")
	time.Sleep(3 * lookEvery)
	p.set(false)
	p.await(t, `/presence/chat/a {"joined":["alice"]}`, `/presence/chat/a {"count":1}`)
	p.set(true)
	r.Joined(who(2, "bob"), "/chat/a")
	r.Close() // and it ends while it waits
}

// A crowd is told by its number, and a bounded part of its names.
func TestCrowd(t *testing.T) {
	r := newRoom()
	for i := range 250 {
		r.enter(bayeux.Address{Slot: uint32(i)}, fmt.Sprintf("u%03d", i))
	}
	messages, again := r.news(time.Now())
	var m moves
	if err := json.Unmarshal([]byte(messages[0]), &m); err != nil || again {
		t.Fatal(err, again)
	}
	if len(m.Joined) != maxNames || m.More != 150 || messages[1] != `{"count":250}` {
		t.Errorf("%+v %v", m, messages[1])
	}
}

// Whatever happens in what order, what was told adds up to who is there.
func TestRoomAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, now := newRoom(), time.Unix(1e9, 0)
		linger := time.Duration(rapid.IntRange(0, 3).Draw(t, "linger")) * time.Second
		identity := func(slot int) string { return []string{"", "a", "b"}[slot%3] }
		there, told, last := make(map[int]bool), make(map[string]bool), 0
		look := func() {
			messages, _ := r.news(now)
			for _, text := range messages {
				var m struct {
					moves
					Count *int
				}
				if err := json.Unmarshal([]byte(text), &m); err != nil {
					t.Fatal(err)
				}
				for _, n := range m.Joined {
					if told[n] {
						t.Fatalf("%s joins twice", n)
					}
					told[n] = true
				}
				for _, n := range m.Left {
					if !told[n] {
						t.Fatalf("%s leaves twice", n)
					}
					delete(told, n)
				}
				if m.Count != nil {
					last = *m.Count
				}
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			slot := rapid.IntRange(0, 8).Draw(t, "slot")
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				if !there[slot] {
					r.enter(bayeux.Address{Slot: uint32(slot)}, identity(slot))
					there[slot] = true
				}
			case 1:
				if was := r.leave(bayeux.Address{Slot: uint32(slot)}, identity(slot), now.Add(linger)); was != there[slot] {
					t.Fatalf("session %d was there: %t", slot, was)
				}
				delete(there, slot)
			case 2:
				now = now.Add(time.Second)
			case 3:
				look()
				if last < len(there) {
					t.Fatalf("%d are told, %d are there", last, len(there))
				}
			}
		}
		now = now.Add(time.Minute)
		look()
		names := make(map[string]bool)
		for slot := range there {
			if name := identity(slot); name != "" {
				names[name] = true
			}
		}
		if last != len(there) || fmt.Sprint(told) != fmt.Sprint(names) || r.sessions != len(there) || r.lingers != 0 || len(r.moved) > 0 {
			t.Fatalf("%d and %v are told, %d and %v are there", last, told, len(there), names)
		}
		kept := 0
		for name := range r.there {
			kept += len(name)
		}
		if kept != r.names {
			t.Fatalf("%d bytes of names are counted, and %d there", r.names, kept)
		}
		if r.empty() != (len(there) == 0) {
			t.Fatalf("empty: %t with %d", r.empty(), len(there))
		}
	})
}
