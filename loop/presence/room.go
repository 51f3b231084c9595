// Proved by TestPresence and TestRoomAgainstModel.

package presence

import (
	"encoding/json"
	"slices"
	"time"

	"halley/bayeux"
)

// room is a channel, and who is on it.
type room struct {
	there    map[string]*person // by identity; those without one are one
	moved    map[string]*person // something may be to tell of them
	sessions int
	lingers  int // sessions that have left, and are taken to be there still
	names    int // bytes of the identities
	told     int // how many were told to be there
	next     time.Time
}

// person is all sessions of an identity.
type person struct {
	sessions map[bayeux.Address]bool
	gone     []time.Time // until when sessions that have left are taken to be there
	told     bool
}

func newRoom() *room {
	return &room{there: make(map[string]*person), moved: make(map[string]*person)}
}

// What a room keeps, in bytes: with the maps' own about as much as was measured.
const (
	roomBytes    = 400
	personBytes  = 250
	sessionBytes = 40
	lingerBytes  = 24
)

// memory is about how many bytes the room takes.
func (r *room) memory() int {
	return roomBytes + len(r.there)*personBytes + r.names + r.sessions*sessionBytes + r.lingers*lingerBytes
}

func (n *person) now() int { return len(n.sessions) }

// enter notes a session. It may be one that has left and comes again.
func (r *room) enter(session bayeux.Address, identity string) {
	n := r.there[identity]
	if n == nil {
		n = &person{sessions: make(map[bayeux.Address]bool)}
		r.there[identity] = n
		r.names += len(identity)
	}
	n.sessions[session] = true
	r.sessions++
	if len(n.gone) > 0 {
		n.gone = n.gone[1:]
		r.lingers--
	}
	r.moved[identity] = n
}

// leave notes that a session has left; false if it was not there.
func (r *room) leave(session bayeux.Address, identity string, until time.Time) bool {
	n := r.there[identity]
	if n == nil || !n.sessions[session] {
		return false
	}
	delete(n.sessions, session)
	r.sessions--
	n.gone = append(n.gone, until)
	r.lingers++
	r.moved[identity] = n
	return true
}

// maxNames bounds the identities in one message.
const maxNames = 100

// moves are who has come and gone.
type moves struct {
	Joined []string `json:"joined,omitempty"`
	Left   []string `json:"left,omitempty"`
	More   int      `json:"more,omitempty"` // that have no room here
}

type count struct {
	Count int `json:"count"`
}

// news is what is to be told now, the count last, and whether something may be to tell later.
func (r *room) news(now time.Time) (messages []string, again bool) {
	var m moves
	for identity, n := range r.moved {
		stay := slices.IndexFunc(n.gone, now.Before)
		if stay < 0 {
			stay = len(n.gone)
		}
		r.lingers -= stay
		if n.gone = n.gone[stay:]; len(n.gone) == 0 {
			n.gone = nil
			delete(r.moved, identity)
		}
		there := n.now()+len(n.gone) > 0
		if there != n.told && identity != "" {
			m.note(identity, there)
		}
		if n.told = there; !there {
			delete(r.there, identity)
			r.names -= len(identity)
		}
	}
	if m.Joined != nil || m.Left != nil {
		slices.Sort(m.Joined)
		slices.Sort(m.Left)
		messages = append(messages, text(m))
	}
	if all := r.sessions + r.lingers; all != r.told || messages != nil {
		r.told = all
		messages = append(messages, text(count{all}))
	}
	return messages, len(r.moved) > 0
}

func (m *moves) note(identity string, there bool) {
	list := &m.Left
	if there {
		list = &m.Joined
	}
	if len(*list) >= maxNames {
		m.More++
		return
	}
	*list = append(*list, identity)
}

func text(value any) string {
	b, err := json.Marshal(value)
	if err != nil {
		return "null" // strings and numbers always have a form
	}
	return string(b)
}

// empty tells whether nobody is there, and all know it.
func (r *room) empty() bool { return len(r.there) == 0 && len(r.moved) == 0 && r.told == 0 }
