package loop

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"halley/loop/socket"
)

// anywhere has every connection that rests move to any loop of so many, again and again.
func anywhere(loops int) func(uint16) (uint16, bool) {
	return func(uint16) (uint16, bool) { return uint16(rand.IntN(loops)), rand.IntN(2) == 0 }
}

// mustBeGone fails unless nothing of any connection is left when all have closed: no count of the server, its addresses or its
// loops knows one, and none is on its way.
func (s *Server) mustBeGone(t *testing.T) {
	t.Helper()
	eventually(t, func() bool { return s.Stats().Connections == 0 })
	st := s.Stats()
	for _, l := range st.Loops {
		equal(t, l.Connections, 0)
	}
	equal(t, st.Kept.Input, 0)
	s.moves.mu.Lock()
	defer s.moves.mu.Unlock()
	equal(t, len(s.moves.pending), 0)
	equal(t, s.steering.balance.Holds(true), true)
}

// Connections that move all the time, between any two requests, lose and double nothing and mix nothing up, whether they are
// killed besides or not.
func TestMovesUnderStress(t *testing.T) {
	for _, kills := range []bool{false, true} {
		t.Run(fmt.Sprintf("kills=%v", kills), func(t *testing.T) {
			s := runStress(t, kills, anywhere(stressLoops))
			n, _ := travels(s)
			if n < 200 { // mostly it is 1,000 to 2,000
				t.Errorf("%d moves", n)
			}
			if !kills {
				equal(t, s.Stats().MovesFailed, 0)
			}
		})
	}
}

// Replay brings what was lost with a connection that moves and breaks off, encrypted or not.
func TestReplayAfterCutsOfMoves(t *testing.T) {
	eachEncryption(t, func(t *testing.T, k socketKind) {
		s := runCuts(t, k, anywhere(2))
		equal(t, s.Stats().Panics, 0)
	})
}

// Answers come in order, each once, of connections that move between requests which come in any pieces, several at once.
func TestPipelinesThatMove(t *testing.T) {
	eachEncryption(t, func(t *testing.T, k socketKind) {
		s := k.start(t, func(c *Config) { c.Loops, c.roam = 3, anywhere(3) })
		var group sync.WaitGroup
		for n := range 12 {
			w := k.dial(t, s)
			group.Go(func() {
				random := rand.New(rand.NewPCG(7, uint64(n)))
				const requests = 150
				var text []byte
				for i := range requests {
					text = append(text, request("GET", fmt.Sprintf("/%d", i), "X-Request: none")...)
					text = append(text, post(fmt.Sprintf(`{"channel":"/meta/handshake","id":"%d","version":"1.0"}`, i))...)
				}
				go func() {
					for len(text) > 0 {
						piece := min(len(text), 1+random.IntN(400))
						if _, err := w.Write(text[:piece]); err != nil {
							return
						}
						text = text[piece:]
						if random.IntN(8) == 0 {
							time.Sleep(time.Millisecond)
						}
					}
				}()
				for i := range requests {
					a, err := w.tryRead()
					if err != nil || a.StatusCode != 404 {
						t.Errorf("request %d: %v %v", i, a.Response, err)
						return
					}
					if a, err = w.tryRead(); err != nil || decode(t, a.body)[0]["id"] != fmt.Sprint(i) {
						t.Errorf("request %d: %s %v", i, a.body, err)
						return
					}
				}
				w.Close()
			})
		}
		group.Wait()
		n, _ := travels(s)
		if n < 100 {
			t.Errorf("%d moves", n)
		}
		s.mustBeGone(t)
		equal(t, s.Stats().MovesFailed, 0)
	})
}

// Connections that are reset while they move leave nothing behind, and their addresses may open others.
func TestMoveOfAResetConnection(t *testing.T) {
	eachEncryption(t, func(t *testing.T, k socketKind) {
		const most = 40
		s := k.start(t, func(c *Config) { c.Loops, c.AddressConnections, c.roam = 2, most, anywhere(2) })
		rounds := 15
		if k.config != nil {
			rounds = 5 // handshakes are what they compute most
		}
		for range rounds {
			var group sync.WaitGroup
			for range most - 1 {
				group.Go(func() {
					conn, err := net.Dial("tcp", s.Addresses()[0])
					if err != nil {
						t.Error(err)
						return
					}
					defer conn.Close()
					conn.(*net.TCPConn).SetLinger(0)
					secured := secured(s, conn)
					for range 1 + rand.IntN(3) {
						if _, err := secured.Write([]byte(request("GET", "/"))); err != nil {
							t.Error(err)
						}
						secured.Read(make([]byte, 1000))
					}
				})
			}
			group.Wait()
			s.mustBeGone(t)
		}
		equal(t, s.Stats().Panics, 0)
		equal(t, s.Stats().MovesFailed, 0)
	})
}

// stubborn is a socket on its way for which there is no file some times.
type stubborn struct {
	carried
	short atomic.Int32
	tried atomic.Int32
}

func (c *stubborn) Conn(alive net.KeepAliveConfig) (net.Conn, error) {
	c.tried.Add(1)
	if c.short.Add(-1) >= 0 {
		return nil, fmt.Errorf("a copy: %w", unix.EMFILE)
	}
	return c.carried.Conn(alive)
}

