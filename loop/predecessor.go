package loop

// Proved by TestTakeOver, TestTakeOverUnderLoad and TestSuccessorThatDies.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"halley/bayeux/event"
	"halley/loop/handover"
	"halley/loop/listen"
	"halley/loop/sequence"
	"halley/loop/socket"
)

// bequest is what a server has for a successor, who comes to its control socket.
type bequest struct {
	shared    *shared
	loops     *loops
	local     *sequence.Local
	listening *listeners
	steering  *steering

	mu      sync.Mutex
	offered map[string]listen.Filer // sockets beside those of the listeners
	handed  chan struct{}           // closed when a successor serves
	over    atomic.Bool             // it is
}

// freezeTime is how long a successor may take from when no number is given any more until it serves.
const freezeTime = 30 * time.Second

// await meets those who come to the control socket, one after the other, until one has taken over and ctx is done. It
// begins when all loops run: before that they do not have all their sockets.
func (b *bequest) await(ctx context.Context, run <-chan struct{}, control net.Listener) {
	select {
	case <-run:
	case <-ctx.Done():
		control.Close()
		return
	}
	listen.Accept(ctx, control, func(ctx context.Context, conn net.Conn) {
		if b.over.Load() {
			conn.Close()
			return
		}
		if err := b.meet(ctx, conn.(*net.UnixConn)); err != nil && ctx.Err() == nil {
			b.shared.cfg.Log.Error("hand-over", "error", err)
		}
	}, b.shared.cfg.Log)
}

// meet hands over to whoever has connected, if it is a successor, and works for its own clients with it until ctx is done.
func (b *bequest) meet(ctx context.Context, conn *net.UnixConn) error {
	defer conn.Close()
	if err := handover.Meet(conn, b.sockets); err != nil {
		return fmt.Errorf("one who came to --control is no successor: %w", err)
	}
	h := &heir{bequest: b, link: handover.NewLink(conn, b.shared.cfg.MaxMailbox)}
	stop := context.AfterFunc(ctx, h.link.Close)
	defer stop()
	err := h.link.Run(h.hear)
	return h.ended(err)
}

// sockets are copies of all that is listened on.
func (b *bequest) sockets() (list []handover.Socket, err error) {
	defer func() {
		if err != nil {
			handover.CloseAll(list)
		}
	}()
	for i, l := range b.shared.listeners {
		if l.Network != listen.TCP {
			continue
		}
		copies, err := listen.Shared(l.Address)
		for _, c := range copies {
			list = append(list, handover.Socket{Name: b.listening.names[i], File: c})
		}
		if err != nil {
			return list, err
		}
	}
	add := func(name string, of listen.Filer) {
		file, fault := of.File()
		if fault != nil {
			err = errors.Join(err, fault)
			return
		}
		list = append(list, handover.Socket{Name: name, File: file})
	}
	for _, a := range b.listening.adopted {
		if of, ok := a.Listener.(listen.Filer); ok && b.shared.listeners[a.number].Network != listen.TCP {
			add(b.listening.names[a.number], of)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, of := range b.offered {
		add(name, of)
	}
	return list, err
}

// heir is a successor as its predecessor sees it.
type heir struct {
	*bequest
	link  *handover.Link
	left  bool // it has the order of sequenced channels
	timer *time.Timer
}

// hear takes what the successor says.
func (h *heir) hear(m handover.Message) {
	switch m.Kind {
	case handover.Freeze:
		h.leave()
	case handover.Serves:
		h.release()
	case handover.Publish:
		h.shared.relayed(m.Events)
	case handover.Event:
		h.local.Followed(m.Entry, false)
	case handover.Stored:
		h.local.Answer(m.Number, m.Failure)
	}
}

// leave gives the order of sequenced channels to the successor.
func (h *heir) leave() {
	h.shared.cfg.Log.Info("a successor is ready: what is remembered goes to it")
	last, err := h.local.Leave(func(part handover.Part) { h.link.Send(handover.Message{Kind: handover.Past, Past: &part}) })
	if err != nil {
		h.shared.cfg.Log.Error("hand-over: history file", "error", err)
	}
	h.steering.give()
	h.left, h.timer = true, time.AfterFunc(freezeTime, h.link.Close)
	h.link.Send(handover.Message{Kind: handover.Frozen, Number: last})
}

// release leaves new connections to the successor.
func (h *heir) release() {
	h.timer.Stop()
	h.local.Follow(func(o sequence.Order) bool {
		return h.link.Send(handover.Message{Kind: handover.Order, Number: o.Number, Together: o.Together, Events: o.Events})
	})
	h.shared.peer.Store(h.link)
	if err := listen.Withdraw(h.pollers()); err != nil {
		h.shared.cfg.Log.Warn("hand-over: some connections still come here", "error", err)
	}
	h.listening.leave()
	h.settle()
	h.shared.cfg.Log.Info("the successor serves: clients go to it")
	h.over.Store(true)
	h.shared.moved.Store(true)
	close(h.handed)
}

// settle waits until each loop has been through the events that it had when the last one came.
func (h *heir) settle() {
	ctx, cancel := context.WithTimeout(context.Background(), settleTimeout)
	defer cancel()
	_ = h.loops.visit(ctx, func(*reactor) {})
}

// pollers are those of all loops, which are bound from the start where a successor may come.
func (h *heir) pollers() (pollers []int) {
	for _, r := range *h.loops.bound.Load() {
		if p := r.input.poller; p != socket.NoPoller {
			pollers = append(pollers, int(p))
		}
	}
	return pollers
}

// ended is called when the link with the successor has ended. If that had not taken over, this server goes on. The clients
// that are still here otherwise miss what is published there, unless this server ends anyway.
func (h *heir) ended(why error) error {
	if h.timer != nil {
		h.timer.Stop()
	}
	switch {
	case h.over.Load():
		h.shared.peer.Store(nil)
		h.local.Orphan()
		return fmt.Errorf("the link with the successor has ended: clients that are still here do not get what is published there: %w", why)
	case h.left:
		h.steering.takeBack()
		return errors.Join(fmt.Errorf("the successor has gone, this server goes on: %w", why), h.local.Return())
	}
	return fmt.Errorf("the successor has gone, this server goes on: %w", why)
}

// relay tells the other server of a hand-over of an event of a channel that is not sequenced, if there is one.
func (s *shared) relay(e event.Event) {
	if link := s.peer.Load(); link != nil {
		link.Send(handover.Message{Kind: handover.Publish, Events: []string{string(e)}})
	}
}

// relayed brings what the other server has relayed to the subscribers here.
func (s *shared) relayed(events []string) {
	for _, text := range events {
		e := event.Event(text)
		s.publishTo(s.interest.Of(e.Channel()), e)
	}
}
