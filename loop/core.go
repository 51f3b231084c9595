package loop

// Proved by TestCoreConfig and TestShareOfALoop.

import (
	"crypto/rand"
	"time"

	"halley/bayeux"
)

// coreConfig is the configuration of the protocol core of a loop.
func coreConfig(s *shared, id uint16) bayeux.Config {
	limits := s.cfg.Settings.Limits
	limits.MaxSessions = max(1, limits.MaxSessions/s.cfg.Loops)
	return bayeux.Config{
		Place:         s.place(id),
		Timing:        s.cfg.Timing,
		Dialect:       s.cfg.Dialect,
		Limits:        limits,
		QueueLimits:   s.cfg.QueueLimits,
		MultiInterval: multiInterval,
		TurnWork:      s.cfg.TurnWork,
		MaxAsks:       maxAsks,
		MaxAhead:      s.ahead() + s.cfg.MaxMessage + frameCost, // see bus.Flow
		MaxMessage:    s.cfg.MaxMessage,
		NoCallback:    !s.cfg.CallbackPolling,
		Hosts:         s.cfg.AdvertiseHosts,
		Rules:         *s.rules.Load(),
		Announced:     s.cfg.Cluster != nil,
		Durable:       s.cfg.HistoryFile != "" || s.cfg.Cluster != nil,
		Authority:     s.authority(),
		Browsers:      s.browsers,
		Congested:     func() bool { return s.congested.Load() > 0 || s.swamped() || s.memory.refuses() },
		Crowded:       s.memory.refuses,
		TooWide:       s.tooWide,
		Apart:         func(node uint16) bool { return s.link.Apart(node) },
		Pace:          s.admission.pace,
		Random:        func(p []byte) { rand.Read(p) },
		Attendance:    s.cfg.Attendance,
		Routers:       s.cfg.Hops,
	}
}

const (
	multiInterval = 2 * time.Second // what CometD advises a browser's second tab
	maxAsks       = 10000
)
