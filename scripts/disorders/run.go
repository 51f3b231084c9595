package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"halley/bayeux/client"
	"halley/scripts/disorders/model"
)

// run is publishers and subscribers at work while things go wrong.
type run struct {
	options     *options
	world       *world
	began       time.Time
	subscribers []*subscriber
	publishers  []*publisher
	out         io.Writer
}

// publishersOfEach is how many publishers plain channels have, and how many kept ones.
const publishersOfEach = 4

// leastMessages are what each publisher sends, however slow the machine is.
const leastMessages = 10

// report is what a run came to.
type report struct {
	faults    []string
	recovery  []time.Duration // after kills
	delivered int
	repeated  int // deliveries that came again after a fault, where that may be
	published map[model.Outcome]int
	longest   time.Duration // publish
	outage    time.Duration // the longest publish to a channel with a history after a kill, repeats included
}

// carry has everybody at work, and judges.
func (r *run) carry(ctx context.Context) (*report, error) {
	r.began = time.Now()
	hearing, leave := context.WithCancel(ctx)
	defer leave()
	failed := make(chan error, 100)
	var clients sync.WaitGroup
	for _, k := range kinds() {
		for n := range r.options.Clients {
			s := newSubscriber(k, n, r.began)
			r.subscribers = append(r.subscribers, s)
			clients.Go(func() {
				if err := s.run(hearing, r.world.address()); err != nil {
					failed <- err
				}
			})
		}
	}
	for _, s := range r.subscribers {
		<-s.begun
	}
	past, err := r.publish(ctx)
	if err == nil {
		r.settle(ctx)
	}
	leave()
	clients.Wait()
	close(failed)
	for e := range failed {
		err = errors.Join(err, e)
	}
	if err != nil {
		return nil, err
	}
	return r.judge(past), nil
}

// publish has everybody publish while things go wrong and a little longer, and a few messages at least.
func (r *run) publish(ctx context.Context) ([]happening, error) {
	bayeux, err := client.New("http://"+r.world.address()+"/bayeux", client.Options{NetworkDelay: 3 * time.Second, MinBackoff: 100 * time.Millisecond, MaxBackoff: time.Second})
	if err != nil {
		return nil, err
	}
	defer bayeux.Close()
	if err := persist(ctx, bayeux.Handshake); err != nil {
		return nil, err
	}
	publishing, stop := context.WithCancel(ctx)
	defer stop()
	var working sync.WaitGroup
	working.Go(func() { _ = bayeux.Run(publishing) }) // it ends with ctx
	r.plan(browser{bayeux})
	for _, p := range r.publishers {
		working.Go(func() { p.run(publishing) })
	}
	wait(ctx, r.options.Pause)
	past, err := r.world.disturb(ctx, r.options, r.began, r.out)
	wait(ctx, r.options.Pause)
	for ctx.Err() == nil && slices.ContainsFunc(r.publishers, func(p *publisher) bool { return p.count.Load() < leastMessages }) {
		wait(ctx, pauseBetween)
	}
	stop()
	working.Wait()
	return past, err
}

// plan makes the publishers. The last of each kind of channel is a Bayeux client.
func (r *run) plan(b browser) {
	every := time.Duration(float64(2*publishersOfEach) / r.options.Rate * float64(time.Second))
	for n := range publishersOfEach {
		ends := &backend{nodes: r.world.nodes, at: n}
		for prefix, send := range map[string]func(context.Context, string, int) (model.Outcome, string){plain: ends.plain, kept: (&backend{nodes: r.world.nodes, at: n}).kept} {
			if n == publishersOfEach-1 {
				send = b.send
			}
			r.publishers = append(r.publishers, &publisher{channel: prefix + fmt.Sprint(n), began: r.began, every: every, send: send, diary: newDiary(r.began)})
		}
	}
}

// settleTime is how long the last messages may take.
const settleTime = time.Minute

// settle waits until everyone has the last message of each channel that it follows, or knows that it may have missed it. The model
// tells of those that have not.
func (r *run) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	for !r.settled() && ctx.Err() == nil {
		wait(ctx, 50*time.Millisecond)
	}
	wait(ctx, time.Second) // for what should not come
}

// longest is the longest publish to a channel with a history while something was wrong or just had been.
func longest(all []model.Publication, h happening) (d time.Duration) {
	for _, m := range all {
		if strings.HasPrefix(m.Channel, kept) && m.Answered >= h.from && m.Sent <= h.next {
			d = max(d, m.Answered-m.Sent)
		}
	}
	return d
}

func (r *run) settled() bool {
	for _, p := range r.publishers {
		for _, s := range r.subscribers {
			if slices.Contains(s.follows(), p.channel[:len(p.channel)-1]) && !s.settled(p) {
				return false
			}
		}
	}
	return true
}

// lines are what everybody has noted for people.
func (r *run) lines() (text string) {
	for _, s := range r.subscribers {
		text += s.name + "\n" + strings.Join(s.diary.lines, "\n") + "\n\n"
	}
	for _, p := range r.publishers {
		text += "publisher of " + p.channel + "\n" + strings.Join(p.diary.lines, "\n") + "\n\n"
	}
	return text
}

// toldBefore is how long before a gap shows the telling of it may be noticed.
const toldBefore = time.Second

// judge asks the model.
func (r *run) judge(past []happening) *report {
	judged := model.Run{Before: toldBefore, After: r.options.Telling}
	got := &report{published: make(map[model.Outcome]int)}
	for _, p := range r.publishers {
		judged.Publications = append(judged.Publications, p.sent...)
		for _, m := range p.sent {
			got.published[m.Outcome]++
			got.longest = max(got.longest, m.Answered-m.Sent)
		}
	}
	for _, s := range r.subscribers {
		m := s.promised()
		judged.Subscribers = append(judged.Subscribers, m)
		for _, e := range m.Log {
			if e.Kind == model.Got {
				got.delivered++
			}
		}
	}
	for _, h := range past {
		judged.Disturbed = append(judged.Disturbed, model.Span{From: h.from, To: h.next})
	}
	for _, f := range judged.Judge() {
		got.faults = append(got.faults, f.String())
	}
	got.repeated = judged.Repeated
	for _, h := range past {
		if h.kills {
			got.recovery = append(got.recovery, judged.Recovery(h.from, h.next, plain)...)
			got.outage = max(got.outage, longest(judged.Publications, h))
		}
	}
	slices.Sort(got.recovery)
	return got
}
