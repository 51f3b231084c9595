package loop

// Proved by TestMovesUnderStress, TestMoveOfAResetConnection, TestMovesWantFiles and TestMovesOfAnEngineThatEnds.

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"

	"halley/loop/socket"
)

// moves takes connections from loop to loop, one after the other: gnet takes one in by a goroutine, which the loops must not
// wait for. A connection on its way is one of the server's, and counts for its address.
type moves struct {
	shared   *shared
	steering *steering
	loops    *loops
	queue    chan *moving
	failed   atomic.Uint64
	cover    func(carried) carried // what connections are on their way; nil for what they are
	mu       sync.Mutex
	pending  map[*moving]bool // that have left and not arrived; true once they were given to their loop
}

// carried is what is left of a connection's socket between two loops: a socket.Moving.
type carried interface {
	Conn(net.KeepAliveConfig) (net.Conn, error)
	Arrive(*socket.Plain, *socket.Scratch) socket.Socket
	Drop()
	Close()
}

// moving is a connection between two loops.
type moving struct {
	carried
	to     *reactor
	names  names
	traits traits
	peer   netip.AddrPort // who has opened it
	told   netip.AddrPort // whose it is, if a proxy has opened it
}

const (
	// movesMost is how many connections may be on their way, so that the last takes some 10 ms. Further ones stay where they are,
	// and try again after their next request.
	movesMost = 128
	// moveTries and movePause are how often it is tried to take one in while files are short, and the time between two tries.
	moveTries = 100
	movePause = 10 * time.Millisecond
	// moveLate is how late a loop may be to which connections move: until it has come to one nobody hears of its end.
	moveLate = 100 * time.Millisecond
)

func newMoves(l *loops, s *steering) *moves {
	return &moves{shared: l.shared, steering: s, loops: l, queue: make(chan *moving, movesMost+l.shared.cfg.Loops), pending: make(map[*moving]bool)}
}

// room tells whether one more connection may leave for a loop, which has to be there and not late.
func (m *moves) room(to uint16) bool {
	if r := m.loops.reactors[to]; !r.executor.serves() || r.overdue() > moveLate {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.pending) < movesMost
}

// send has a connection go on to its loop, after room. The queue takes one more of each loop.
func (m *moves) send(v *moving) {
	if m.cover != nil {
		v.carried = m.cover(v.carried)
	}
	m.mu.Lock()
	m.pending[v] = false
	m.mu.Unlock()
	m.queue <- v
}

// run brings connections to their loops until ctx is done. Those that have not arrived then have ended.
func (m *moves) run(ctx context.Context) {
	for {
		select {
		case v := <-m.queue:
			m.bring(ctx, v)
		case <-ctx.Done():
			for len(m.queue) > 0 {
				m.lose(<-m.queue)
			}
			return
		}
	}
}

// bring gives a connection to its loop. While files are short it is tried again.
func (m *moves) bring(ctx context.Context, v *moving) {
	defer v.Close()
	var err error
	for tries := moveTries; tries > 0; tries-- {
		if err = m.try(ctx, v); !socket.Wants(err) || !sleep(ctx, movePause) {
			break
		}
	}
	switch {
	case err == errEntering || err == nil && !m.awaited(v):
		return // gnet has closed it otherwise
	case err != socket.ErrReset:
		m.failed.Add(1)
	}
	m.lose(v)
}

// try gives a copy of the connection to gnet.
func (m *moves) try(ctx context.Context, v *moving) error {
	conn, err := v.Conn(m.shared.cfg.keptAlive())
	if err != nil {
		return err
	}
	m.given(v)
	if err = v.to.executor.enroll(gnet.NewContext(ctx, v), conn); err == errNoLoop {
		conn.Close()
	}
	return err
}

// given notes that a connection is in gnet's hands.
func (m *moves) given(v *moving) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending[v] = true
}

// awaited tells whether a connection is on its way still.
func (m *moves) awaited(v *moving) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, pending := m.pending[v]
	return pending
}

// take takes a connection off those on their way, and tells whether it was one.
func (m *moves) take(v *moving) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, pending := m.pending[v]
	delete(m.pending, v)
	return pending
}

// lose counts a connection as closed that does not arrive: its peer has gone, the engine has ended, or no file is left for it.
func (m *moves) lose(v *moving) {
	if !m.take(v) {
		return
	}
	v.Close()
	v.Drop()
	m.shared.connections.Add(-1)
	m.steering.closed(v.names.listener(), v.peer)
	if v.traits&counted != 0 {
		m.shared.limits.Close(v.whose().Addr(), m.shared.now())
	}
}

// whose is whose the connection is.
func (v *moving) whose() netip.AddrPort {
	if v.told.IsValid() {
		return v.told
	}
	return v.peer
}

// ended is called when an engine has ended: what was given to its loops arrives no more.
func (m *moves) ended() {
	m.mu.Lock()
	var lost []*moving
	for v, given := range m.pending {
		if given {
			lost = append(lost, v)
		}
	}
	m.mu.Unlock()
	for _, v := range lost {
		m.lose(v)
	}
}
