// Proved by TestJudge, TestPrint and scripts/adversary.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// report is what became of one run.
type report struct {
	names  []string
	last   figures
	peaks  figures       // of those that are gauges
	quiet  time.Duration // the 99th percentile of the neighbours' events, before the attack; 0 where nothing was measured
	busy   time.Duration // and during it
	mu     sync.Mutex    // of faults and notes, while attacks run
	faults []string
	notes  []string
}

const (
	// mostMessages bounds the messages that a turn of a loop receives: an input buffer of 64 KiB full of the
	// shortest, or the entries of a mailbox that are handled at a time.
	mostMessages = 8192
	// mostWork bounds the units of work of a turn, in times of --turn-work: a turn ends with the message or
	// mailbox entry with which it has done enough, and that one alone may bring an event to each subscriber, or
	// as many patterns as a message has room for.
	mostWork = 2
	turnWork = 50_000
)

// against runs adversaries at once against one server with neighbours.
func (o *options) against(ctx context.Context, group []adversary) (*report, error) {
	r := &report{peaks: make(figures)}
	s, err := o.serverFor(group, r)
	if err != nil {
		return nil, err
	}
	n, err := settle(ctx, s, o.Neighbours, o.Every)
	if err != nil {
		return nil, fmt.Errorf("neighbours: %w", err)
	}
	feeding, enough := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() {
		if err := n.feed(feeding); err != nil {
			r.ended(adversary{name: "the feed"}, broken(err.Error()))
		}
	})
	beside.Go(func() { r.watch(feeding, s) })
	for _, a := range group {
		if a.fill != nil {
			r.ended(a, a.fill(ctx, s))
		}
	}
	pause(ctx, o.Quiet)
	r.quiet = n.times.take()
	var attacks sync.WaitGroup
	for _, a := range group {
		attacks.Go(func() {
			for end := time.Now().Add(o.For); ; {
				r.ended(a, a.attack(ctx, s))
				if ctx.Err() != nil || !time.Now().Before(end) {
					return
				}
			}
		})
	}
	attacks.Wait()
	r.busy = n.times.take()
	enough()
	beside.Wait()
	r.faults = append(r.faults, n.judge()...)
	if r.last, err = s.measure(ctx); err != nil {
		r.fault("the metrics: %v", err)
	}
	r.judge()
	r.judgeTimes(o.Slower)
	for _, a := range group {
		if a.judge != nil {
			r.faults = append(r.faults, a.judge(r.last)...)
		}
	}
	for _, line := range s.faults() {
		r.fault("the server's log: %s", line)
	}
	if err := s.stop(); err != nil {
		r.fault("the server ends with %v", err)
	}
	return r, nil
}

// serverFor starts a server with the flags that a group needs, each set of them once.
func (o *options) serverFor(group []adversary, r *report) (*server, error) {
	flags := []string{"--max-memory", o.MaxMemory, "--turn-work", strconv.Itoa(turnWork), "--drain-delay", "0s"}
	dir, err := os.MkdirTemp("", "adversaries")
	if err != nil {
		return nil, err
	}
	prepared := false
	for _, a := range group {
		flags = append(flags, a.flags...)
		r.names = append(r.names, a.name)
		if a.prepare == nil || prepared {
			continue
		}
		more, err := a.prepare(dir)
		if err != nil {
			return nil, err
		}
		flags, prepared = append(flags, more...), true
	}
	s, err := start(o.Files, o.Halley, flags...)
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	s.dir = dir
	return s, nil
}

// sum adds up what has a name with labels.
func (f figures) sum(name string) (sum float64) {
	for full, n := range f {
		if strings.HasPrefix(full, name+"{") {
			sum += n
		}
	}
	return sum
}

// broken is what an attack has found that the server must never do.
type broken string

// Error is what was found.
func (b broken) Error() string { return string(b) }

// ended notes how an attack has ended.
func (r *report) ended(a adversary, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found broken
	switch {
	case errors.As(err, &found):
		r.fault("%s: %v", a.name, err)
	case err != nil:
		r.notes = append(r.notes, fmt.Sprintf("%s: %v", a.name, err))
	}
}

func (r *report) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

// watch keeps the peaks of what the server has.
func (r *report) watch(ctx context.Context, s *server) {
	for ctx.Err() == nil {
		if now, err := s.measure(ctx); err == nil {
			for name, n := range now {
				r.peaks[name] = max(r.peaks[name], n)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// judge compares what the server counted with what it promises.
func (r *report) judge() {
	if n := r.last["halley_loop_longest_turn_messages"]; n > mostMessages {
		r.fault("one turn received %.0f messages, more than %d", n, mostMessages)
	}
	if n := r.last["halley_loop_longest_turn_work"]; n > mostWork*turnWork {
		r.fault("one turn did %.0f units of work, more than %d times --turn-work %d", n, mostWork, turnWork)
	}
	if n := r.last["halley_panics_total"]; n > 0 {
		r.fault("%.0f panics", n)
	}
	limit := r.last["halley_max_memory_bytes"]
	// Not halley_kept_bytes: sessions that share an event count it each.
	if n := r.peaks["process_resident_memory_bytes"]; n > limit {
		r.fault("%.0f MiB were resident, --max-memory is %.0f", n/(1<<20), limit/(1<<20))
	}
}

// print tells of it.
func (r *report) print(w io.Writer) {
	verdict := "ok  "
	if len(r.faults) > 0 {
		verdict = "FAIL"
	}
	fmt.Fprintf(w, "%s  %s\n", verdict, strings.Join(r.names, ", "))
	fmt.Fprintf(w, "      longest turn %.0f ms, %.0f messages, %.0f units of work; lock %.1f ms; resident %.0f of %.0f MiB, heap %.0f; kept: queues %.0f, output %.0f, input %.0f, mailboxes %.0f KiB; refused %.0f, shed %.0f, not begun %.0f\n",
		1000*r.last["halley_loop_longest_turn_seconds"], r.last["halley_loop_longest_turn_messages"], r.last["halley_loop_longest_turn_work"], 1000*r.last["halley_history_lock_longest_seconds"],
		r.peaks["process_resident_memory_bytes"]/(1<<20), r.last["halley_max_memory_bytes"]/(1<<20), r.peaks["go_memstats_heap_alloc_bytes"]/(1<<20), r.peaks[`halley_kept_bytes{owner="queues"}`]/1024, r.peaks[`halley_kept_bytes{owner="output"}`]/1024,
		r.peaks[`halley_kept_bytes{owner="input"}`]/1024, r.peaks[`halley_kept_bytes{owner="mailboxes"}`]/1024,
		r.last["halley_memory_refused_total"], r.last["halley_memory_shed_total"], r.last["halley_requests_abandoned_total"])
	fmt.Fprintf(w, "      neighbours' p99 %.1f ms, before %.1f; clients refused %.0f, handshakes %.0f\n", r.busy.Seconds()*1000, r.quiet.Seconds()*1000,
		r.last.sum("halley_clients_refused_total"), r.last["halley_handshakes_total"])
	for _, line := range append(r.faults, r.notes...) {
		fmt.Fprintln(w, "      "+line)
	}
}
