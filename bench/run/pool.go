package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"halley/bench/client"
)

// pool is the workers of a run and the latest that each of them has said.
type pool struct {
	tasks  []Task
	links  []link
	news   chan tagged
	latest []client.Progress
	seen   func(client.Progress) // called with every new total
}

// calmDown in place of a worker's number is our own reminder to end the killing.
const calmDown = -1

// link carries commands to a worker; its news come through the pool's channel.
type link interface {
	send(Command) error
	close() error
}

type tagged struct {
	worker int
	news   News
}

// newPool starts one worker per task: in this process when there is one, else forked.
func newPool(tasks []Task, seen func(client.Progress)) (*pool, error) {
	p := &pool{tasks: tasks, news: make(chan tagged, 256), latest: make([]client.Progress, len(tasks)), seen: seen}
	for i, task := range tasks {
		start := p.fork
		if len(tasks) == 1 {
			start = p.inside
		}
		l, err := start(i, task)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("generator %d: %w", i, err), p.close())
		}
		p.links = append(p.links, l)
	}
	return p, nil
}

type inside struct {
	worker *worker
	ended  chan struct{}
}

func (p *pool) inside(i int, task Task) (link, error) {
	w, err := newWorker(task, func(n News) { p.news <- tagged{i, n} })
	if err != nil {
		return nil, err
	}
	l := inside{w, make(chan struct{})}
	go func() {
		w.run()
		close(l.ended)
	}()
	return l, nil
}

func (l inside) send(c Command) error {
	l.worker.obey(c)
	return nil
}

func (l inside) close() error {
	l.worker.obey(Command{Do: doStop})
	<-l.ended
	return nil
}

type forked struct {
	command *exec.Cmd
	in      io.WriteCloser
	orders  *json.Encoder
	ended   chan struct{}
}

// WorkerCommand is the hidden command of the program that runs Work on its standard streams.
const WorkerCommand = "worker"

func (p *pool) fork(i int, task Task) (link, error) {
	command := exec.Command("/proc/self/exe", WorkerCommand)
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	l := &forked{command, in, json.NewEncoder(in), make(chan struct{})}
	go func() {
		defer close(l.ended)
		p.listen(i, json.NewDecoder(out))
	}()
	return l, l.orders.Encode(task)
}

func (p *pool) listen(i int, out *json.Decoder) {
	for {
		var n News
		err := out.Decode(&n)
		if err == io.EOF {
			return
		}
		if err != nil {
			n = News{Failure: err.Error()}
		}
		p.news <- tagged{i, n}
		if err != nil {
			return
		}
	}
}

func (l *forked) send(c Command) error { return l.orders.Encode(c) }

func (l *forked) close() error {
	l.in.Close() // the worker takes the end of its input as the order to stop
	<-l.ended
	return l.command.Wait()
}

// close ends all workers. News that nobody waits for any more are thrown away meanwhile.
func (p *pool) close() error {
	done := make(chan error)
	go func() {
		var errs []error
		for _, l := range p.links {
			errs = append(errs, l.close())
		}
		done <- errors.Join(errs...)
	}()
	for {
		select {
		case <-p.news:
		case err := <-done:
			return err
		}
	}
}

// all sends a command to every worker.
func (p *pool) all(c Command) error {
	for i := range p.links {
		if err := p.one(i, c); err != nil {
			return err
		}
	}
	return nil
}

// first is the number of worker i's first subscriber, size how many it has.
func (p *pool) first(i int) int { return p.tasks[i].Client.First }
func (p *pool) size(i int) int  { return p.tasks[i].Client.Subscribers }

// publisher is the worker that publishes.
const publisher = 0

func (p *pool) one(i int, c Command) error {
	if err := p.links[i].send(c); err != nil {
		return fmt.Errorf("generator %d: %w", i, err)
	}
	return nil
}

// total is the sum of what the workers have said last.
func (p *pool) total() (sum client.Progress) {
	for _, progress := range p.latest {
		sum.Add(progress)
	}
	return sum
}

// errStalled says that a run got stuck.
var errStalled = errors.New("stalled")

// await waits until the total satisfies done. It gives up with errStalled when patience
// passes without movement, which is a number that moved must change.
func (p *pool) await(patience time.Duration, movement func(client.Progress) int64, done func(client.Progress) bool) error {
	stalled := time.NewTimer(patience)
	defer stalled.Stop()
	last := movement(p.total())
	for total := p.total(); !done(total); total = p.total() {
		if now := movement(total); now != last {
			last = now
			stalled.Reset(patience)
		}
		select {
		case n := <-p.news:
			if err := p.take(n); err != nil {
				return err
			}
		case <-stalled.C:
			return errStalled
		}
	}
	return nil
}

// pass lets a time go by and keeps listening.
func (p *pool) pass(d time.Duration) error {
	err := p.await(d, func(client.Progress) int64 { return 0 }, func(client.Progress) bool { return false })
	if err == errStalled {
		return nil
	}
	return err
}

func (p *pool) take(n tagged) error {
	if n.worker == calmDown {
		return p.all(Command{Do: doKill})
	}
	if n.news.Failure != "" {
		return fmt.Errorf("generator %d: %s", n.worker, n.news.Failure)
	}
	if n.news.Progress != nil {
		p.latest[n.worker] = *n.news.Progress
		p.seen(p.total())
	}
	return nil
}

// results asks every worker for its result and merges them. If something is missing, the
// one that publishes is asked first, since it knows when the messages were due.
func (p *pool) results(l client.Ledger, missing bool) (*client.Result, error) {
	l.WantDue = missing && len(p.links) > 1
	merged, err := p.result(publisher, l)
	if err != nil {
		return nil, err
	}
	l.WantDue, l.Due = false, merged.Due
	for i := range p.links {
		if i == publisher {
			continue
		}
		r, err := p.result(i, l)
		if err != nil {
			return nil, err
		}
		merged.Merge(*r)
	}
	merged.Due = nil
	return merged, nil
}

func (p *pool) result(i int, l client.Ledger) (*client.Result, error) {
	if err := p.one(i, Command{Do: doResult, Ledger: l}); err != nil {
		return nil, err
	}
	limit := time.After(time.Minute)
	for {
		select {
		case n := <-p.news:
			if err := p.take(n); err != nil {
				return nil, err
			}
			if n.news.Result != nil {
				return n.news.Result, nil
			}
		case <-limit:
			return nil, fmt.Errorf("generator %d gave no result: %w", i, errStalled)
		}
	}
}
