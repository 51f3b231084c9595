package loop

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"halley/bayeux"
	"halley/loop/bus"
)

// nodesLink joins servers of this process as if they were nodes: what goes to another one
// is encoded and parsed.
type nodesLink struct {
	bus.Link
	t     *testing.T
	nodes map[uint16]*nodesLink

	mu      sync.Mutex
	effects map[bayeux.EffectKind]int
	reports map[bayeux.ReportKind]int
	kinds   map[bus.Kind]int
}

func (l *nodesLink) Reaches(node uint16) bool { return l.nodes[node] != nil }

func (l *nodesLink) Send(m bus.Message) {
	if l.Link.Reaches(m.To.Node) {
		l.Link.Send(m)
		return
	}
	if m.Flow != nil {
		l.t.Error("what two loops share goes to another node")
	}
	l.note(&m)
	parsed, err := bus.ParseMessage(bus.AppendMessage(nil, &m))
	if err != nil {
		l.t.Errorf("%+v: %v", m, err)
		return
	}
	l.nodes[m.To.Node].Link.Send(parsed)
}

func (l *nodesLink) note(m *bus.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kinds[m.Kind]++
	switch m.Kind {
	case bus.Effect:
		l.effects[m.Effect.Kind]++
	case bus.Report:
		l.reports[m.Report.Kind]++
	}
}

func (l *nodesLink) reported(kind bayeux.ReportKind) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reports[kind]
}

// twoNodes are two servers with a link to each other.
func twoNodes(t *testing.T, change func(*Config)) (servers [2]*Server, links [2]*nodesLink) {
	t.Helper()
	nodes := make(map[uint16]*nodesLink)
	for n := range servers {
		s, err := New(config(func(c *Config) {
			change(c)
			c.node = uint16(n)
		}))
		if err != nil {
			t.Fatal(err)
		}
		links[n] = &nodesLink{Link: s.link, t: t, nodes: nodes, effects: make(map[bayeux.EffectKind]int),
			reports: make(map[bayeux.ReportKind]int), kinds: make(map[bus.Kind]int)}
		nodes[uint16(n)], servers[n], s.link = links[n], s, links[n]
	}
	for _, s := range servers {
		s.runUntilEnd(t)
	}
	return servers, links
}

// A client may come to another node than its session's, by any kind of connection: it is
// as if the session were there, and the node of the session learns what became of its
// replies.
func TestSessionOfAnotherNode(t *testing.T) {
	t.Parallel()
	nodes, links := twoNodes(t, func(c *Config) { c.Loops = 2 })
	home := dial(t, nodes[1])
	id := home.subscriber("/a")
	if a, ok := bayeux.ParseClientID([]byte(id)); !ok || a.Node != 1 {
		t.Fatalf("a session of %v", a)
	}
	publisher := home.handshake()
	say := func(data int) {
		t.Helper()
		equal(t, home.bayeux(publish(publisher, "/a", fmt.Sprint(data)))[0]["successful"], true)
	}
	held := func() bool { return nodes[1].Stats().Held == 1 }

	poll := dial(t, nodes[0])
	for n := range 3 {
		poll.send(post(connect(id)))
		eventually(t, held)
		say(n)
		equal(t, events(poll.messages()), []string{fmt.Sprint(n)})
	}
	eventually(t, func() bool { return links[0].reported(bayeux.Written) == 3 })

	poll.send(post(connect(id)))
	eventually(t, held)
	poll.Close()
	eventually(t, func() bool { return !held() && links[0].reported(bayeux.Gone) == 1 })
	say(3) // waits for whoever comes next

	socket := socketOf(t, nodes[0])
	socket.frame(1, connect(id))
	equal(t, events(socket.text()), []string{"3"})
	say(4)
	equal(t, events(socket.text()), []string{"4"})
	equal(t, socket.roundTrip(publish(id, "/a", "5"))[0]["successful"], true)

	_, stream := dial(t, nodes[0]).openStream(getRequest("/bayeux/"+id, "Accept: text/event-stream\r\n"))
	say(6)
	for line := ""; !strings.Contains(line, `"data":6`); {
		var err error
		if line, err = stream.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	links[0].mu.Lock()
	defer links[0].mu.Unlock()
	links[1].mu.Lock()
	defer links[1].mu.Unlock()
	if links[0].kinds[bus.Batch] == 0 || links[0].kinds[bus.Open] == 0 || links[1].effects[bayeux.Hold] < 4 ||
		links[1].effects[bayeux.Deliver] == 0 || links[1].effects[bayeux.Stream] < 2 || links[1].effects[bayeux.EndStream] == 0 {
		t.Errorf("sent %v and effects %v", links[0].kinds, links[1].effects)
	}
}

// A batch that makes way for others asks the node of its connection whether to go on.
func TestBatchOfAnotherNodeYields(t *testing.T) {
	t.Parallel()
	nodes, links := twoNodes(t, func(c *Config) { c.TurnWork = 100 })
	id := dial(t, nodes[1]).subscriber("/a")
	const messages = 100
	batch := strings.Repeat(","+publish(id, "/a", "1"), messages)[1:]
	equal(t, len(dial(t, nodes[0]).bayeux("["+batch+"]")), messages)
	if n := links[0].reported(bayeux.GoOn); n == 0 {
		t.Error("it went on without being asked")
	}
}

// A clientId of a node that there is no link to is one of nobody.
func TestSessionOfNoNode(t *testing.T) {
	t.Parallel()
	nodes, _ := twoNodes(t, func(*Config) {})
	alone := start(t, nil)
	id := dial(t, nodes[1]).handshake()
	equal(t, dial(t, alone).bayeux(connect(id))[0]["error"], "402::session_unknown")
	answer := dial(t, alone).ask(getRequest("/bayeux/"+id, "Accept: text/event-stream\r\n"))
	equal(t, answer.StatusCode, 404)
}
