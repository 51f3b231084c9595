package loop

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"halley/bayeux"
)

const (
	stressLoops       = 4
	stressSubscribers = 50
	stressPublishers  = 8
	stressEvents      = 40 // of each publisher, on a channel of its own
)

// stress is one run of many subscribers, each with two connections, against
// publishers on all loops.
type stress struct {
	t     testing.TB
	s     *Server
	kills bool
	calm  chan struct{} // closed when no more connections are to be killed
	ready sync.WaitGroup
}

// Every subscriber gets the events of each channel in order and none twice;
// unless connections are killed, it gets them all.
func TestStress(t *testing.T) {
	for _, kills := range []bool{false, true} {
		t.Run(fmt.Sprintf("kills=%v", kills), func(t *testing.T) { runStress(t, kills, nil) })
	}
}

// runStress is one stress, of which connections may move.
func runStress(t *testing.T, kills bool, roam func(uint16) (uint16, bool)) *Server {
	t.Helper()
	s := start(t, func(c *Config) {
		c.Loops, c.Hold, c.Heartbeat = stressLoops, 500*time.Millisecond, time.Second
		c.roam = roam
	})
	x := &stress{t: t, s: s, kills: kills, calm: make(chan struct{})}
	x.run()
	if !kills { // the loop of a session is told of what its client has already
		const all = stressSubscribers * ((stressPublishers+1)*stressEvents + 1)
		eventually(t, func() bool { return s.Stats().Delivered >= all })
		equal(t, s.Stats().Delivered, all)
	}
	st := s.Stats()
	equal(t, st.Panics+st.QueueDropped, 0)
	equal(t, len(*s.bound.Load()), stressLoops)
	return s
}

func (x *stress) run() {
	var subscribers, publishers sync.WaitGroup
	for n := range stressSubscribers {
		home := dial(x.t, x.s)
		c := &stressClient{x: x, kind: stressKinds[n%len(stressKinds)], id: home.subscriber("/s/*"), last: make(map[string]int), random: rand.New(rand.NewPCG(1, uint64(n)))}
		x.ready.Add(1)
		subscribers.Go(func() {
			if err := c.run(); err != nil {
				x.t.Errorf("subscriber %d: %v", n, err)
			}
		})
	}
	for n := range stressPublishers {
		w := dial(x.t, x.s)
		id := w.handshake()
		publishers.Go(func() {
			if err := x.publish(w, id, n); err != nil {
				x.t.Errorf("publisher %d: %v", n, err)
			}
		})
	}
	for n := range stressEvents {
		mustPublish(x.t, x.s, "/s/server", strconv.Itoa(n))
	}
	publishers.Wait()
	close(x.calm)
	x.ready.Wait()
	mustPublish(x.t, x.s, "/s/end", "0")
	subscribers.Wait()
}

// publish sends the events of one publisher, one after the other.
func (x *stress) publish(w *wire, id string, n int) error {
	for k := range stressEvents {
		w.Write([]byte(post(publish(id, fmt.Sprintf("/s/%d", n), strconv.Itoa(k)))))
		if a, err := w.tryRead(); err != nil || a.StatusCode != 200 {
			return fmt.Errorf("event %d: %v %v", k, a.Response, err)
		}
	}
	return nil
}

// stressClient polls for one session, over one connection after the other.
type stressClient struct {
	x      *stress
	kind   bayeux.ConnectionType
	id     string
	last   map[string]int // the newest event of each channel
	random *rand.Rand
	ended  bool // the last event of all was seen
	calm   bool
}

func (c *stressClient) run() error {
	for !c.ended {
		if err := c.connection(); err != nil {
			c.settle()
			return err
		}
	}
	return nil
}

// settle says, once, that this client kills no more connections.
func (c *stressClient) settle() {
	if !c.calm {
		c.calm = true
		c.x.ready.Done()
	}
}

// connection gets events until the connection is killed or all is over.
func (c *stressClient) connection() error {
	conn, err := net.Dial("tcp", c.x.s.Addresses()[0])
	if err != nil {
		return err
	}
	defer conn.Close()
	next, err := c.open(newWire(c.x.t, conn))
	for err == nil && !c.ended {
		conn.SetDeadline(time.Now().Add(deadline))
		select {
		case <-c.x.calm:
			c.settle()
		default:
		}
		if c.x.kills && !c.calm && c.random.IntN(4) == 0 {
			time.Sleep(time.Duration(c.random.IntN(3)) * time.Millisecond)
			if c.random.IntN(2) == 0 {
				conn.(*net.TCPConn).SetLinger(0)
			}
			return nil
		}
		var batch string
		if batch, err = next(); err == nil {
			err = c.check(batch)
		}
	}
	if c.x.kills && errors.Is(err, errDisplaced) {
		return nil // the request of a killed connection came late and displaced this one
	}
	return err
}

// check is the whole truth about what a subscriber may see.
func (c *stressClient) check(batch string) error {
	for _, m := range decode(c.x.t, batch) {
		channel := m["channel"].(string)
		if channel == "/meta/connect" {
			if m["successful"] != true {
				return fmt.Errorf("%v", m)
			}
			continue
		}
		n, err := strconv.Atoi(fmt.Sprint(m["data"]))
		if err != nil {
			return err
		}
		last, seen := c.last[channel]
		if !seen {
			last = -1
		}
		if n <= last || !c.x.kills && n != last+1 {
			return fmt.Errorf("%s: %d after %d", channel, n, last)
		}
		c.last[channel] = n
		c.ended = c.ended || channel == "/s/end"
	}
	return nil
}

// A connect that displaces one on another loop gets the events from then on; the
// displaced one is answered without any, and nothing is lost or doubled between them.
func TestDisplacedAcrossLoops(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops = stressLoops })
	home := dial(t, s)
	id := home.subscriber("/a")
	polls := []*wire{dial(t, s)}
	polls[0].holdConnect(s, id)
	var got []string
	for n := range 30 {
		w := dial(t, s)
		w.send(post(connect(id)))
		mustPublish(t, s, "/a", strconv.Itoa(n)) // races with the displacement
		old := polls[len(polls)-1]
		messages := old.messages()
		got = append(got, events(messages)...)
		polls = append(polls, w)
		if displaced(messages) {
			got = append(got, events(w.messages())...)
			w.holdConnect(s, id)
		} else { // it was answered before it could be displaced
			eventually(t, func() bool { return isHeld(s, id) })
		}
	}
	mustPublish(t, s, "/a", "30")
	got = append(got, events(polls[len(polls)-1].messages())...)
	var want []string
	for n := range 31 {
		want = append(want, strconv.Itoa(n))
	}
	equal(t, got, want)
	if a, ok := bayeux.ParseClientID([]byte(id)); !ok || int(a.Loop) >= stressLoops {
		t.Errorf("address %v", a)
	}
}
