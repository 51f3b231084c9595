package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"halley/bayeux/client"
)

// neighbours are well-behaved subscribers, half over websockets and half over polls. Each must get every
// event of the channel, once and in order, by the session that it began with.
type neighbours struct {
	server *server
	all    []*neighbour
	sent   int // events
	every  time.Duration
	times  *latencies
	group  sync.WaitGroup
	stop   context.CancelFunc
}

type neighbour struct {
	client *client.Client
	kind   string // of its connection
	id     string
	got    atomic.Int64
	wrong  atomic.Int64 // events out of turn
	errors atomic.Int64 // what Run recovered from
	last   atomic.Value // of these, in words
	times  *latencies   // of all
}

const goodChannel = "/good/prices"

// settle opens them.
func settle(ctx context.Context, s *server, count int, every time.Duration) (*neighbours, error) {
	ctx, stop := context.WithCancel(ctx)
	n := &neighbours{server: s, stop: stop, every: every, times: newLatencies()}
	for i := range count {
		b := &neighbour{times: n.times}
		kind := []string{"websocket", "long-polling"}[i%2]
		c, err := client.New("http://"+s.public+"/bayeux", client.Options{
			ConnectionTypes: []string{kind}, OnError: func(err error) { b.errors.Add(1); b.last.Store(err.Error()) },
			NetworkDelay: 5 * time.Minute, // machines are busy
		})
		if err != nil {
			return nil, err
		}
		if err := c.Handshake(ctx); err != nil {
			return nil, err
		}
		if err := c.Subscribe(ctx, goodChannel, b.hear); err != nil {
			return nil, err
		}
		b.client, b.id, b.kind = c, c.ID(), kind
		n.all = append(n.all, b)
		n.group.Go(func() { c.Run(ctx) })
	}
	return n, nil
}

// hear takes the next event, whose data is its number.
func (b *neighbour) hear(m client.Message) {
	number, _ := strconv.ParseInt(string(m.Data), 10, 64)
	if number != b.got.Load() {
		b.wrong.Add(1)
	}
	if b.times != nil {
		b.times.heard(int(number))
	}
	b.got.Add(1)
}

// feed publishes an event now and then until ctx ends. What is refused comes again: it is the memory's right.
func (n *neighbours) feed(ctx context.Context) error {
	for ctx.Err() == nil {
		n.times.sends(n.sent)
		status, err := n.server.publish(context.WithoutCancel(ctx), event(goodChannel, strconv.Itoa(n.sent)))
		if err != nil {
			return err
		}
		if status == 200 {
			n.sent++
		}
		select {
		case <-ctx.Done():
		case <-time.After(n.every):
		}
	}
	return nil
}

// patience is how long the events may take: only a server that has lost them takes longer.
const patience = 5 * time.Minute

// judge waits for all events and says what went wrong.
func (n *neighbours) judge() (faults []string) {
	for end := time.Now().Add(patience); time.Now().Before(end) && n.missing() > 0; time.Sleep(50 * time.Millisecond) {
	}
	cut, wrong, errors := 0, int64(0), int64(0)
	for _, b := range n.all {
		if b.client.ID() != b.id {
			cut++
		}
		wrong += b.wrong.Load()
		errors += b.errors.Load()
		if text := b.last.Load(); text != nil && len(faults) < 3 {
			faults = append(faults, fmt.Sprintf("a neighbour by %s: %v", b.kind, text))
		}
	}
	for what, count := range map[string]int64{
		"neighbours lost their session": int64(cut), "events came to neighbours out of turn": wrong,
		"failures of neighbours' connections": errors, "events did not reach a neighbour": int64(n.missing()),
	} {
		if count > 0 {
			faults = append(faults, fmt.Sprintf("%d %s", count, what))
		}
	}
	n.stop()
	n.group.Wait()
	return faults
}

func (n *neighbours) missing() (count int) {
	for _, b := range n.all {
		count += max(0, n.sent-int(b.got.Load()))
	}
	return count
}
