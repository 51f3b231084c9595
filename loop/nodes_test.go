package loop

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"halley/bayeux"
	"halley/bayeux/event"
	"halley/bayeux/rules"
	"halley/loop/bus"
	"halley/loop/sequence"
)

// nodesLink joins servers of this process as if they were nodes: what goes to another one
// is encoded and parsed.
type nodesLink struct {
	bus.Link
	t       *testing.T
	nodes   map[uint16]*nodesLink
	cluster *nodesCluster
	awaited []string // the patterns of subscriptions that were told to other nodes

	mu      sync.Mutex
	gone    map[uint16]bool // nodes that are not reached
	apart   bool            // those are there
	mute    map[uint16]bool // nodes to which what is sent is lost
	dropped int             // messages that were lost
	stopped map[uint16]bool // nodes to which what is sent waits
	waiting []bus.Message
	effects map[bayeux.EffectKind]int
	reports map[bayeux.ReportKind]int
	kinds   map[bus.Kind]int
}

func (l *nodesLink) Reaches(node uint16) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.nodes[node] != nil && !l.gone[node]
}

// Apart implements bus.Link.
func (l *nodesLink) Apart(node uint16) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.apart && l.gone[node]
}

// silent tells whether what is sent to a node is lost.
func (l *nodesLink) silent(node uint16) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mute[node] {
		l.dropped++
	}
	return l.mute[node]
}

// lost is how many messages were.
func (l *nodesLink) lost() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped
}

// stop has what is sent to a node wait.
func (l *nodesLink) stop(node uint16) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped[node] = true
}

// keeps tells whether a message waits, which it does then.
func (l *nodesLink) keeps(m *bus.Message) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped[m.To.Node] {
		parsed, err := bus.ParseMessage(bus.AppendMessage(nil, m))
		if err != nil {
			l.t.Error(err)
		}
		l.waiting = append(l.waiting, parsed)
	}
	return l.stopped[m.To.Node]
}

// kept is how many messages wait.
func (l *nodesLink) kept() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}

// goOn sends what waits.
func (l *nodesLink) goOn() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.waiting {
		l.nodes[m.To.Node].Link.Send(m)
	}
	l.waiting, l.stopped = nil, make(map[uint16]bool)
}

// sever has two servers lose each other: what one sends to the other is lost from when it is silent on. It waits until both have
// ended what they had to do with each other.
func sever(t *testing.T, a, b *nodesLink) {
	t.Helper()
	var done sync.WaitGroup
	for _, pair := range [][2]*nodesLink{{a, b}, {b, a}} {
		l, other := pair[0], pair[1].cluster.node
		l.mu.Lock()
		l.gone[other], l.mute[other] = true, false
		l.mu.Unlock()
		done.Add(1)
		l.cluster.server.NodeGone(other, done.Done)
	}
	done.Wait()
}

// hush has what a server sends to another be lost.
func (l *nodesLink) hush(node uint16) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mute[node] = true
}

// heal has two servers reach each other again.
func heal(a, b *nodesLink) {
	for _, pair := range [][2]*nodesLink{{a, b}, {b, a}} {
		pair[0].mu.Lock()
		pair[0].gone[pair[1].cluster.node] = false
		pair[0].mu.Unlock()
	}
}

