package bayeux

// acknowledge reads what a connect of that type acknowledges and tells whether events
// have to be sent again.
func (x *exchange) acknowledge(w wish, kind ConnectionType) (again bool) {
	s, r, waiting := x.s, x.session, x.session.queue.Len()
	if !w.acks {
		return false
	}
	if done := s.queues.Acked(&r.queue, w.number); waiting > 0 {
		s.stats.Delivered += uint64(done)
	}
	if r.queue.InFlight() == 0 || r.outlet.usesStream() && r.carriedByStream() && kind.keepsStream() {
		return false // it tells nothing of what is on its way on the stream
	}
	if r.delivery.carrier != x.req.To {
		x.fx.add(Effect{Kind: Abandon, To: r.delivery.carrier}, x.fx.begin())
	}
	s.Spend(r.queue.InFlight())
	s.stats.Bounced += uint64(s.queues.Return(&r.queue))
	r.eager = true
	return true
}
