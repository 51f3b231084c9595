package loop

// Proved by TestTakeOver, TestTakeOverUnderLoad and TestSuccessorThatDies.

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"halley/loop/handover"
	"halley/loop/sequence"
)

// succession is a server that takes over from its predecessor.
type succession struct {
	*Predecessor
	shared    *shared
	local     *sequence.Local
	hosting   <-chan struct{} // closed when its loops run
	listening *listeners
	steering  *steering
	over      *atomic.Bool // it has a successor itself
}

// inherit has the predecessor leave its order, and waits until it has.
func (p *succession) inherit(ctx context.Context) error {
	p.link = handover.NewLink(p.conn, p.shared.cfg.MaxMailbox)
	go func() {
		defer close(p.gone)
		p.why = p.link.Run(func(m handover.Message) { p.hear(m) })
	}()
	p.link.Send(handover.Message{Kind: handover.Freeze})
	select {
	case <-p.frozen:
	case <-p.gone:
		return fmt.Errorf("--control: the predecessor has gone during the hand-over: %w", p.why)
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := p.local.Inherit(p.estate); err != nil {
		return err
	}
	p.shared.peer.Store(p.link)
	p.local.Tell(func(e handover.Entry) { p.link.Send(handover.Message{Kind: handover.Event, Entry: e}) })
	return nil
}

// hear takes what the predecessor says.
func (p *succession) hear(m handover.Message) {
	switch m.Kind {
	case handover.Past:
		p.estate.Parts = append(p.estate.Parts, *m.Past)
	case handover.Frozen:
		p.estate.Last = m.Number
		close(p.frozen)
	case handover.Publish:
		p.shared.relayed(m.Events)
	case handover.Order:
		number := m.Number
		p.local.Lead(sequence.Order{Number: number, Together: m.Together, Events: m.Events}, func(failure string) {
			p.link.Send(handover.Message{Kind: handover.Stored, Number: number, Failure: failure})
		})
	}
}

// succeed says that this server serves, once it does, and closes the predecessor's sockets when that has gone.
func (p *succession) succeed(ctx context.Context) {
	select {
	case <-p.hosting:
	case <-ctx.Done():
		p.Close()
		return
	}
	p.steering.succeed(p.listening.old()) // what waits in the queues of its sockets is accepted still
	p.link.Send(handover.Message{Kind: handover.Serves})
	select {
	case <-p.gone:
	case <-ctx.Done():
		p.link.Close()
		<-p.gone
	}
	p.shared.peer.Store(nil)
	if errors.Is(p.why, handover.ErrSlow) {
		p.shared.cfg.Log.Error("the link with the predecessor has ended: its clients do not get what is published here, nor those here what is published there", "error", p.why)
	}
	p.local.Tell(nil)
	p.estate = sequence.Estate{}
	if sleep(ctx, lastSteps) && !p.over.Load() {
		p.shared.cfg.Log.Info("the predecessor has gone")
		p.steering.retire(p.listening.old())
	}
}

// lastSteps is how long a connection that began before it was steered may take to be accepted.
const lastSteps = 3 * time.Second
