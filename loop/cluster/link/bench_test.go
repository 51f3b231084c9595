package link

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"halley/bayeux"
	"halley/loop/bus"
)

// BenchmarkPoll is a poll whose session lives on another node: the request, the hold, the reply with an event, and the report that it
// was written. One operation is one poll. So many are on their way at once, or as many as come of so many in a second.
func BenchmarkPoll(b *testing.B) {
	for _, together := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprint(together), func(b *testing.B) { benchmarkPoll(b, together, 0) })
	}
	for _, rate := range []int{1000, 10_000} {
		b.Run(fmt.Sprint("rate=", rate), func(b *testing.B) { benchmarkPoll(b, 0, rate) })
	}
}

func benchmarkPoll(b *testing.B, together, rate int) {
	here, there := overNATS(b)
	body, reply := make([]byte, 150), make([]byte, 250)
	done, over := make(chan struct{}), make(chan struct{})
	var loops sync.WaitGroup
	loops.Go(func() {
		there.run(done, func(m *bus.Message) {
			if m.Kind != bus.Batch {
				return
			}
			to, session := m.Request.To, bayeux.Address{Node: there.nodes.Number()}
			hold := bayeux.Effect{Kind: bayeux.Hold, To: to, Session: session}
			answer := bayeux.Effect{Kind: bayeux.Reply, To: to, Session: session, Numbered: true, Upto: 1}
			there.Send(bus.Message{To: to.Place(), Kind: bus.Effect, Quiet: true, Effect: &hold})
			there.Send(bus.Message{To: to.Place(), Kind: bus.Effect, Effect: &answer, Data: reply})
		})
	})
	began, times := make([]time.Time, b.N), make([]time.Duration, 0, b.N)
	var asked atomic.Uint32
	ask := func() {
		n := asked.Add(1) - 1
		if n >= uint32(b.N) {
			return
		}
		began[n] = time.Now()
		here.Send(bus.Message{To: bayeux.Place{Node: there.nodes.Number()}, Kind: bus.Batch, Data: body,
			Request: bayeux.Request{To: bayeux.ReplyTo{Node: here.nodes.Number(), Conn: n}}})
	}
	before := used()
	b.ResetTimer()
	for range together {
		ask()
	}
	loops.Go(func() {
		for step := time.Now(); rate > 0 && asked.Load() < uint32(b.N); time.Sleep(time.Until(step)) {
			step = step.Add(time.Millisecond)
			for range rate / 1000 {
				ask()
			}
		}
	})
	loops.Go(func() {
		here.run(over, func(m *bus.Message) {
			if m.Kind != bus.Effect || m.Effect.Kind != bayeux.Reply {
				return
			}
			n, session := m.Effect.To.Conn, m.Effect.Session
			times = append(times, time.Since(began[n]))
			here.Send(bus.Message{To: session.Place(), Kind: bus.Report, Quiet: true,
				Report: bayeux.Report{Kind: bayeux.Written, Session: session, Upto: 1}})
			if together > 0 {
				ask()
			}
			if len(times) == b.N {
				close(over)
			}
		})
	})
	<-over
	b.StopTimer()
	cpu := used() - before
	close(done)
	loops.Wait()
	slices.Sort(times)
	b.ReportMetric(float64(cpu.Microseconds())/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(here.Link.Figures().Batches+there.Link.Figures().Batches)/float64(b.N), "batches/op")
}

// used is the processor time that this process has had.
func used() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
