package bayeux

// A panic is a fault of this server. What belongs to the session or request that it was about ends, and all else goes on:
// the other sessions of a flush, the other subscribers of an event. So it is contained where the core turns from one to
// the next. The loop is told of it (Config.Fault); one that does not want to be told gets the panic itself.

// fault tells of a panic that was recovered.
func (s *Server) fault(cause any) {
	if s.cfg.Fault == nil {
		panic(cause)
	}
	s.cfg.Fault(cause)
}

// contain, deferred, ends a panic over the session at a, whose record may be half changed. The next flush ends the session,
// as it ends others, so that its client hears of it.
func (s *Server) contain(a Address) {
	cause := recover()
	if cause == nil {
		return
	}
	s.fault(cause)
	if r := s.sessions.find(a); r != nil {
		s.at(a.Slot, r).doom()
	}
}

// containEnd, deferred, ends a panic over the end of the session at a. It is removed without another word, and its
// connections are closed.
func (s *Server) containEnd(a Address, fx *Effects) {
	cause := recover()
	if cause == nil {
		return
	}
	s.fault(cause)
	r := s.sessions.find(a)
	if r == nil {
		return
	}
	for _, to := range []ReplyTo{r.outlet.held, r.outlet.stream} {
		if to != (ReplyTo{}) {
			fx.add(Effect{Kind: Abort, To: to}, fx.begin())
		}
	}
	defer func() {
		if recover() != nil { // by the same fault: what the other tables have of it is lost
			s.sessions.Release(a.Slot)
		}
	}()
	s.at(a.Slot, r).remove(fx)
}
