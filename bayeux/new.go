// Proved by TestTranscripts, bayeux/testdata/reconfigure.txt and bayeux/testdata/reconfigure-limits.txt.

package bayeux

import (
	"halley/bayeux/fanout"
	"halley/bayeux/message"
	"halley/bayeux/queue"
	"halley/bayeux/reply"
	"halley/bayeux/rules"
	"halley/bayeux/wheel"
	"halley/bayeux/work"
)

// NewServer returns a Server whose clock stands at now.
func NewServer(cfg Config, now int64) *Server {
	p, meter, book := newPeriods(&cfg), work.NewMeter(cfg.TurnWork), rules.NewBook(cfg.Rules)
	salesforce := cfg.Profile == Salesforce
	s := &Server{
		Meter:   meter,
		cfg:     cfg,
		periods: p,
		rules:   &book,
		terms: reply.Terms{Hold: p.hold, Interval: p.interval, MaxInterval: p.maxInterval, Hosts: cfg.Hosts,
			Salesforce: salesforce, Timestamp: cfg.Timestamp},
		offer:    offer{one: salesforce, callback: !cfg.NoCallback},
		reader:   subscriptionReader{work: meter, rules: &book, most: cfg.MaxSubscriptions, channel: cfg.Channel, salesforce: salesforce},
		sessions: sessions{place: cfg.Place},
		wheel:    wheel.New(wheelTick, wheelSlots, now),
		lazies:   newLazies(now),
		replays:  replays{of: make(map[uint32]*replay), rules: &book, work: meter},
		joins:    make(joins),
		backlogs: newBacklogs(),
		parked:   make(map[Ticket]*parked),
		longIDs:  make(longIDs),
		syncs:    make(map[uint32]reply.Timesync),
		polls:    browserPolls{cfg.Browsers, cfg.PollsPerBrowser},
		storms:   newStorms(cfg.HandshakeStorm, p.interval),
	}
	s.drain = drain{s: s, owed: make(map[Address]int64)}
	s.fanout = fanout.New((*recipients)(s), s.rules, meter, now)
	s.queues = queue.New(queue.Config{Settings: cfg.QueueLimits, Key: s.fanout.Key}, meter)
	var seed [8]byte
	cfg.Random(seed[:])
	s.noise.state = le64(seed[:]) | 1
	return s
}

// Trim gives back the memory of what is no more there. It is for when much has
// gone and little is going on.
func (s *Server) Trim(now int64) {
	s.sessions.Trim()
	s.fanout.Trim(now, s.sessions.Len())
	s.rules.Forget()
	if s.sessions.Len() > 0 {
		return
	}
	s.queues.Trim()
	s.wheel = wheel.New(wheelTick, wheelSlots, now)
	s.lazies, s.grants = newLazies(now), grants{}
	s.dirty, s.doomed, s.reading, s.expired = addresses{}, addresses{}, addresses{}, nil
	s.resumed = message.Batch{}
}

// Running is what of a Config may change while a Server runs.
type Running struct {
	Rules            rules.Rules
	MaxSessions      int // this loop's share
	MaxSubscriptions int // of one session
}

// Reconfigure has other rules and limits hold for what comes from now on. Sessions, subscriptions and events that are
// there stay, even if they would not be let in any more.
func (s *Server) Reconfigure(to Running) {
	s.cfg.Rules, s.cfg.MaxSessions, s.cfg.MaxSubscriptions = to.Rules, to.MaxSessions, to.MaxSubscriptions
	s.reader.most = to.MaxSubscriptions
	s.rules.Replace(to.Rules)
	s.fanout.RulesChanged()
}
