// Proved by TestOrderAndBatches, TestBadBatches and TestReliableOrTorn.

package link

import (
	"strconv"
	"strings"

	"halley/bayeux"
	"halley/loop/bus"
	"halley/loop/cluster/wire"
)

// hear takes a batch of another node.
func (l *Link) hear(m *wire.Message) {
	h, pieces, err := cut(m.Data)
	if err != nil {
		l.counts.malformed.Add(1)
		return
	}
	n, joined := l.o.Nodes.Joined(h.from)
	if !joined || n.Incarnation != h.of || h.to != l.o.Nodes.Incarnation() || !l.o.Nodes.Awake(h.from, h.epoch) {
		l.counts.stale.Add(1)
		return
	}
	n.Epoch = h.epoch
	t := l.target(n)
	if t == nil {
		l.counts.stale.Add(1)
		return
	}
	refused, whole := l.read(t, &h, pieces)
	for _, to := range refused {
		l.refuse(to)
	}
	if !whole {
		l.o.Nodes.Torn(h.from, h.epoch)
	}
}

// read brings the messages of a batch to their loops, and tells of the requests that none takes. It is not whole if something
// before it is missing, or it cannot be read.
func (l *Link) read(t *target, h *header, pieces []byte) (refused []bayeux.ReplyTo, whole bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		l.counts.stale.Add(1)
		return nil, true
	}
	if len(pieces) > 0 {
		t.got++
	}
	if h.number != t.got || h.got > t.sent {
		l.counts.holes.Add(1)
		return nil, false
	}
	t.known, t.owes = max(t.known, h.got), t.owes || h.asks
	var err error
	if h.version != t.node.Version {
		err = errBatch
	} else if broken := t.arrived.messages(pieces, func(m *bus.Message) {
		switch l.post(t.node.Number, m) {
		case busy:
			refused = append(refused, m.Request.To)
		case odd:
			err = errBatch
		}
	}); broken != nil {
		err = broken
	}
	if err != nil {
		l.counts.malformed.Add(1)
	}
	return refused, err == nil
}

// posted is what became of a message that has come.
type posted uint8

const (
	well posted = iota
	busy        // a request for a session that cannot be here, or whose loop has too much to do
	odd         // what no node sends
)

// post brings a message of a node to its loop.
func (l *Link) post(from uint16, m *bus.Message) posted {
	l.counts.received.Add(1)
	asks := m.Kind == bus.Batch || m.Kind == bus.Open
	switch {
	case m.To.Node != l.o.Local.Node || asks && m.Request.To.Node != from:
		return odd
	case asks && !l.o.Local.Takes(m.To, len(m.Data)):
		return busy
	}
	l.o.Local.Send(*m)
	return well
}

// refuse sends a request back that came from another node.
func (l *Link) refuse(to bayeux.ReplyTo) {
	l.counts.refused.Add(1)
	l.Send(bus.Message{To: to.Place(), Kind: bus.Lost, Request: bayeux.Request{To: to}})
}

// unheard takes the news that nobody was there to get a batch.
func (l *Link) unheard(m *wire.Message) {
	words := strings.Split(strings.TrimPrefix(m.Subject, l.o.Prefix+".x."), ".")
	if !m.Nobody() || len(words) != 3 {
		return
	}
	node, err := strconv.ParseUint(words[1], 10, 16)
	epoch, err2 := strconv.ParseUint(words[2], 10, 32)
	if err != nil || err2 != nil {
		return
	}
	l.o.Nodes.Torn(uint16(node), uint32(epoch))
}
