package loop

// Proved by TestReconfigure, TestReconfigureDropsHistory and TestBadSettingsChangeNothing.

import (
	"context"
	"time"

	"halley/bayeux"
	"halley/bayeux/history"
)

// Reconfigure has other settings hold while the server runs, all that may change so: those whose tag says it. The others
// must be those of the start. Settings that New would refuse change nothing. Nobody is cut: whoever is there keeps what it
// has, and what the new rules do not remember is dropped.
func (s *Server) Reconfigure(to Settings) error {
	cfg := s.cfg
	cfg.Settings = to
	cfg.Loops = s.cfg.Loops
	front, rules, err := configure(&cfg, s.front.Load())
	if err != nil {
		return err
	}
	before := s.running.Swap(&cfg.Settings)
	s.local.SetQueue(lesser(queueOf(before), queueOf(&to)))
	s.limits.Set(cfg.Bounds.Settings)
	s.rules.Store(&rules)
	s.front.Store(front)
	for _, r := range s.reactors {
		s.loops.do(r.id, func(r *reactor) { r.core.Reconfigure(runningCore(s.shared)) })
	}
	ctx, cancel := context.WithTimeout(context.Background(), settleTimeout)
	defer cancel()
	if s.loops.visit(ctx, func(*reactor) {}) == nil { // one that is stuck comes to it later
		s.local.SetQueue(queueOf(&to))
	}
	s.local.SetRules(rules)
	return nil
}

// Attend has a told who is there from now on, in place of Config.Attendance.
func (s *Server) Attend(a bayeux.Attendance) {
	for _, r := range s.reactors {
		s.loops.do(r.id, func(r *reactor) { r.core.Attend(a) })
	}
}

// queueOf is what the queue of a session holds, as those know it who fill it with parts of a replay.
func queueOf(s *Settings) history.Part {
	return history.Part{Messages: s.QueueMessages, Bytes: s.QueueBytes}
}

// lesser is what the queues hold before and after they change: a part that one of the two has no room for would be lost.
func lesser(a, b history.Part) history.Part {
	return history.Part{Messages: min(a.Messages, b.Messages), Bytes: min(a.Bytes, b.Bytes)}
}

// settleTimeout is how long Reconfigure waits for the loops.
const settleTimeout = 5 * time.Second

// runningCore is what may change of a loop's protocol core.
func runningCore(s *shared) bayeux.Running {
	live := s.live()
	return bayeux.Running{
		Rules:            *s.rules.Load(),
		MaxSessions:      max(1, live.MaxSessions/s.cfg.Loops),
		MaxSubscriptions: live.MaxSubscriptions,
		Timing:           live.Timing,
		Queue:            live.QueueLimits,
	}
}