func (l *nodesLink) Send(m bus.Message) {
	switch {
	case l.Link.Reaches(m.To.Node):
		l.Link.Send(m)
		return
	case !l.Reaches(m.To.Node):
		if told, ok := bus.Undelivered(&m); ok {
			l.Link.Send(told)
		}
		return
	case l.silent(m.To.Node), l.keeps(&m):
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

// nodesCluster is the cluster of servers of this process, as one of them sees it.
type nodesCluster struct {
	*nodesLink
	keys   []string // of what was published together
	node   uint16
	server *Server
	stop   func() // the server, which drains
}

func (c *nodesCluster) Node() uint16 { return c.node }

func (c *nodesCluster) Link(local *bus.Local) bus.Link {
	c.nodesLink.Link = local
	return c.nodesLink
}

func (c *nodesCluster) Log(local *sequence.Local) sequence.Log { return spreadLog{local, c} }

func (c *nodesCluster) Spread(e event.Event) {
	for _, other := range c.nodes {
		if other != c.nodesLink {
			other.cluster.server.Arrived([]event.Event{e})
		}
	}
}

func (c *nodesCluster) Await(patterns []string, then func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awaited = append(c.awaited, strings.Join(patterns, " "))
	go then()
}

func (c *nodesCluster) Most() int { return 1 << 20 }

func (c *nodesCluster) Congested() bool { return false }

func (c *nodesCluster) MoreWildcards() int { return 2 }

// spreadLog has each node keep an order of its own, of channels with a history too.
type spreadLog struct {
	*sequence.Local
	cluster *nodesCluster
}

func (l spreadLog) Publish(e event.Event, behaviour rules.Behaviour, stored func(error)) {
	l.PublishAlso(e, behaviour, l.cluster.Spread)
	stored(nil)
}

func (l spreadLog) PublishTogether(events []event.Event, keys []string, stored func(error)) {
	l.cluster.mu.Lock()
	l.cluster.keys = append(l.cluster.keys, keys...)
	l.cluster.mu.Unlock()
	for _, e := range events {
		l.PublishAlso(e, l.Behaviour(e.Channel()), l.cluster.Spread)
	}
	stored(nil)
}

// twoNodes are two servers with a link to each other.
func twoNodes(t *testing.T, change func(*Config)) (servers [2]*Server, links [2]*nodesLink) {
	t.Helper()
	nodes := make(map[uint16]*nodesLink)
	for n := range servers {
		l := &nodesLink{t: t, nodes: nodes, gone: make(map[uint16]bool), mute: make(map[uint16]bool), stopped: make(map[uint16]bool), effects: make(map[bayeux.EffectKind]int),
			reports: make(map[bayeux.ReportKind]int), kinds: make(map[bus.Kind]int)}
		l.cluster = &nodesCluster{nodesLink: l, node: uint16(n)}
		s := made(t, func(c *Config) {
			change(c)
			c.Cluster = l.cluster
		})
		l.cluster.server = s
		links[n], nodes[uint16(n)], servers[n] = l, l, s
	}
	for n, s := range servers {
		links[n].cluster.stop = s.runUntilStop(t)
	}
	return servers, links
}

// What is published on one node, by whomever, comes to the subscribers on all of them, once and in order.
func TestEventsOfAnotherNode(t *testing.T) {
	t.Parallel()
	nodes, links := twoNodes(t, func(c *Config) { c.Loops, c.Rules = 2, []string{"/last/** snapshot"} })
	home, other := dial(t, nodes[0]), dial(t, nodes[1])
	for _, channel := range []string{"/a", "/last/a"} {
		id := other.subscriber(channel)
		mine := home.subscriber(channel)
		for n := range 3 {
			mustPublish(t, nodes[0], channel, fmt.Sprint(2*n))
			equal(t, home.bayeux(publish(mine, channel, fmt.Sprint(2*n+1)))[0]["successful"], true)
		}
		got := events(other.bayeux(connect(id)))
		for len(got) < 6 {
			got = append(got, events(other.bayeux(connect(id)))...)
		}
		equal(t, got, []string{"0", "1", "2", "3", "4", "5"})
	}
	other.subscriber("/a") // on the loop of the one before: nobody has to be told
	for n, l := range links {
		l.mu.Lock()
		if want := []string{"/a", "/last/a"}; !slices.Equal(l.awaited, want) {
			t.Errorf("node %d told others of %q, want %q", n, l.awaited, want)
		}
		l.mu.Unlock()
	}
}

// Of patterns with wildcards only so many are told to other nodes: a subscription to more is refused, and one to what is known is not.
func TestWildcardsOfANode(t *testing.T) {
	t.Parallel()
	nodes, _ := twoNodes(t, func(c *Config) { c.Loops = 1 }) // with room for two more, always
	w := dial(t, nodes[0])
	id := w.handshake()
	ask := func(id, patterns string) any {
		t.Helper()
		reply := w.bayeux(`[{"channel":"/meta/subscribe","clientId":"` + id + `","subscription":` + patterns + `}]`)
		return reply[len(reply)-1]["error"]
	}
	equal(t, ask(id, `["/a/*","/b/**","/c/*"]`), any("503::too_many_wildcards"))
	equal(t, ask(id, `["/a/*","/b/**","/c","/d"]`), nil)
	equal(t, ask(w.handshake(), `["/a/*","/b/**","/c/*"]`), nil)
	if a := w.ask(request("GET", "/events?channel=/e/*&channel=/f/*&channel=/g/*")); a.StatusCode != 503 || !strings.Contains(a.body, "too_many_wildcards") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// What each node gets by itself reaches its own subscribers, and no tap and no other node. What comes from another node is no
// matter of this one's tap either.
func TestPublishHere(t *testing.T) {
	t.Parallel()
	var taps [2]offered
	next := 0
	nodes, _ := twoNodes(t, func(c *Config) {
		c.Loops, c.Rules, c.Tap = 2, []string{"/last/** snapshot", "/kept/** history=1"}, &taps[next]
		next++
	})
	home, other := dial(t, nodes[0]), dial(t, nodes[1])
	mine, theirs := home.subscriber("/**"), other.subscriber("/**")
	own := &Passed{Trail: event.Trail{}.Past(nodes[0].Hops().Node())}
	for _, p := range []Publication{
		{Channel: []byte("/a"), Data: []byte("1"), Here: true}, {Channel: []byte("/a"), Data: []byte("2"), Here: true, Passed: own},
		{Channel: []byte("/last/a"), Data: []byte("3"), Here: true}, {Channel: []byte("/last/a"), Data: []byte("4")},
		{Channel: []byte("/kept/a"), Data: []byte("5")},
	} {
		if err := nodes[0].Publish([]Publication{p}); err != nil {
			t.Fatal(err)
		}
	}
	refused := nodes[0].Publish([]Publication{{Channel: []byte("/kept/a"), Data: []byte("6"), Here: true}})
	if _, is := refused.(ChannelError); !is {
		t.Errorf("refused with %v", refused)
	}
	for _, c := range []struct {
		w    *wire
		id   string
		want []string
	}{{home, mine, []string{"1", "3", "4", "5"}}, {other, theirs, []string{"4", "5"}}} {
		got := events(c.w.bayeux(connect(c.id)))
		for len(got) < len(c.want) {
			got = append(got, events(c.w.bayeux(connect(c.id)))...)
		}
		equal(t, got, c.want)
	}
	if here, there := taps[0].all(), taps[1].all(); len(here) != 2 || len(there) != 0 {
		t.Errorf("the taps were told %q and %q", here, there)
	}
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

// What comes by other servers to several nodes has one key, by which the order of all nodes knows it, if it has a number; what differs in
// anything has another one.
func TestPassedOnToNodes(t *testing.T) {
	t.Parallel()
	nodes, links := twoNodes(t, func(c *Config) { c.Rules = []string{"/kept/** history=1"} })
	numbered := func(number uint64) *Passed {
		return &Passed{Trail: event.Trail{Via: []string{"0123456789abcdef"}, Origin: "0123456789abcdef", Number: number}}
	}
	for _, n := range nodes {
		for _, p := range []Publication{
			{Channel: []byte("/kept/a"), Data: []byte("1"), Passed: numbered(1)}, {Channel: []byte("/kept/a"), Data: []byte("2"), Passed: numbered(1)},
			{Channel: []byte("/kept/b"), Data: []byte("1"), Passed: numbered(1)}, {Channel: []byte("/kept/a"), Data: []byte("1"), Passed: numbered(2)},
			{Channel: []byte("/kept/a"), Data: []byte("3"), Passed: &Passed{Trail: event.Trail{Via: []string{"0123456789abcdef"}}}},
			{Channel: []byte("/kept/a"), Data: []byte("4"), Key: "k"},
		} {
			if err := n.Publish([]Publication{p}); err != nil {
				t.Fatal(err)
			}
		}
	}
	here, there := links[0].cluster.keys, links[1].cluster.keys
	if len(here) != 5 || !slices.Equal(here, there) || here[4] != "k" {
		t.Errorf("the keys %q and %q", here, there)
	}
	slices.Sort(here)
	if len(slices.Compact(here)) != 5 {
		t.Errorf("two of %q are one", here)
	}
}

// What cannot go to other nodes is refused before anybody gets it: at the start, if clients might publish it.
func TestTooLargeForOtherNodes(t *testing.T) {
	t.Parallel()
	nodes, _ := twoNodes(t, func(c *Config) { c.MaxMailbox = 64 << 20 })
	large := Publication{Channel: []byte("/a"), Data: []byte(`"` + strings.Repeat("x", 1<<20) + `"`)}
	err := nodes[0].Publish([]Publication{{Channel: []byte("/a"), Data: []byte("1")}, large})
	if refused, is := err.(ChannelError); !is || refused.Index != 1 {
		t.Errorf("refused with %v", err)
	}
	_, err = New(config(func(c *Config) { c.MaxMessage, c.Cluster = 1<<20, new(nodesCluster) }))
	if err == nil || !strings.HasPrefix(err.Error(), "--max-message: at most 1047552 bytes") {
		t.Errorf("it starts with %v", err)
	}
}
