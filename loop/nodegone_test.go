package loop

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"halley/bayeux"
	"halley/loop/bus"
)

// refusal checks that a reply tells a client to shake hands anew.
func refusal(t *testing.T, reply map[string]any, id string) {
	t.Helper()
	advice, _ := reply["advice"].(map[string]any)
	advised := advice["reconnect"] == "handshake" || reply["channel"] != "/meta/connect"
	if reply["error"] != "402::session_unknown" || !advised || fmt.Sprint(reply["id"]) != id {
		t.Errorf("%v", reply)
	}
}

// Whoever waits for a session of a node that is gone hears at once that nobody knows it, in the form of its request; who waits for
// another node, or for this one, goes on waiting. Of what was to be published nobody knows whether it was: it is not published here,
// and not answered as by a server that does not know the session, since clients may repeat what was answered so.
func TestNodeGoneWithRequests(t *testing.T) {
	t.Parallel()
	nodes, links := twoNodes(t, func(c *Config) {
		c.Loops, c.Rules = 2, []string{"/open/** publish=any"}
	})
	home, here := dial(t, nodes[1]), dial(t, nodes[0])
	id, own := home.subscriber("/a"), here.subscriber("/**")
	withID := func(message, id string) string { return strings.Replace(message, "{", `{"id":"`+id+`",`, 1) }

	held, mine := dial(t, nodes[0]), dial(t, nodes[0])
	held.send(post(withID(connect(id), "c")))
	mine.send(post(connect(own)))
	eventually(t, func() bool { return nodes[1].Stats().Held == 1 && nodes[0].Stats().Held == 1 })
	links[0].hush(1)
	publisher := dial(t, nodes[0])
	publisher.send(post("[" + withID(publish(id, "/a", "1"), "p") + "," + withID(publish(id, "/open/a", "2"), "q") + "]"))
	stream := dial(t, nodes[0])
	stream.send(getRequest("/bayeux/"+id, "Accept: text/event-stream\r\n"))
	eventually(t, func() bool { return links[0].lost() == 2 })
	sever(t, links[0], links[1])
	refusal(t, held.messages()[0], "c")
	for i, reply := range publisher.messages() {
		if reply["error"] != "503::node_gone" || reply["id"] != []string{"p", "q"}[i] {
			t.Errorf("%v", reply)
		}
	}
	equal(t, stream.read().StatusCode, 404)
	if st := nodes[1].Stats(); st.Held != 0 || nodes[0].Stats().Forsaken != 3 {
		t.Errorf("%d held there, %d forsaken here", st.Held, nodes[0].Stats().Forsaken)
	}
	refusal(t, held.bayeux(withID(connect(id), "d"))[0], "d") // the connection lives
	mustPublish(t, nodes[0], "/a", "3")
	equal(t, events(mine.messages()), []string{"3"})

	// The session lives where it is, and after the two have found each other again it can be reached.
	heal(links[0], links[1])
	equal(t, events(held.bayeux(connect(id))), []string{"3"})
}

// A client whose session is of a node that is there, and apart, shakes hands in a moment: at once its new session might be as far away
// from its next request. One whose node is gone has nothing to wait for.
func TestPauseWhileNodesAreApart(t *testing.T) {
	t.Parallel()
	nodes, links := twoNodes(t, func(*Config) {})
	id := dial(t, nodes[1]).subscriber("/a")
	sever(t, links[0], links[1])
	client := dial(t, nodes[0])
	interval := func(clientID string) any {
		reply := client.bayeux(connect(clientID))[0]
		refusal(t, reply, "<nil>")
		return reply["advice"].(map[string]any)["interval"]
	}
	equal(t, interval(id), any(0.0))
	links[0].mu.Lock()
	links[0].apart = true
	links[0].mu.Unlock()
	equal(t, interval(id), any(1000.0))
	equal(t, interval("none"), any(0.0))
	own := string(idAt(bayeux.Place{Node: 0, Loop: 0}))
	equal(t, interval(own), any(0.0))
}

