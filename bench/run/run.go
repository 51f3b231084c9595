package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"halley/bench/client"
	"halley/bench/plan"
	"halley/bench/report"
	"halley/bench/wire"
)

// View is where a run shows how far it is.
type View interface {
	// Phase says that something new begins, which is complete when its count reaches total (0: not known).
	Phase(name string, total int64)
	// Progress brings the latest state and how much of the phase is done.
	Progress(done int64, p client.Progress)
}

// session is a run under way.
type session struct {
	options Options
	layout  layout
	pool    *pool
	meter   *meter
	view    View
	record  *report.Run
	counter func(client.Progress) int64 // what the phase counts
	held    int
	sent    int
}

// Run carries out the scenario and returns its record. The error says that the run
// could not be carried out; that the server lost or doubled something is in Run.Fault.
func Run(ctx context.Context, o Options, view View) (*report.Run, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	o.setDefaults()
	layout, err := o.layout()
	if err != nil {
		return nil, err
	}
	if o.ServerCommand != "" {
		s, err := o.startServer()
		if err != nil {
			return nil, err
		}
		defer s.stop()
		o.PIDs = []int{s.pid()}
	}
	start := client.Monotonic()
	s := &session{options: o, layout: layout, view: view, meter: newMeter(o.PIDs, client.NewClock(start)), record: newRecord(o, layout)}
	s.count("", 0, nil)
	if err := s.meter.gone(); err != nil {
		s.meter.close()
		return nil, err
	}
	run := uint32(time.Now().UnixNano()>>10) | 1
	if s.pool, err = newPool(o.tasks(layout, start, run), s.saw); err != nil {
		s.meter.close()
		return nil, err
	}
	err = s.guarded(ctx)
	s.record.Samples = s.meter.close()
	s.record.Phases = s.meter.phases
	if err = errors.Join(err, s.pool.close()); err != nil {
		return nil, err
	}
	s.record.Judge()
	if o.MaxGrowth > 0 {
		s.record.JudgeGrowth(o.MaxGrowth)
	}
	return s.record, nil
}

func newRecord(o Options, l layout) *report.Run {
	return &report.Run{
		Scenario: o.Scenario, Label: o.Label, Started: time.Now().UTC().Truncate(time.Second),
		Machine: report.ThisMachine(), Commit: o.Commit, Flags: o.Flags, Plan: o.plan(l), URLs: o.URLs,
	}
}

func (o *Options) startServer() (*server, error) {
	endpoint, err := wire.ParseEndpoint(o.URLs[0])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	return startServer(o.ServerCommand, endpoint.Host, 30*time.Second)
}

func (s *session) saw(p client.Progress) {
	s.meter.saw(p)
	s.view.Progress(s.counter(p), p)
}

// guarded runs the scenario until it ends or the context does.
func (s *session) guarded(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { s.pool.news <- tagged{news: News{Failure: context.Cause(ctx).Error()}} })
	defer stop()
	err := s.scenario()
	if err != nil {
		return errors.Join(err, s.meter.gone())
	}
	return s.balance()
}

func (s *session) scenario() error {
	switch s.options.Scenario {
	case "idle":
		return s.idle()
	case "saturate":
		return s.saturate()
	case "churn":
		return s.churn()
	case "soak":
		return s.soak()
	}
	return s.fanout()
}

// count begins a phase of the display.
func (s *session) count(name string, total int64, counter func(client.Progress) int64) {
	if counter == nil {
		counter = func(client.Progress) int64 { return 0 }
	}
	s.counter = counter
	if name != "" {
		s.view.Phase(name, total)
	}
}

// ramp brings the number of held subscribers up to n.
func (s *session) ramp(n int) error {
	if n <= s.held {
		return nil
	}
	from := s.held
	s.count(fmt.Sprintf("ramp to %d", n), int64(n-from), func(p client.Progress) int64 { return p.Ramped - int64(from) })
	s.meter.begin(report.PhaseRamp, s.pool.total())
	for i := range s.pool.links {
		_, share := plan.Share(n, len(s.pool.links), i)
		if err := s.pool.one(i, Command{Do: doRamp, To: share, Rate: s.options.ConnectRate / float64(s.options.Processes)}); err != nil {
			return err
		}
		if err := s.pool.one(i, Command{Do: doAwait, Held: share}); err != nil {
			return err
		}
	}
	err := s.pool.await(s.options.Drain+startUp, ramped, func(p client.Progress) bool { return p.Held >= n })
	s.meter.end(s.pool.total())
	s.held = n
	if err == errStalled {
		p := s.pool.total()
		return fmt.Errorf("only %d of %d subscribers were held, then nothing moved; first fault: %s", p.Held, n, firstFault(p))
	}
	return err
}

// startUp is what generator processes and a server that has just begun may take before anything moves.
const startUp = 5 * time.Second

func ramped(p client.Progress) int64 { return p.Ramped + p.Cycles }

func firstFault(p client.Progress) string {
	if p.Faults.First == "" {
		return "none"
	}
	return p.Faults.First
}
