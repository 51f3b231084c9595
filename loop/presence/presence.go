// Package presence tells the subscribers of /presence/CHANNEL who subscribes to CHANNEL, of those channels that have a rule
// for it: who comes and goes, by the identity that an authority knows, and how many sessions there are.
//
// What happens at one time is told together, once in an interval. Who comes again soon has not left.
package presence

import (
	"slices"
	"strings"
	"sync"
	"time"

	"halley/bayeux"
	"halley/bayeux/channel"
)

// Prefix is before the name of a channel where its presence is told.
const Prefix = channel.Presence

// Settings are what an operator may set, see package loop/settings.
type Settings struct {
	Interval time.Duration `name:"presence-interval" group:"bayeux" default:"1s" min:"100ms" max:"1m" help:"How often at most it is told who is there, of a channel with the rule option presence."`
	Linger   time.Duration `name:"presence-linger" group:"bayeux" default:"3s" min:"0s" max:"5m" help:"How long whoever leaves such a channel is taken to be there still, in case that a page is loaded again."`
}

// Source is what a Presence has to know, and to do.
type Source struct {
	Has      func(name []byte) bool                    // whether a rule wants it told who is on a channel
	Identity func(claims string) string                // who a client is; empty: nobody knows
	Publish  func(name string, messages []string) bool // false: later, perhaps
}

// Presence knows who is there. It is told by all loops at once, and has no goroutine while nothing changes.
type Presence struct {
	settings Settings
	source   Source
	stop     chan struct{}
	done     sync.WaitGroup

	mu      sync.Mutex // guards what follows
	members map[bayeux.Address]*member
	rooms   map[string]*room
	changed map[string]*room // something is to be told of them, now or later
	kept    int              // bytes, about
	working bool
	closed  bool
}

// Presence is told as any attendance is.
var _ bayeux.Attendance = (*Presence)(nil)

// memberBytes is about what a member takes, in the table too, but for its identity, which its rooms have as well.
const memberBytes = 100

// member is a session that is in rooms.
type member struct {
	identity string
	rooms    int
}

// New makes a Presence of nobody.
func New(s Settings, source Source) *Presence {
	return &Presence{settings: s, source: source, stop: make(chan struct{}),
		members: make(map[bayeux.Address]*member), rooms: make(map[string]*room), changed: make(map[string]*room)}
}

// Begun takes note of nothing: who is in no room is not there.
func (p *Presence) Begun(bayeux.Attendee) {}

// Ended takes note of nothing: its session has left everything by now.
func (p *Presence) Ended(bayeux.Attendee) {}

// Joined takes note of who subscribes to a channel.
func (p *Presence) Joined(who bayeux.Attendee, name string) {
	if !p.tells(name) {
		return
	}
	identity := p.source.Identity(who.Claims)
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.members[who.Session]
	if m == nil { // who it is then, it stays in all rooms
		m = &member{identity: identity}
		p.members[who.Session] = m
		p.kept += memberBytes
	}
	m.rooms++
	r := p.rooms[name]
	if r == nil {
		r = newRoom()
		p.rooms[name] = r
		p.kept += r.memory() + len(name)
	}
	before := r.memory()
	r.enter(who.Session, m.identity)
	p.kept += r.memory() - before
	p.change(name, r)
}

// Left takes note of who does not any more.
func (p *Presence) Left(who bayeux.Attendee, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, r := p.members[who.Session], p.rooms[name]
	if m == nil || r == nil {
		return
	}
	before := r.memory()
	if !r.leave(who.Session, m.identity, time.Now().Add(p.settings.Linger)) {
		return
	}
	p.kept += r.memory() - before
	if m.rooms--; m.rooms == 0 {
		delete(p.members, who.Session)
		p.kept -= memberBytes
	}
	p.change(name, r)
}

// tells tells whether it is told who is on a channel. Who subscribes to patterns is not on the channels that match.
func (p *Presence) tells(name string) bool {
	return !strings.HasPrefix(name, Prefix+"/") && !channel.IsWildcard([]byte(name)) && p.source.Has([]byte(name))
}

// change has a room looked at.
func (p *Presence) change(name string, r *room) {
	if p.closed {
		return
	}
	if p.changed[name] = r; !p.working {
		p.working = true
		p.done.Go(p.work)
	}
}

// lookEvery is how often rooms are looked at of which something is to be told.
const lookEvery = 50 * time.Millisecond

// work tells what is due until there is no more.
func (p *Presence) work() {
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	for {
		select {
		case <-p.stop:
			return
		case now := <-ticks.C:
			due, more := p.due(now)
			for _, n := range due {
				p.tell(n)
			}
			if !more && len(due) == 0 && p.rests() {
				return
			}
		}
	}
}

// news is what is to be told of a channel.
type news struct {
	name     string
	messages []string
}

// due takes the news whose time has come, and tells whether there will be more.
func (p *Presence) due(now time.Time) (list []news, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, r := range p.changed {
		if now.Before(r.next) {
			continue
		}
		before := r.memory()
		messages, again := r.news(now)
		p.kept += r.memory() - before
		// Without news, too: who lingers in a large room is not looked through at each look.
		if r.next = now.Add(p.settings.Interval); len(messages) > 0 {
			list = append(list, news{name, messages})
		}
		if !again {
			delete(p.changed, name)
		}
		if r.empty() {
			delete(p.rooms, name)
			p.kept -= r.memory() + len(name)
		}
	}
	return list, len(p.changed) > 0
}

// rests ends the work, unless there is some by now.
func (p *Presence) rests() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.working = len(p.changed) > 0
	return !p.working
}

// tell publishes news. While no publish is taken, as memory is short, it waits: newer news are told after it.
func (p *Presence) tell(n news) {
	for !p.source.Publish(Prefix+n.name, n.messages) {
		select {
		case <-p.stop:
			return
		case <-time.After(lookEvery):
		}
	}
}

// Close ends the work.
func (p *Presence) Close() {
	p.mu.Lock()
	closed := p.closed
	p.closed = true
	p.mu.Unlock()
	if !closed {
		close(p.stop)
	}
	p.done.Wait()
}

// Kept is about how many bytes it takes to know who is there.
func (p *Presence) Kept() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kept
}

// Who is somebody on a channel.
type Who struct {
	Identity string
	Sessions int
}

// List tells how many sessions are on a channel, and who, as far as they are known: at most so many, by name.
func (p *Presence) List(name string, most int) (sessions int, list []Who) {
	p.mu.Lock()
	if r := p.rooms[name]; r != nil {
		sessions = r.sessions
		for identity, n := range r.there {
			if len(list) >= most {
				break
			}
			if identity != "" && n.now() > 0 {
				list = append(list, Who{identity, n.now()})
			}
		}
	}
	p.mu.Unlock()
	slices.SortFunc(list, func(a, b Who) int { return strings.Compare(a.Identity, b.Identity) })
	return sessions, list
}
