// Proved by TestMeterSamplesWithTheNumberHeld and TestMeterOfAServerThatIsGone.

package run

import (
	"fmt"
	"os"
	"sync"
	"time"

	"halley/bench/client"
	"halley/bench/cost"
	"halley/bench/report"
)

// meter watches the servers from outside and marks where phases begin and end.
type meter struct {
	readers []*cost.Reader // of the servers' processes, as far as they are known
	clock   client.Clock
	latest  client.Progress
	phases  []report.Phase
	stop    chan struct{}
	stopped sync.WaitGroup

	mu      sync.Mutex
	held    int
	samples []cost.Sample
}

const sampleEvery = 250 * time.Millisecond

// maxSamples bounds the samples of a long run; beyond it every second one is dropped.
const maxSamples = 4096

func newMeter(pids []int, clock client.Clock) *meter {
	m := &meter{clock: clock, stop: make(chan struct{})}
	for _, pid := range pids {
		if pid == 0 {
			continue // of a script that has none
		}
		m.readers = append(m.readers, &cost.Reader{Proc: os.DirFS("/proc"), PID: pid, PageSize: int64(os.Getpagesize())})
	}
	if len(m.readers) > 0 {
		m.stopped.Add(1)
		go m.watch()
	}
	return m
}

func (m *meter) watch() {
	defer m.stopped.Done()
	ticker := time.NewTicker(sampleEvery)
	defer ticker.Stop()
	for {
		select {
		case <-m.stop:
			return
		case <-ticker.C:
			m.sample(false)
		}
	}
}

// each reads the state of each server; it is nil when there is nothing to read.
func (m *meter) each(exact bool) (all []cost.Sample) {
	for _, reader := range m.readers {
		s, err := reader.Read(exact)
		if err != nil {
			return nil
		}
		all = append(all, s)
	}
	return all
}

// sample reads the state of the servers together; it returns nil when there is nothing to read.
func (m *meter) sample(exact bool) *cost.Sample { return m.keep(m.each(exact)) }

// keep adds samples up to one of the run.
func (m *meter) keep(each []cost.Sample) *cost.Sample {
	if len(each) == 0 {
		return nil
	}
	s := cost.Sum(each)
	m.mu.Lock()
	defer m.mu.Unlock()
	s.At, s.Held = m.clock.Now(), m.held
	m.samples = append(m.samples, s)
	if len(m.samples) > maxSamples {
		m.samples = everySecond(m.samples)
	}
	return &s
}

func everySecond(samples []cost.Sample) []cost.Sample {
	kept := samples[:0]
	for i := 0; i < len(samples); i += 2 {
		kept = append(kept, samples[i])
	}
	return kept
}

func (m *meter) saw(p client.Progress) {
	m.latest = p
	m.mu.Lock()
	m.held = p.Held
	m.mu.Unlock()
}

// begin marks the start of a phase; the one before must have been ended.
func (m *meter) begin(name string, now client.Progress) {
	p := report.Phase{Name: name, From: m.clock.Now(), Before: now}
	each := m.each(true)
	p.ServerBefore = m.keep(each)
	if len(each) > 1 {
		p.NodesBefore = each
	}
	m.phases = append(m.phases, p)
}

// end marks the end of the phase that was begun last.
func (m *meter) end(now client.Progress) {
	p := &m.phases[len(m.phases)-1]
	p.To, p.After = m.clock.Now(), now
	each := m.each(true)
	p.ServerAfter = m.keep(each)
	if len(each) > 1 {
		p.NodesAfter = each
	}
}

// close ends the watching and returns the samples.
func (m *meter) close() []cost.Sample {
	close(m.stop)
	m.stopped.Wait()
	return m.samples
}

// gone reports an error when a server's process has ended.
func (m *meter) gone() error {
	for _, reader := range m.readers {
		if _, err := reader.Read(false); err != nil {
			return fmt.Errorf("the server is gone: %w", err)
		}
	}
	return nil
}
