// Proved by TestTranscripts.

package bayeux

import (
	"halley/bayeux/fanout"
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
		replays:  replays{of: make(map[uint32]*replay), rules: &book, work: meter},
		joins:    make(joins),
		repeats:  make(repeats),
		longIDs:  make(longIDs),
		polls:    browserPolls{cfg.Browsers, cfg.PollsPerBrowser},
		storms:   newStorms(cfg.HandshakeStorm, p.interval),
	}
	s.deadlines = deadlines{s: s, wheel: wheel.New(wheelTick, wheelSlots, now), lazies: newLazies(now)}
	s.batches = batches{s: s, parked: make(map[Ticket]*parked), backlogs: newBacklogs()}
	s.drain = drain{s: s, owed: make(map[Address]int64)}
	s.fanout = fanout.New((*recipients)(s), s.rules, meter, now)
	s.queues = queue.New(queue.Config{Settings: cfg.QueueLimits, Key: s.fanout.Key}, meter)
	s.composer = composer{&s.sessions, s.queues, &s.terms, make(map[uint32]reply.Timesync)}
	var seed [8]byte
	cfg.Random(seed[:])
	s.noise.state = le64(seed[:]) | 1
	cfg.Random(seed[:])
	s.sessions.Begin(uint32(le64(seed[:]) % maxFirstGen))
	return s
}
