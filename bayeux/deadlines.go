// Proved by TestTranscripts and bayeux/simulation/simulation_test.go.

package bayeux

import "halley/bayeux/wheel"

// deadlines are when sessions end or are answered unless something happens before. Each has one at most, as its outlet says,
// and one more while lazy events wait for company.
type deadlines struct {
	s        *Server
	wheel    *wheel.Wheel
	lazies   lazies
	behind   bool  // see Behind
	tickSoon int64 // until when a poll is held whose client wants it back soon
}

// await gives the client of a session that holds no connect as long to be heard of
// as it was told to stay away, and maxInterval. While a stream is open that needs no
// connects, it need not; while an event-stream is, it connects as seldom as is held.
func (v seat) await(now int64) {
	s, slot, r := v.s, v.slot, v.session
	switch r.outlet.timer() {
	case holdTime:
		return // it runs
	case noTimer:
		s.wheel.Cancel(slot)
		return
	}
	away := int64(r.told)
	if r.outlet.state == eventSource {
		away = max(away, s.periods.hold)
	}
	s.wheel.Set(slot, now+away+s.periods.maxInterval)
}
