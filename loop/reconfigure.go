package loop

// Proved by TestReconfigure, TestReconfigureDropsHistory and TestBadSettingsChangeNothing.

import (
	"context"
	"time"

	"halley/bayeux"
)

// Reconfigure has other settings hold while the server runs, all that may change so: those whose tag says it. The others
// must be those of the start. Settings that New would refuse change nothing. Nobody is cut: whoever is there keeps what it
// has, and what the new rules do not remember is dropped.
func (s *Server) Reconfigure(to Settings) error {
	cfg := s.cfg
	cfg.Settings = to
	cfg.Loops = s.cfg.Loops
	_, rules, err := configure(&cfg)
	if err != nil {
		return err
	}
	s.running.Store(&cfg.Settings)
	s.limits.Set(cfg.Bounds.Settings)
	s.rules.Store(&rules)
	for _, r := range s.reactors {
		s.loops.do(r.id, func(r *reactor) { r.core.Reconfigure(runningCore(s.shared)) })
	}
	ctx, cancel := context.WithTimeout(context.Background(), settleTimeout)
	defer cancel()
	_ = s.loops.visit(ctx, func(*reactor) {}) // one that is stuck comes to it later
	s.local.SetRules(rules)
	return nil
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
	}
}