// Streams and websockets of a node that is gone end, so that their clients come again.
func TestNodeGoneWithStreams(t *testing.T) {
	t.Parallel()
	nodes, links := twoNodes(t, func(c *Config) { c.Loops = 2 })
	home := dial(t, nodes[1])
	ids := []string{home.subscriber("/a"), home.subscriber("/a"), home.subscriber("/a")}
	socket := socketOf(t, nodes[0])
	socket.frame(1, wsConnect(ids[0]))
	eventually(t, func() bool { return isHeld(nodes[1], ids[0]) })
	response, events := dial(t, nodes[0]).openStream(getRequest("/bayeux/"+ids[1], "Accept: text/event-stream\r\n"))
	equal(t, response.StatusCode, 200)
	response, body := dial(t, nodes[0]).openStream(post(strings.Replace(connect(ids[2]), "long-polling", "xhr-streaming", 1)))
	equal(t, response.StatusCode, 200)
	asking := socketOf(t, nodes[0]) // which waits for a reply alone
	links[0].hush(1)
	asking.frame(1, publish(ids[0], "/a", "1"))
	idle := socketOf(t, nodes[0])
	eventually(t, func() bool { return links[0].lost() == 1 })
	sever(t, links[0], links[1])
	for _, w := range []*wire{socket, asking} {
		opcode, reason := w.readFrame()
		if opcode != 0x88 || !strings.HasPrefix(reason, "\x03\xe9") {
			t.Errorf("opcode %x: %q", opcode, reason)
		}
	}
	for _, in := range []io.Reader{events, body} {
		if _, err := io.ReadAll(in); err != nil {
			t.Error(err)
		}
	}
	id := idle.roundTrip(`[{"channel":"/meta/handshake","supportedConnectionTypes":["websocket"]}]`)[0]["clientId"].(string)
	equal(t, idle.roundTrip(wsConnect(id))[0]["successful"], true)
	for _, id := range ids {
		if isHeld(nodes[1], id) {
			t.Errorf("%s is held", id)
		}
	}
}

// Events on their way to a connection of a node that is gone come by the next one.
func TestNodeGoneWithEventsInFlight(t *testing.T) {
	t.Parallel()
	nodes, links := twoNodes(t, func(c *Config) { c.Loops = 2 })
	home := dial(t, nodes[1])
	id := home.subscriber("/a")
	away := dial(t, nodes[0])
	away.send(post(connect(id)))
	eventually(t, func() bool { return isHeld(nodes[1], id) })
	links[1].hush(0)
	mustPublish(t, nodes[1], "/a", "1")
	eventually(t, func() bool { return links[1].lost() == 1 })
	mustPublish(t, nodes[1], "/a", "2")
	sever(t, links[0], links[1])
	equal(t, home.collect(id, 2), []string{"1", "2"})
	refusal(t, away.messages()[0], "<nil>")
}

// Events of a node that is gone, which their client has not read, do not go to it any more: they go again from where they are.
func TestNodeGoneWithUnsentEvents(t *testing.T) {
	t.Parallel()
	nodes, links := twoNodes(t, func(c *Config) { c.MaxOutput, c.QueueBytes, c.ReplyBytes = 16<<20, 16<<20, 8<<20 })
	home := dial(t, nodes[1])
	id := home.subscriber("/a")
	slow := dialSlow(t, nodes[0])
	slow.send(post(connect(id)))
	eventually(t, func() bool { return isHeld(nodes[1], id) })
	large := `"` + strings.Repeat("x", 60<<10) + `"`
	batch := make([]Publication, 64)
	for i := range batch {
		batch[i] = Publication{Channel: []byte("/a"), Data: []byte(large)}
	}
	if err := nodes[1].Publish(batch); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return nodes[0].Stats().Slow == 1 })
	sever(t, links[0], links[1])
	slow.SetReadDeadline(time.Now().Add(deadline))
	if got, err := io.ReadAll(slow); err == nil && strings.HasSuffix(string(got), "]") {
		t.Errorf("the whole reply came, of %d bytes", len(got))
	}
	equal(t, len(home.collect(id, len(batch))), len(batch))
}

