package loop

import (
	"testing"

	"golang.org/x/sys/unix"
)

// queues are the bytes that the kernel keeps of all connections' output, and those
// of them that it has not sent.
func queues(t testing.TB, s *Server) (kept, unsent int) {
	t.Helper()
	err := s.visit(t.Context(), func(r *reactor) {
		r.conns.Each(func(_ uint32, c *conn) bool {
			n, _ := unix.IoctlGetInt(c.socket.Conn().Fd(), unix.SIOCOUTQ)
			kept += n
			n, _ = unix.IoctlGetInt(c.socket.Conn().Fd(), unix.SIOCOUTQNSD)
			unsent += n
			return true
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return kept, unsent
}

// The kernel keeps little of what a client does not read.
func TestUnsentBytes(t *testing.T) {
	t.Parallel()
	body := make([]byte, 8<<20)
	for _, limit := range []int{16 << 10, 0} {
		s := start(t, func(c *Config) {
			c.MaxOutput, c.UnsentBytes = 16<<20, limit
			c.Pages = func(string) (Page, bool) { return Page{Body: body}, true }
		})
		w := dialSlow(t, s)
		w.send(request("GET", "/"))
		stalled(t, s)
		kept, unsent := queues(t, s)
		t.Logf("--unsent-bytes %d: %d bytes in the kernel, %d not sent", limit, kept, unsent)
		if bound := limit + 2*64<<10; limit > 0 && unsent > bound { // of one write a segment of 64 KiB goes in whole
			t.Errorf("%d bytes are not sent", unsent)
		}
		equal(t, len(w.read().body), len(body))
	}
}

// What waits for a connection's output goes on as soon as that has left, not with
// the next tick.
func TestNoTickWhenOutputLeaves(t *testing.T) { eachSocket(t, testNoTickWhenOutputLeaves) }

func testNoTickWhenOutputLeaves(t *testing.T, k socketKind) {
	s := k.start(t, roomy)
	home, slow := k.dial(t, s), k.dialSlow(t, s)
	s.visit(t.Context(), func(r *reactor) { r.tickPosted.Store(1) }) // none is posted any more
	id := home.subscriber("/a")
	slow.send(upgradeRequest(""))
	slow.read()
	slow.roundTrip(wsConnectNow(id))
	batch, want := big("/a", 40)
	if err := s.Publish(batch); err != nil {
		t.Fatal(err)
	}
	stalled(t, s)
	var got []string
	for len(got) < len(want) {
		_, text := slow.readFrame()
		got = append(got, events(decode(t, text))...)
	}
	mustEqualEvents(t, got, want)

}
