package loop

import (
	"encoding/base32"
	"encoding/binary"
	"testing"

	"halley/bayeux"
	"halley/loop/bus"
)

// fakeLink keeps what is sent over it. It reaches the own node and one more.
type fakeLink struct {
	other uint16
	sent  []bus.Message
}

func (l *fakeLink) Reaches(node uint16) bool { return node == 0 || node == l.other }
func (l *fakeLink) Apart(uint16) bool        { return false }
func (l *fakeLink) Send(m bus.Message)       { l.sent = append(l.sent, m) }

// A message to the loop itself is taken at once, one to another loop or to any loop of
// another node goes over the link.
func TestRoute(t *testing.T) {
	b := newBench(t, 1)
	r, link := b.server.reactors[0], new(fakeLink)
	b.server.link = link
	session, _ := r.core.Find([]byte(b.handshake(t, b.open())))
	for _, tt := range []struct {
		at   bayeux.Place
		sent bool
	}{
		{bayeux.Place{}, false},
		{bayeux.Place{Loop: 1}, true},
		{bayeux.Place{Node: 1}, true},
		{bayeux.Place{Node: 1, Loop: 1}, true},
	} {
		link.sent = nil
		r.report(tt.at, bayeux.Report{Kind: bayeux.Late, Session: session, Took: 1000})
		r.toConnection(&bayeux.Effect{Kind: bayeux.Abandon, To: bayeux.ReplyTo{Node: tt.at.Node, Loop: tt.at.Loop, Conn: 1}})
		if !tt.sent {
			equal(t, len(link.sent), 0)
			continue
		}
		equal(t, len(link.sent), 2)
		equal(t, link.sent[0].To == tt.at && link.sent[0].Report.Took == 1000, true)
		equal(t, link.sent[1].To == tt.at && link.sent[1].Effect.To.Conn == 1, true)
	}
}

// A clientId names the loop of its session. One of a node without a link, or of a loop
// that has never been, is for whoever has it.
func TestHomeOf(t *testing.T) {
	b := newBench(t, 1)
	r := b.server.reactors[0]
	b.server.link = &fakeLink{other: 1}
	equal(t, r.homeOf([]byte(b.handshake(t, b.open()))), bayeux.Place{})
	equal(t, r.homeOf([]byte("none")), bayeux.Place{})
	for node, want := range []bayeux.Place{{}, {Node: 1, Loop: 5}, {}} {
		equal(t, r.homeOf(idAt(bayeux.Place{Node: uint16(node), Loop: 5})), want)
	}
}

// idAt is a clientId with a loop's address.
func idAt(p bayeux.Place) []byte {
	raw := make([]byte, 28)
	binary.BigEndian.PutUint16(raw[0:], p.Node)
	binary.BigEndian.PutUint16(raw[2:], p.Loop)
	return base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding).AppendEncode(nil, raw)
}