// A request that the node of its session does not take is answered here.
func TestLostRequest(t *testing.T) {
	t.Parallel()
	nodes, links := twoNodes(t, func(*Config) {})
	id := dial(t, nodes[1]).handshake()
	links[0].hush(1)
	w := dial(t, nodes[0])
	w.send(post(connect(id)))
	eventually(t, func() bool { return links[0].lost() == 1 })
	r := nodes[0].reactors[0]
	found := make(chan bayeux.ReplyTo)
	nodes[0].loops.do(0, func(r *reactor) {
		for _, e := range r.errands.of {
			found <- e.request.To
		}
	})
	r.box.Post(&bus.Message{Kind: bus.Lost, Request: bayeux.Request{To: <-found}})
	refusal(t, w.messages()[0], "<nil>")
	r.box.Post(&bus.Message{Kind: bus.Lost, Request: bayeux.Request{To: bayeux.ReplyTo{Conn: 99}}}) // of nobody
	equal(t, w.bayeux(`{"channel":"/meta/handshake","supportedConnectionTypes":["long-polling"]}`)[0]["successful"], true)
}

// Without a loop that has had a connection there is nothing to end.
func TestNodeGoneBeforeAnyConnection(t *testing.T) {
	t.Parallel()
	s := made(t, nil)
	done := false
	s.NodeGone(7, func() { done = true })
	equal(t, done, true)
}

// Many connections and sessions are looked through in several turns, and others have theirs between.
func TestNodeGoneByParts(t *testing.T) {
	t.Parallel()
	nodes, links := twoNodes(t, func(c *Config) { c.Loops, c.TurnWork, c.Hold = 1, 100, unhurried })
	home := dial(t, nodes[1])
	const clients = 120
	var polls []*wire
	for range clients {
		w := dial(t, nodes[0])
		w.send(post(connect(home.subscriber("/a"))))
		polls = append(polls, w)
	}
	eventually(t, func() bool { return nodes[1].Stats().Held == clients })
	sever(t, links[0], links[1])
	for _, w := range polls {
		refusal(t, w.messages()[0], "<nil>")
	}
	eventually(t, func() bool { return nodes[1].Stats().Held == 0 })
}

// A websocket that sends more than the session's node works on is not read from, and goes on when that has caught up.
func TestFlowOfAnotherNode(t *testing.T) {
	t.Parallel()
	nodes, links := twoNodes(t, func(c *Config) { c.Loops, c.MaxMessage, c.MaxHeader = 1, 4096, 4096 })
	id := dial(t, nodes[1]).subscriber("/a")
	socket := socketOf(t, nodes[0])
	socket.frame(1, wsConnect(id))
	eventually(t, func() bool { return isHeld(nodes[1], id) })
	links[0].stop(1)
	const frames = 100
	data := strings.Repeat("x", 1000)
	var writes sync.WaitGroup
	writes.Go(func() {
		for n := range frames {
			socket.frame(1, fmt.Sprintf(`{"channel":"/b","clientId":%q,"id":"%d","data":%q}`, id, n, data))
		}
	})
	paused := func() bool {
		found := make(chan bool, 1)
		nodes[0].loops.do(0, func(r *reactor) {
			is := false
			r.conns.Each(func(_ uint32, c *conn) bool { is = is || c.phase == upgraded && c.stream.paused; return true })
			found <- is
		})
		return <-found
	}
	eventually(t, paused)
	if sent := links[0].kept(); sent > 8 { // 8 KiB, and one more
		t.Errorf("%d frames are on their way", sent)
	}
	links[0].goOn()
	for n := range frames {
		equal(t, socket.text()[0]["id"], fmt.Sprint(n))
	}
	writes.Wait()
	eventually(t, func() bool { return !paused() })
}

