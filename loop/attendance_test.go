package loop

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"halley/bayeux"
)

// register counts who is there, as loops tell it at once.
type register struct {
	mu    sync.Mutex
	there map[string]int // "" has the sessions
	seen  []string       // channels that had their first subscriber, or lost their last
}

func (r *register) add(name string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.there[name] += n; r.there[name] == 0 {
		delete(r.there, name)
	}
}

func (r *register) Begun(bayeux.Attendee)                    { r.add("", 1) }
func (r *register) Ended(bayeux.Attendee)                    { r.add("", -1) }
func (r *register) Joined(_ bayeux.Attendee, pattern string) { r.add(pattern, 1) }
func (r *register) Left(_ bayeux.Attendee, pattern string)   { r.add(pattern, -1) }

func (r *register) watch(pattern string, on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, fmt.Sprint(pattern, on))
}

func (r *register) is(want map[string]int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprint(r.there) == fmt.Sprint(want)
}

// What sessions of all loops do is told once, however they end; so is when a channel gets its first subscriber and loses its last.
func TestAttendance(t *testing.T) {
	t.Parallel()
	r := &register{there: make(map[string]int)}
	s := made(t, func(c *Config) { c.Loops, c.Attendance = 3, r })
	s.WatchChannels(r.watch)
	s.runUntilEnd(t)
	var ids []string
	var clients []*wire
	for range 6 {
		w := dial(t, s)
		id := w.handshake()
		w.bayeux(subscribe(id, "/a"))
		w.bayeux(subscribe(id, "/own/"+id[:6]))
		w.bayeux(`{"channel":"/meta/unsubscribe","clientId":"` + id + `","subscription":"/own/` + id[:6] + `"}`)
		ids, clients = append(ids, id), append(clients, w)
	}
	eventually(t, func() bool { return r.is(map[string]int{"": 6, "/a": 6}) })
	clients[0].bayeux(`{"channel":"/meta/disconnect","clientId":"` + ids[0] + `"}`)
	if found, err := s.Disconnect(t.Context(), ids[1]); !found || err != nil {
		t.Errorf("%v %v", found, err)
	}
	eventually(t, func() bool { return r.is(map[string]int{"": 4, "/a": 4}) })
	for i := 2; i < 6; i++ {
		clients[i].bayeux(`{"channel":"/meta/disconnect","clientId":"` + ids[i] + `"}`)
	}
	eventually(t, func() bool { return r.is(map[string]int{}) })
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.seen); n < 4 || !slices.Contains(r.seen, "/atrue") || !slices.Contains(r.seen, "/afalse") {
		t.Errorf("seen %q", r.seen)
	}
}
