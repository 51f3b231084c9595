package loop

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A connection that rests ends when a peer has answered none of three probes: by what the kernel goes by, which is TCP_USER_TIMEOUT and
// not their number (tcp_keepalive_timer of Linux). That also is how long output is repeated to a peer that has vanished, so there is
// none where it would be longer than what the kernel does by itself.
func TestLostProbeEndsNothing(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{time.Second, time.Minute, 2 * time.Hour} {
		t.Run(after.String(), func(t *testing.T) { testLostProbeEndsNothing(t, after) })
	}
}

func testLostProbeEndsNothing(t *testing.T, after time.Duration) {
	s := start(t, func(c *Config) { c.Loops, c.KeepAlive = 1, after })
	dial(t, s).ask(request("GET", "/"))
	options, err := ask(t.Context(), &s.loops, 0, func(r *reactor) (of [4]time.Duration) {
		r.conns.From(0, func(_ uint32, c *conn) bool {
			for i, option := range []int{unix.TCP_KEEPIDLE, unix.TCP_KEEPINTVL, unix.TCP_KEEPCNT, unix.TCP_USER_TIMEOUT} {
				n, err := unix.GetsockoptInt(c.socket.Conn().Fd(), unix.IPPROTO_TCP, option)
				if err != nil {
					t.Error(err)
				}
				of[i] = time.Duration(n)
			}
			return false
		})
		return of
	})
	if err != nil {
		t.Fatal(err)
	}
	idle, interval, count, user := options[0]*time.Second, options[1]*time.Second, options[2], options[3]*time.Millisecond
	last := idle + (count-1)*interval
	if counted := user == 0 && last >= kernelPatience; idle != after || count != 3 || !counted && (user <= last || user > last+interval || user > kernelPatience) {
		t.Errorf("%d probes from %v on, every %v, and the end after %v", count, idle, interval, user)
	}
}