// A node that drains has the sessions of others answer what they hold by its connections; one whose sessions are held by others
// answers these as its own.
func TestDrainOfAnotherNode(t *testing.T) {
	t.Parallel()
	for drains := range 2 {
		nodes, links := twoNodes(t, func(c *Config) { c.Loops, c.DrainTimeout = 2, deadline })
		home := dial(t, nodes[1])
		id, streamed := home.subscriber("/a"), home.subscriber("/a")
		poll := dial(t, nodes[0])
		poll.send(post(connect(id)))
		response, stream := dial(t, nodes[0]).openStream(getRequest("/bayeux/"+streamed, "Accept: text/event-stream\r\n"))
		equal(t, response.StatusCode, 200)
		eventually(t, func() bool { return isHeld(nodes[1], id) })
		links[drains].cluster.stop()
		answer := poll.read()
		equal(t, decode(t, answer.body)[0]["successful"], true)
		if _, err := io.ReadAll(stream); err != nil {
			t.Error(err)
		}
		if drains == 0 { // the sessions live
			equal(t, answer.Close, true)
			mustPublish(t, nodes[1], "/a", "1")
			equal(t, home.collect(id, 1), []string{"1"})
		}
	}
}

// Errands are used again, and end with what they are for.
func TestErrands(t *testing.T) {
	t.Parallel()
	var s errands
	a, b := &conn{slot: 1}, &conn{slot: 2}
	s.request(a, 7, &bus.Message{Kind: bus.Batch, Data: []byte("abc"), Request: bayeux.Request{Browser: 5}})
	s.frame(b, 7)
	s.frame(b, 7)
	s.frame(b, 8)
	if e := s.of[1]; !e.concerns(7) || e.concerns(8) || string(e.body) != "abc" || e.request.Browser != 5 {
		t.Errorf("%+v", e)
	}
	if e := s.of[2]; !e.concerns(7) || !e.concerns(8) || len(e.nodes) != 2 {
		t.Errorf("%+v", e)
	}
	equal(t, s.bytes, 2*errandBytes+3)
	old := s.of[1]
	s.done(a)
	s.done(a)
	if s.of[1].concerns(7) || len(s.spare) != 1 {
		t.Error("it is still there")
	}
	s.request(a, 8, &bus.Message{Kind: bus.Open, Data: []byte("d")})
	if e := s.of[1]; e != old || e.concerns(7) || !e.concerns(8) || string(e.body) != "d" || e.request.Browser != 0 {
		t.Errorf("%+v", e)
	}
	s.request(b, 9, &bus.Message{Data: make([]byte, spareBody+1)})
	s.done(b)
	if s.done(a); len(s.spare) != 1 {
		t.Errorf("%d are kept, long ones among them", len(s.spare))
	}
	equal(t, s.bytes, 0)
	if s.trim(); len(s.spare) != 0 {
		t.Error("they are kept")
	}
}

// Who guesses clientIds of another node's sessions is refused by the node that he asks, where he is known by his address.
func TestGuessesOfAnotherNode(t *testing.T) {
	t.Parallel()
	nodes, _ := twoNodes(t, func(c *Config) { c.WrongClientIDs = 2 })
	id := dial(t, nodes[1]).subscriber("/a")
	w := dial(t, nodes[0])
	for i, status := range []int{200, 200, 429} {
		equal(t, w.ask(post(publish(guess(id, i), "/a", "1"))).StatusCode, status)
	}
	equal(t, w.bayeux(publish(id, "/a", "1"))[0]["successful"], true)
	equal(t, nodes[0].Stats().ClientsRefused[manyGuesses], 1)
	equal(t, nodes[1].Stats().ClientsRefused[manyGuesses], 0)
	equal(t, nodes[1].Stats().Guessed, 3)
}

// The authority of a session's node is told who asks, and no two websockets of a cluster have one number.
func TestCallersOfAnotherNode(t *testing.T) {
	t.Parallel()
	a := &witness{callers: map[string]bayeux.Caller{}}
	nodes, _ := twoNodes(t, func(c *Config) { c.Authority = a })
	id := dial(t, nodes[1]).handshake()
	seen := map[uint64]bool{}
	for n, server := range nodes {
		w, name := dial(t, server), fmt.Sprint("/", n)
		equal(t, w.ask(upgradeRequest("Authorization: Bearer 3\r\n")).StatusCode, 101)
		equal(t, w.roundTrip(publish(id, name, "1"))[0]["successful"], true)
		got := a.caller("2" + name + "[]")
		equal(t, got.Address, w.LocalAddr().String())
		equal(t, got.Fields, []bayeux.Field{{Name: "Authorization", Value: "Bearer 3"}})
		seen[got.Socket] = true
	}
	equal(t, len(seen), 2)
}
