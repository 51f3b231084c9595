// Proved by TestWork and TestWorkRefuses.

// Package run carries out scenarios: it spreads the clients over one or more
// processes, tells them what to do and when, watches what the server costs, and
// puts the results together.
package run

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"halley/bench/client"
	"halley/bench/plan"
)

// Task is the part of a run that one process carries, in a form that travels over a pipe.
type Task struct {
	Start    int64         `json:"start"` // of the run, on the kernel's monotonic clock
	Client   client.Config `json:"client"`
	Pattern  string        `json:"pattern"`
	Symbols  int           `json:"symbols"`
	Follow   int           `json:"follow"`
	Exponent float64       `json:"exponent"`
	Seed     uint64        `json:"seed"`
	Feed     *FeedFile     `json:"feed,omitempty"` // only in the process that publishes
}

// FeedFile is a recorded feed on disk.
type FeedFile struct {
	Path    string           `json:"path"`
	Options plan.FeedOptions `json:"options"`
}

// Load reads the file, which may be gzipped.
func (f FeedFile) Load() (*plan.Feed, error) {
	file, err := os.Open(f.Path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var r io.Reader = file
	if strings.HasSuffix(f.Path, ".gz") {
		z, err := gzip.NewReader(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path, err)
		}
		r = z
	}
	return plan.ReadFeed(r, f.Options)
}

// Command is one order to a worker. Which of the numbers count depends on Do.
type Command struct {
	Do        string        `json:"do"`
	To        int           `json:"to,omitempty"`        // ramp
	Rate      float64       `json:"rate,omitempty"`      // ramp, publish, churn, kill
	Count     int           `json:"count,omitempty"`     // publish, churn
	First     int           `json:"first,omitempty"`     // publish
	Held      int           `json:"held,omitempty"`      // await
	Delivered int64         `json:"delivered,omitempty"` // await
	Ledger    client.Ledger `json:"ledger"`              // finish, result
}

// The orders.
const (
	doRamp    = "ramp"
	doPrepare = "prepare"
	doPublish = "publish"
	doFeed    = "feed"
	doChurn   = "churn"
	doKill    = "kill"
	doAwait   = "await"
	doStall   = "stall"
	doFinish  = "finish"
	doLeave   = "leave"
	doResult  = "result"
	doStop    = "stop"
)

// News is what a worker reports; one of the fields is set.
type News struct {
	Progress *client.Progress `json:"progress,omitempty"`
	Result   *client.Result   `json:"result,omitempty"`
	Failure  string           `json:"failure,omitempty"`
}

// worker is one fleet and the feed that it may have to publish.
type worker struct {
	fleet *client.Fleet
	feed  *plan.Feed
	tell  func(News)
}

func newWorker(task Task, tell func(News)) (*worker, error) {
	w := &worker{tell: tell}
	task.Client.Symbols = plan.NewSymbols(task.Pattern, task.Symbols, task.Follow, task.Exponent, task.Seed)
	if task.Feed != nil {
		var err error
		if w.feed, err = task.Feed.Load(); err != nil {
			return nil, err
		}
	}
	fleet, err := client.New(task.Client, client.NewClock(task.Start), func(p client.Progress) { tell(News{Progress: &p}) })
	w.fleet = fleet
	return w, err
}

// run drives the fleet on a thread of its own until it is stopped.
func (w *worker) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := w.fleet.Run(); err != nil {
		w.tell(News{Failure: err.Error()})
	}
}

func (w *worker) obey(c Command) {
	switch c.Do {
	case doRamp:
		w.fleet.Ramp(c.To, c.Rate)
	case doPrepare:
		w.fleet.Prepare()
	case doPublish:
		w.fleet.Publish(client.Publication{Pace: plan.Pace{Rate: c.Rate, Count: c.Count}, First: c.First})
	case doFeed:
		if w.feed != nil {
			w.fleet.Publish(client.Publication{Ticks: w.feed.Ticks})
		}
	case doChurn:
		w.fleet.Churn(c.Rate, c.Count)
	case doKill:
		w.fleet.Kill(c.Rate)
	case doAwait:
		w.fleet.Await(c.Held, c.Delivered)
	case doStall:
		w.fleet.Stall()
	case doFinish:
		w.fleet.Finish(c.Ledger)
	case doLeave:
		w.fleet.Leave()
	case doResult:
		w.fleet.Result(c.Ledger, func(r client.Result) { w.tell(News{Result: &r}) })
	case doStop:
		w.fleet.Stop()
	}
}

// Work is the life of a forked generator: a Task and then Commands come in as JSON, News go out.
func Work(in io.Reader, out io.Writer) error {
	orders := json.NewDecoder(in)
	var task Task
	if err := orders.Decode(&task); err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	news := make(chan News, 64)
	written := make(chan error, 1)
	go func() { written <- writeNews(json.NewEncoder(out), news) }()
	w, err := newWorker(task, func(n News) { news <- n })
	if err != nil {
		news <- News{Failure: err.Error()}
		close(news)
		return errors.Join(err, <-written)
	}
	ended := make(chan struct{})
	go func() {
		w.run()
		close(ended)
	}()
	for {
		var c Command
		if err := orders.Decode(&c); err != nil {
			c.Do = doStop // the other end is gone or done with us
		}
		w.obey(c)
		if c.Do == doStop {
			<-ended
			close(news)
			return <-written
		}
	}
}

func writeNews(out *json.Encoder, news <-chan News) (err error) {
	for n := range news {
		if err == nil {
			err = out.Encode(n)
		}
	}
	return err
}
