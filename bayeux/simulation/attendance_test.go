package simulation

import "halley/bayeux"

// attendance is what a core has told of who is there, which has to be what it has in its tables.
type attendance struct {
	w     *world
	there map[bayeux.Address]map[string]bool
}

func (a *attendance) Begun(who bayeux.Attendee) {
	if a.there[who.Session] != nil {
		a.w.fail(nil, "session %v begins twice", who.Session)
	}
	a.there[who.Session] = make(map[string]bool)
}

func (a *attendance) Joined(who bayeux.Attendee, pattern string) {
	on := a.there[who.Session]
	if on == nil || on[pattern] {
		a.w.fail(nil, "session %v joins %s twice, or before its beginning", who.Session, pattern)
		return
	}
	on[pattern] = true
}

func (a *attendance) Left(who bayeux.Attendee, pattern string) {
	if !a.there[who.Session][pattern] {
		a.w.fail(nil, "session %v leaves %s, where it is not", who.Session, pattern)
	}
	delete(a.there[who.Session], pattern)
}

func (a *attendance) Ended(who bayeux.Attendee) {
	if on := a.there[who.Session]; on == nil || len(on) > 0 {
		a.w.fail(nil, "session %v ends with %v", who.Session, on)
	}
	delete(a.there, who.Session)
}

// agrees checks that what was told is what a core has.
func (a *attendance) agrees(core *bayeux.Server) {
	told, all := make(map[string]int), 0
	for _, on := range a.there {
		for pattern := range on {
			told[pattern]++
			all++
		}
	}
	core.Channels(func(pattern []byte, subscribers int) {
		if all -= subscribers; told[string(pattern)] != subscribers {
			a.w.fail(nil, "%s has %d subscribers, and %d were told", pattern, subscribers, told[string(pattern)])
		}
	})
	if all != 0 {
		a.w.fail(nil, "%d subscriptions were told that there are not", all)
	}
}
