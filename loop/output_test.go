package loop

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"halley/bayeux"
	"halley/bayeux/wheel"
	"halley/loop/socket"
)

// pipe is a socket without a network: what is written waits until the test lets it go.
type pipe struct {
	socket.Plain
	written strings.Builder
	unsent  int
	broken  bool
	shut    bool
}

func (p *pipe) Buffered() int { return 0 }
func (p *pipe) Unsent() int   { return p.unsent }

func (p *pipe) Shut() bool {
	p.shut = true
	return true
}

func (p *pipe) Write(b []byte) error {
	if p.broken {
		return errors.New("broken")
	}
	p.written.Write(b)
	p.unsent += len(b)
	return nil
}

// fates notes what an output reports, in a line each.
type fates struct{ told []string }

func (f *fates) letGo(bayeux.Address, bayeux.ReplyTo) {}

func (f *fates) fate(p bayeux.Report, quiet bool) {
	f.told = append(f.told, fmt.Sprint(p.Kind, " ", p.Upto, " quiet=", quiet, " took=", p.Took))
}

// desk is an output alone, with one connection that waits for its reply.
type desk struct {
	output
	fates
	pipe *pipe
	conn *conn
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	s, err := New(config(nil))
	if err != nil {
		t.Fatal(err)
	}
	if s.writable, err = socket.NewWritable(func(socket.ID) {}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.writable.Close() })
	d := &desk{pipe: &pipe{Plain: socket.Over(&fakeSocket{loop: new(fakeLoop)})}}
	m := &common{shared: s.shared, alive: new(alive), wheel: wheel.New(100, 64, 0)}
	d.output = output{common: m, due: func(*conn) bool { return false }, reports: &d.fates, slow: make(map[uint32]*unsent)}
	d.conn = m.conns.take(d.pipe.Plain)
	d.conn.socket, d.conn.phase = d.pipe, answering
	d.conn.set(persistent, true)
	return d
}

// reply is one with events up to upto for the present request.
func (d *desk) reply(upto uint32) reply {
	return reply{to: d.replyTo(d.conn), numbered: true, upto: upto}
}

func (d *desk) mustTell(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(d.told, want) {
		t.Errorf("told %q, want %q", d.told, want)
	}
	d.told = nil
}

// word is how a fate is written down.
func word(kind bayeux.ReportKind, upto int, quiet bool, took int) string {
	return fmt.Sprint(kind, " ", upto, " quiet=", quiet, " took=", took)
}

// A reply that waits is written when it has left, and its connection takes the next request then.
func TestOutputWaits(t *testing.T) {
	d := newDesk(t)
	d.answer(d.reply(3), []byte(`{"a":1}`))
	d.mustTell(t)
	if d.conn.phase != reading || !strings.HasSuffix(d.pipe.written.String(), `[{"a":1}]`) {
		t.Errorf("phase %d after %q", d.conn.phase, d.pipe.written.String())
	}
	d.pipe.unsent = 1
	d.lookAgain(d.conn.slot)
	d.mustTell(t)
	equal(t, len(d.goOnSoon), 0)
	d.pipe.unsent = 0
	d.lookAgain(d.conn.slot)
	d.mustTell(t, word(bayeux.Written, 3, true, 0))
	equal(t, d.goOnSoon, []bayeux.ReplyTo{d.replyTo(d.conn)})
	equal(t, len(d.slow), 0)
}

// A group on a stream that took long is told as late before it is told as written, and wakes the loop of its session.
func TestOutputIsLate(t *testing.T) {
	d := newDesk(t)
	d.openStream(opening{to: d.replyTo(d.conn), kind: bayeux.EventSource}, nil)
	p := d.reply(7)
	p.stream = true
	d.push(p, []byte("data: x\n\n"))
	d.clock += bayeux.LateAfter + 1
	d.pipe.unsent = 0
	d.checkSlow()
	d.mustTell(t, word(bayeux.Late, 0, false, bayeux.LateAfter+1), word(bayeux.Written, 7, false, 0))
}

// A write that fails bounces its reply, and so does one to a connection that has gone or has been answered.
func TestOutputBounces(t *testing.T) {
	d := newDesk(t)
	stale := d.reply(1)
	d.pipe.broken = true
	d.answer(d.reply(2), nil)
	d.mustTell(t, word(bayeux.Bounced, 2, false, 0))
	d.pipe.broken = false
	d.respond(d.conn, response{status: 404})
	d.answer(stale, nil)
	d.push(stale, nil)
	d.mustTell(t, word(bayeux.Bounced, 1, false, 0), word(bayeux.Bounced, 1, false, 0))
}

// What has not left of a connection that closes bounces, and what has is written.
func TestOutputOfAClosedConnection(t *testing.T) {
	d := newDesk(t)
	d.conn.phase, d.conn.stream = upgraded, &stream{kind: bayeux.WebSocket}
	d.push(d.reply(1), []byte("first"))
	d.push(d.reply(2), []byte("second"))
	d.pipe.unsent = len("second")
	d.closed(d.conn)
	d.mustTell(t, word(bayeux.Written, 1, true, 0), word(bayeux.Bounced, 2, false, 0))
	equal(t, len(d.slow), 0)
}

// A connection that ends with its response is shut when that has left, and not before.
func TestOutputShutsWhenAllHasLeft(t *testing.T) {
	d := newDesk(t)
	d.conn.set(persistent, false)
	d.respond(d.conn, response{status: 400, body: []byte("no")})
	equal(t, []bool{d.conn.phase == closing, d.pipe.shut}, []bool{true, false})
	d.pipe.unsent = 0
	d.lookAgain(d.conn.slot)
	equal(t, []bool{d.conn.phase == lingering, d.pipe.shut}, []bool{true, true})
}
