// Proved by TestClaim.

package nodes

import (
	"context"
	"encoding/binary"
	"strconv"

	"halley/loop/cluster/wire"
)

// tries is how many numbers are claimed before a node gives up.
const tries = 8

// claim finds a number that nobody says to have.
func (n *Nodes) claim(ctx context.Context) error {
	n.self = newIdentity(n.o.Clock, n.o.Random)
	for range tries {
		var b [2]byte
		n.o.Random(b[:])
		if n.number = binary.BigEndian.Uint16(b[:]); n.number == 0 {
			continue // it stands for no cluster
		}
		free, err := n.free(ctx)
		if err != nil || free {
			return err
		}
	}
	return errNoNumber
}

// free asks whether the number is taken. Who hears nothing for the time of a heartbeat takes it.
func (n *Nodes) free(ctx context.Context) (bool, error) {
	subject := n.o.Prefix + ".q." + strconv.FormatUint(uint64(n.self), 36)
	answered := make(chan struct{}, 1)
	end, err := n.o.Wire.Subscribe(subject, func(m *wire.Message) {
		if m.Nobody() {
			return
		}
		select {
		case answered <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return false, err
	}
	defer end()
	if !n.o.Wire.Send(wire.Message{Subject: n.subject(), Reply: subject, Data: n.heartbeat().append(nil)}) {
		n.o.Log.Warn("the number of this node could not be claimed, since too much waits to be sent to the cluster", "node", n.number)
	}
	if err := n.o.Clock.Wait(ctx, n.o.Timeout/beats); err != nil {
		return false, err
	}
	select {
	case <-answered:
		return false, nil
	default:
		return true, nil
	}
}

// answer tells who claims this node's number that it is taken.
func (n *Nodes) answer(h *heartbeat, to string) {
	if h.Number == n.number && h.Of != n.self && to != "" && n.phase != leaving {
		n.o.Wire.Send(wire.Message{Subject: to, Data: n.heartbeat().append(nil)})
	}
}
