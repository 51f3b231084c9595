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

// containBatch, deferred, ends a panic over a batch that was parked, or one of those behind it: the connection that they
// came by is closed, and nothing is left of them.
func (s *Server) containBatch(now int64, p *parked, fx *Effects) {
	cause := recover()
	if cause == nil {
		return
	}
	s.fault(cause)
	s.forget(&s.exchange)
	fx.add(Effect{Kind: Abort, To: p.req.To}, fx.begin())
	if l := s.backlogs.of[p.req.To]; l != nil {
		s.endBacklog(now, p.req.To, l, fx)
	}
	if r := s.sessions.find(p.owner); r != nil && r.outlet.state == reserved {
		s.at(p.owner.Slot, r).remove(fx)
	}
}

// forget notes that there will be no reply to a request.
func (s *Server) forget(x *exchange) {
	if r := s.sessions.find(x.owner); x.losses && r != nil {
		s.queues.SettleLosses(&r.queue, false)
	}
	x.losses = false
}
