package loop

import (
	"io"
	"net"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"halley/bayeux"
	"halley/loop/bus"
	"halley/loop/socket"
)

// standStill keeps a loop from its work until the returned function is called.
func standStill(s *Server, loop uint16) (goOn func()) {
	begun, gate := make(chan struct{}), make(chan struct{})
	s.do(loop, func(*reactor) { close(begun); <-gate })
	<-begun
	return func() { close(gate) }
}

// loopOf is the loop where the session of a clientId lives.
func loopOf(t testing.TB, id string) uint16 {
	t.Helper()
	a, ok := bayeux.ParseClientID([]byte(id))
	if !ok {
		t.Fatal(id)
	}
	return a.Loop
}

// homeOf is the loop of a connection.
func homeOf(t testing.TB, s *Server, w net.Conn) (loop uint16) {
	t.Helper()
	s.visit(t.Context(), func(r *reactor) {
		r.conns.Each(func(_ uint32, c *conn) bool {
			if c.socket.Conn().Peer().String() == w.LocalAddr().String() {
				loop = r.id
			}
			return true
		})
	})
	return loop
}

// elsewhere opens connections until one belongs to another loop than the session.
func elsewhere(t testing.TB, s *Server, id string, open func() *wire) *wire {
	t.Helper()
	for range 64 {
		if w := open(); homeOf(t, s, w) != loopOf(t, id) {
			return w
		}
	}
	t.Fatal("all connections have the session's loop")
	return nil
}

func (s *Server) messagesIn(t testing.TB) (n uint64) {
	s.visit(t.Context(), func(r *reactor) { n += r.core.Stats().MessagesIn })
	return n
}

// waitingFor are the bytes in the mailbox of a loop.
func (s *Server) waitingFor(loop uint16) int {
	waiting, _ := s.reactors[loop].box.Kept()
	return waiting
}

// What a websocket sends to a session on another loop is bounded while that loop is
// busy: its connection is not read from. Nothing is lost, and nobody cut.
func TestFramesForABusyLoopAreBounded(t *testing.T) {
	t.Parallel()
	const frames = 4000
	s := start(t, func(c *Config) { c.Loops = 2 })
	id := dial(t, s).subscriber("/none")
	w := elsewhere(t, s, id, func() *wire { return socketOf(t, s) })
	goOn := standStill(s, loopOf(t, id))
	frame := maskedFrame(1, publish(id, "/a", `"`+strings.Repeat("x", 1000)+`"`))
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(w.Conn, strings.Repeat(frame, frames))
		sent <- err
	}()
	eventually(t, func() bool { return s.waitingFor(loopOf(t, id)) > s.ahead()/2 })
	inbound := 0
	look := func() {
		done := make(chan struct{})
		s.do(1-loopOf(t, id), func(r *reactor) {
			defer close(done)
			r.conns.Each(func(_ uint32, c *conn) bool { inbound = max(inbound, c.socket.Buffered()); return true })
		})
		<-done
	}
	for range 200 {
		look()
	}
	if bound := s.ahead() + len(frame) + frameCost; s.waitingFor(loopOf(t, id)) > bound {
		t.Errorf("%d bytes wait for the busy loop, want at most %d", s.waitingFor(loopOf(t, id)), bound)
	}
	if inbound > readBuffer+len(frame) {
		t.Errorf("%d bytes were read ahead", inbound)
	}
	goOn()
	for range frames {
		equal(t, w.text()[0]["successful"], true)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	st := s.Stats()
	equal(t, st.Floods+st.Abandoned, 0)
}

// What a client sent before it left is not begun by a busy loop, over whatever it
// came; but who takes leave with a close frame is heard to the end.
func TestWorkForTheGoneIsNotBegun(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops, c.Steer = 2, SteerOff }) // else the stream would move
	id := dial(t, s).subscriber("/none")
	socket := elsewhere(t, s, id, func() *wire { return socketOf(t, s) })
	poll := elsewhere(t, s, id, func() *wire { return dial(t, s) })
	script := elsewhere(t, s, id, func() *wire { return dial(t, s) })
	stream := elsewhere(t, s, id, func() *wire { return dial(t, s) })
	polite := elsewhere(t, s, id, func() *wire { return socketOf(t, s) })
	before := s.messagesIn(t)
	connections := s.connections.Load()
	goOn := standStill(s, loopOf(t, id))
	for range 10 {
		socket.frame(1, publish(id, "/a", "1"))
	}
	poll.send(post(publish(id, "/a", "1")))
	script.send(getRequest("/bayeux?message="+`%5B%7B%22channel%22%3A%22%2Fa%22%2C%22clientId%22%3A%22`+id+`%22%2C%22data%22%3A1%7D%5D`, ""))
	stream.send(getRequest("/bayeux/"+id, "Accept: text/event-stream\r\n"))
	polite.frame(1, publish(id, "/a", "1"))
	polite.frame(8, "\x03\xe8")
	eventually(t, func() bool { return s.waitingFor(loopOf(t, id)) >= 14*bus.MessageCost })
	for _, w := range []*wire{socket, poll, script, stream} {
		w.Close()
	}
	polite.readFrame() // the answering close frame
	polite.Close()
	eventually(t, func() bool { return s.connections.Load() == connections-5 })
	goOn()
	st := s.Stats()
	equal(t, st.Abandoned, 13)
	equal(t, s.messagesIn(t)-before, 1)
}

