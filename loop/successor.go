package loop

// Proved by TestTakeOver, TestTakeOverUnderLoad and TestSuccessorThatDies.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"halley/loop/handover"
	"halley/loop/listen"
	"halley/loop/sequence"
)

// succession is a server that takes over from its predecessor.
type succession struct {
	*Predecessor
	shared    *shared
	local     *sequence.Local
	hosting   <-chan struct{} // closed when its loops run
	listening *listeners
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
	p.steer()
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
		p.retire()
	}
}

// lastSteps is how long a connection that began before it was steered may take to be accepted.
const lastSteps = 3 * time.Second

// steer has new connections go to the sockets of this server's loops: those of the predecessor stand before them in their
// group. What waits in its queues is accepted still.
func (p *succession) steer() {
	for number, old := range p.listening.old() {
		if err := p.steerTo(number, len(old), p.shared.cfg.Loops); err != nil {
			p.shared.cfg.Log.Warn("new connections come by the predecessor's sockets for a while", "error", err)
		}
	}
}

// steerTo has new connections of a listener go to count sockets behind those of the predecessor.
func (p *succession) steerTo(number, olds, count int) error {
	own, err := p.ownSocket(number)
	if err != nil {
		return err
	}
	defer own.Close()
	return listen.Steer(own, olds, count)
}

// ownSocket is one of this server's sockets in a group that it shares with its predecessor.
func (p *succession) ownSocket(number int) (own *os.File, err error) {
	copies, err := listen.Shared(p.shared.listeners[number].Address)
	for _, c := range copies {
		if own == nil && !p.listening.isOld(c) {
			own = c
		} else {
			c.Close()
		}
	}
	if err == nil && own == nil {
		err = errors.New("no socket of this server is known")
	}
	return own, err
}

// retire closes the sockets of the predecessor. Each that closes gives its place in the group to the last one; so the first
// one behind them stays one of this server's, as long as it has as many.
func (p *succession) retire() {
	for number, old := range p.listening.old() {
		own, err := p.ownSocket(number)
		if err != nil {
			p.shared.cfg.Log.Warn("sockets of the predecessor stay", "error", err)
			continue
		}
		_ = listen.Steer(own, len(old), 1)
		for _, socket := range old {
			socket.Close()
		}
		_ = listen.Unsteer(own)
		own.Close()
	}
}
