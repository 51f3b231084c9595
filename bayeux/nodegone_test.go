package bayeux

import (
	"fmt"
	"strings"
	"testing"
)

// A batch that has made way for others, and came from a node that goes meanwhile, is given up, with those behind it; batches of
// other nodes go on.
func TestYieldToANodeThatGoes(t *testing.T) {
	b := audience(t, 100, 1000)
	b.server.BeginTurn()
	for node := range uint16(2) {
		for range 2 {
			batch := scanned(t, b.publishes(15))
			b.server.Handle(b.now, Request{To: ReplyTo{Node: node, Serial: 9999}, Type: WebSocket}, &batch, &b.fx)
		}
	}
	if parked, waiting := len(b.server.parked), len(b.server.backlogs.of); parked != 2 || waiting != 2 {
		t.Fatalf("%d parked, %d backlogs", parked, waiting)
	}
	b.fx.Reset()
	b.server.NodeGone(b.now, 1, 0, 1, &b.fx)
	if parked, of := len(b.server.parked), b.server.backlogs.of; parked != 1 || len(of) != 1 || of[ReplyTo{Serial: 9999}] == nil {
		t.Errorf("%d parked, backlogs %v", parked, of)
	}
	if len(b.fx.List) != 1 || b.fx.List[0].Kind != CaughtUp || b.fx.List[0].To.Node != 1 {
		t.Errorf("effects %+v", b.fx.List)
	}
}

// News of losses that went to a node which is gone are told again; what else is in flight stays there.
func TestLossesToANodeThatGoes(t *testing.T) {
	p := newPlayer(t, "")
	p.run("config queue-messages=1")
	p.run("post 1\n" + `{"channel":"/meta/handshake"}`)
	p.run("post 2\n" + `[{"channel":"/meta/connect","clientId":"$1"},{"channel":"/meta/subscribe","clientId":"$1","subscription":"/a"}]`)
	p.run("missed /a")
	const told = `"ext":{"dropped":`
	connect := func(to int) string {
		return p.run(fmt.Sprint("post ", to, "\n", `{"channel":"/meta/connect","clientId":"$1","advice":{"timeout":0}}`))
	}
	for _, node := range []int{2000, 3000} {
		if out := connect(node); !strings.Contains(out, told) {
			t.Fatal(out)
		}
		p.run(fmt.Sprint("node-gone ", node))
		if p.run("outlet $1") != "away, expiry, nothing on its way\n" {
			t.Error(p.run("outlet $1"))
		}
	}
	if out := connect(4); !strings.Contains(out, told) {
		t.Error(out)
	}
	p.run("written $1")
	if out := connect(5); strings.Contains(out, told) {
		t.Error(out)
	}
}

// The sessions of a server are looked through by parts, and each of them once.
func TestNodeGoneByParts(t *testing.T) {
	p := newPlayer(t, "")
	const sessions = 50
	for n := range sessions {
		p.run("post 1\n" + `{"channel":"/meta/handshake"}`)
		for range 2 {
			p.run(fmt.Sprintf("post %d\n"+`{"channel":"/meta/connect","clientId":"$%d"}`, 2000+1000*(n%2), n+1))
		}
	}
	from, more, parts := uint32(0), true, 0
	for ; more; parts++ {
		from, more = p.server.NodeGone(p.now, 2, from, 10, &p.fx)
	}
	if held := p.server.Stats().Held; parts < sessions/10 || held != sessions/2 {
		t.Errorf("%d parts, %d are held", parts, held)
	}
}