// While files are short a connection on its way waits for one. It is lost only where that lasts, and is counted then.
func TestMovesWantFiles(t *testing.T) {
	t.Parallel()
	for short, arrives := range map[int32]bool{3: true, moveTries + 1: false} {
		s := made(t, func(c *Config) { c.Loops = 2 })
		s.still() // no loop is late: nothing moves to such a one
		var c stubborn
		c.short.Store(short)
		s.moves.cover = func(of carried) carried { c.carried = of; return &c }
		s.runUntilEnd(t)
		id := dial(t, s).subscriber("/a")
		w := socketKind{}.apartFrom(t, s, id)
		for range passedMost {
			w.bayeux(publish(id, "/a", "1"))
		}
		if arrives {
			w.bayeux(publish(id, "/a", "1"))
			n, _ := travels(s)
			equal(t, []uint64{n, s.Stats().MovesFailed}, []uint64{1, 0})
		} else {
			w.mustEnd()
			eventually(t, func() bool { return s.Stats().MovesFailed == 1 })
		}
		equal(t, c.tried.Load(), min(short+1, moveTries))
		w.Close()
	}
}

// Where no file is left from the start, the connection stays where it is, and its requests are forwarded as ever.
func TestMoveWithoutAFile(t *testing.T) {
	a := startApart(t, restartPause)
	w := a.dial()
	ids := []string{w.subscriber("/a")}
	var others []*wire
	for range 12 { // on both loops
		w := a.dial()
		w.ask(request("GET", "/")) // it is accepted
		others = append(others, w)
	}
	a.files(3)
	for n := range 3 * passedMost {
		for _, w := range others {
			equal(t, w.bayeux(publish(ids[0], "/a", fmt.Sprint(n)))[0]["successful"], true)
		}
	}
	a.files(a.limit.Cur)
	equal(t, len(w.collect(ids[0], 36*passedMost)) >= 36*passedMost, true)
	a.stop()
	equal(t, a.await("ended with"), "ended with <nil> after 0 new starts")
}

// An engine that ends while connections move leaves none of them behind, and neither does a server.
func TestMovesOfAnEngineThatEnds(t *testing.T) {
	t.Parallel()
	s := run(t, func(c *Config) { c.Loops, c.roam = 3, anywhere(3) })
	var group sync.WaitGroup
	var over atomic.Bool
	for range 12 {
		group.Go(func() {
			for !over.Load() {
				conn, err := net.Dial("tcp", s.Addresses()[0])
				if err != nil {
					time.Sleep(time.Millisecond)
					continue
				}
				for range 50 {
					conn.SetDeadline(time.Now().Add(deadline))
					if _, err := conn.Write([]byte(request("GET", "/"))); err != nil {
						break
					}
					if _, err := conn.Read(make([]byte, 1000)); err != nil {
						break
					}
				}
				conn.Close()
			}
		})
	}
	for range 5 {
		eventually(t, func() bool { n, _ := travels(s.Server); return n > 0 && s.Ready() })
		time.Sleep(20 * time.Millisecond)
		started := s.engine.started.Load()
		s.engine.mu.Lock()
		current := s.engine.current
		s.engine.mu.Unlock()
		asked, cancel := context.WithCancel(context.Background())
		cancel()
		current.Stop(asked)
		eventually(t, func() bool { return s.engine.started.Load() > started && s.Ready() })
	}
	over.Store(true)
	group.Wait()
	last := dial(t, s.Server)
	last.ask(request("GET", "/")) // so that all loops are known again
	last.Close()
	eventually(t, func() bool { return len(*s.bound.Load()) == 3 })
	s.mustBeGone(t)
	equal(t, s.Stats().Panics, 0)
	s.stop()
	s.wait(t)
}

// A drain ends the connections that move with all others, and a hand-over has them go to the successor: none is
// lost on its way.
func TestDrainWhileConnectionsMove(t *testing.T) {
	t.Parallel()
	control := filepath.Join(t.TempDir(), "control")
	change := func(c *Config) {
		c.Loops, c.Control, c.DrainTimeout, c.roam = 3, control, time.Second, anywhere(3)
	}
	s := run(t, change)
	var group sync.WaitGroup
	var over atomic.Bool
	for range 12 {
		w := dial(t, s.Server)
		group.Go(func() {
			for !over.Load() {
				if _, err := w.Write([]byte(request("GET", "/"))); err != nil {
					return
				}
				a, err := w.tryRead()
				if err != nil || a.Close {
					w.Close()
					return
				}
			}
		})
	}
	eventually(t, func() bool { n, _ := travels(s.Server); return n > 20 })
	young := succeed(t, control, change)
	s.handsOver(t)
	s.wait(t)
	equal(t, s.connections.Load(), 0)
	equal(t, len(s.moves.pending), 0)
	over.Store(true)
	group.Wait()
	equal(t, s.moves.failed.Load(), 0)
	young.stop()
	young.wait(t)
}

var _ carried = (*socket.Moving)(nil)