// A client that left while it was not read from has the rest of it dropped.
func TestRestOfTheGoneIsDropped(t *testing.T) {
	t.Parallel()
	const frames = 100 // as many as the kernel takes, and the end of them
	s := start(t, func(c *Config) { c.Loops, c.MaxHeader, c.MaxMessage = 2, 2<<10, 8<<10 })
	id := dial(t, s).subscriber("/none")
	w := elsewhere(t, s, id, func() *wire { return socketOf(t, s) })
	home := homeOf(t, s, w)
	before, connections := s.messagesIn(t), s.connections.Load()
	goOn := standStill(s, loopOf(t, id))
	message := publish(id, "/a", `"`+strings.Repeat("x", 1000)+`"`)
	w.send(strings.Repeat(maskedFrame(1, message), frames))
	w.Close()
	eventually(t, func() bool {
		known := make(chan bool)
		s.do(home, func(r *reactor) {
			stopped := false
			r.conns.Each(func(_ uint32, c *conn) bool {
				stopped = stopped || c.phase == upgraded && c.stream.paused && c.socket.Conn().HungUp()
				return true
			})
			known <- stopped
		})
		return <-known
	})
	goOn()
	eventually(t, func() bool { return s.connections.Load() == connections-1 })
	most := s.ahead()/(len(message)+frameCost) + 1
	if handled := int(s.messagesIn(t) - before); handled > most || most > frames/2 {
		t.Errorf("%d of %d messages were worked on, want at most %d", handled, frames, most)
	}
}

// hasAllConfirmed tells whether the server's kernel has all that was sent, and that it was the end of it.
func (w *wire) hasAllConfirmed() bool {
	raw, err := w.tcp().SyscallConn()
	if err != nil {
		w.t.Fatal(err)
	}
	var info *unix.TCPInfo
	raw.Control(func(fd uintptr) { info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) })
	if err != nil {
		w.t.Fatal(err)
	}
	return info.State == unix.BPF_TCP_FIN_WAIT2
}

// So it is on the websocket's own loop: what the kernel still has of a client that has
// gone is not begun when the turn has done enough.
func TestRestOfTheGoneIsDroppedAtHome(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops, c.TurnWork = 1, 100 })
	id := dial(t, s).subscriber("/none")
	w := socketOf(t, s)
	before, connections := s.messagesIn(t), s.connections.Load()
	const frames = 300
	s.visit(t.Context(), func(r *reactor) {
		r.conns.Each(func(_ uint32, c *conn) bool {
			return unix.SetsockoptInt(c.socket.Conn().Fd(), unix.SOL_SOCKET, unix.SO_RCVBUF, 400<<10) == nil
		})
	})
	goOn := standStill(s, 0)
	w.send(strings.Repeat(maskedFrame(1, publish(id, "/a", `"`+strings.Repeat("x", 300)+`"`)), frames))
	w.Conn.(*net.TCPConn).CloseWrite()
	eventually(t, w.hasAllConfirmed) // so the server's kernel has all of it, and the end
	go io.Copy(io.Discard, w.Conn)   // closing with replies unread would reset the connection
	goOn()
	eventually(t, func() bool { return s.connections.Load() == connections-1 })
	if handled := s.messagesIn(t) - before; handled >= frames {
		t.Errorf("%d of %d messages were worked on", handled, frames)
	}
	equal(t, s.Stats().Abandoned, 1)
}

// What is published to a client that has gone while its websocket was not read from waits for it to come back.
func TestNothingLostToThePaused(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops = 1 })
	w, id := socketSubscriber(t, s, "/a")
	paused := func(then func(in *input, c *conn)) {
		done := make(chan struct{})
		s.do(0, func(r *reactor) {
			defer close(done)
			r.conns.Each(func(_ uint32, c *conn) bool {
				if c.phase == upgraded {
					then(&r.input, c)
				}
				return true
			})
		})
		<-done
	}
	paused(func(in *input, c *conn) { in.pause(c) })
	w.Close()
	eventually(t, func() bool {
		gone := false
		paused(func(_ *input, c *conn) { gone = c.socket.Conn().HungUp() })
		return gone
	})
	mustPublish(t, s, "/a", "1")
	equal(t, events(dial(t, s).bayeux(connect(id))), []string{"1"})
}

// Where reading cannot be paused such a websocket is closed with 1008, and what it
// has sent is not begun.
func TestTooFarAheadWithoutPause(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops = 2 })
	id := dial(t, s).subscriber("/none")
	w := elsewhere(t, s, id, func() *wire { return socketOf(t, s) })
	s.visit(t.Context(), func(r *reactor) { r.input.poller = socket.NoPoller })
	before := s.messagesIn(t)
	goOn := standStill(s, loopOf(t, id))
	frame := maskedFrame(1, publish(id, "/a", `"`+strings.Repeat("x", 1000)+`"`))
	go io.WriteString(w.Conn, strings.Repeat(frame, 4000))
	opcode, payload := w.readFrame()
	equal(t, opcode, 0x88)
	equal(t, payload, "\x03\xf0too much ahead")
	goOn()
	st := s.Stats()
	equal(t, s.messagesIn(t)-before, 0)
	equal(t, st.Floods, 1)
}
