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

// meter watches the server from outside and marks where phases begin and end.
type meter struct {
	reader  *cost.Reader // nil when the server's process is not known
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

func newMeter(pid int, clock client.Clock) *meter {
	m := &meter{clock: clock, stop: make(chan struct{})}
	if pid > 0 {
		m.reader = &cost.Reader{Proc: os.DirFS("/proc"), PID: pid, PageSize: int64(os.Getpagesize())}
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

// sample reads the server's state; it returns nil when there is nothing to read.
func (m *meter) sample(exact bool) *cost.Sample {
	if m.reader == nil {
		return nil
	}
	s, err := m.reader.Read(exact)
	if err != nil {
		return nil
	}
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
	m.phases = append(m.phases, report.Phase{Name: name, From: m.clock.Now(), Before: now, ServerBefore: m.sample(true)})
}

// end marks the end of the phase that was begun last.
func (m *meter) end(now client.Progress) {
	p := &m.phases[len(m.phases)-1]
	p.To, p.After, p.ServerAfter = m.clock.Now(), now, m.sample(true)
}

// close ends the watching and returns the samples.
func (m *meter) close() []cost.Sample {
	close(m.stop)
	m.stopped.Wait()
	return m.samples
}

// gone reports an error when the server's process has ended.
func (m *meter) gone() error {
	if m.reader == nil {
		return nil
	}
	if _, err := m.reader.Read(false); err != nil {
		return fmt.Errorf("the server is gone: %w", err)
	}
	return nil
}
