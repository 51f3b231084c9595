package loop

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// guess is a clientId that names the session of another one, with a secret that is wrong.
func guess(id string, n int) string {
	return id[:len(id)-9] + fmt.Sprintf("%08d", n) + id[len(id)-1:]
}

// Wrong clientIds of one address are answered as ever, up to a limit; further ones with 429, on a websocket with its end. Who
// shares the address and guesses nothing is served.
func TestGuessesAreLimited(t *testing.T) {
	t.Parallel()
	for _, loops := range []int{1, 3} {
		var log lockedBuffer
		s, _ := startStill(t, func(c *Config) {
			c.Loops, c.WrongClientIDs = loops, 6
			c.Log = slog.New(slog.NewTextHandler(&log, nil))
		})
		honest, w := dial(t, s), dial(t, s)
		id := honest.subscriber("/a")
		for i := range 6 {
			got := w.ask(post(publish(guess(id, i), "/a", "1")))
			equal(t, got.StatusCode, 200)
			equal(t, strings.Contains(got.body, "402::"), true)
		}
		for i := range 3 {
			got := w.ask(post(publish(guess(id, 100+i), "/a", "1")))
			equal(t, got.StatusCode, 429)
			equal(t, got.body, "too many wrong clientIds from this address\n")
			if wait, err := strconv.Atoi(got.Header.Get("Retry-After")); err != nil || wait < 1 || wait > 10 {
				t.Errorf("wait %d s, %v", wait, err)
			}
		}
		equal(t, w.ask(request("GET", "/bayeux/"+guess(id, 200), "Accept: text/event-stream")).StatusCode, 429)
		socket := socketOf(t, s)
		socket.frame(0x81, connect(guess(id, 201)))
		socket.mustCloseWith(1008)

		equal(t, honest.bayeux(publish(id, "/a", "1"))[0]["successful"], true)
		equal(t, w.bayeux(publish(id, "/a", "1"))[0]["successful"], true)
		equal(t, w.bayeux(publish("none", "/a", "1"))[0]["successful"], false)
		equal(t, s.Stats().ClientsRefused[manyGuesses], 5)
		equal(t, s.Stats().Guessed, 11)
		equal(t, strings.Count(log.String(), "cause=clientids client=127.0.0.1"), 1)
	}
}

// What a trusted proxy brings counts for the client that it names, on whatever loop its session is. Nothing is kept of that
// once the request is answered.
func TestGuessesByProxies(t *testing.T) {
	t.Parallel()
	s, _ := startStill(t, func(c *Config) { byProxies(c); c.Loops, c.WrongClientIDs = 3, 1 })
	proxies := []*wire{dial(t, s), dial(t, s), dial(t, s), dial(t, s)}
	id := proxies[0].handshake()
	for _, proxied := range proxies {
		for range 3 { // the proxy's own requests
			equal(t, proxied.ask(post(publish(guess(id, 1), "/a", "1"))).StatusCode, 200)
		}
	}
	for i := range 3 {
		client := of(fmt.Sprint("192.0.2.", i))
		for j, proxied := range proxies {
			want := 429
			if j == 0 {
				want = 200
			}
			equal(t, proxied.ask(postWith("/bayeux", publish(guess(id, 1), "/a", "1"), client)).StatusCode, want)
			equal(t, proxied.ask(postWith("/bayeux", publish(id, "/a", "1"), client)).StatusCode, 200)
		}
	}
	for _, r := range *s.loops.bound.Load() {
		var kept atomic.Int64
		kept.Store(-1)
		r.box.Do(func() { kept.Store(int64(len(r.askers))) })
		eventually(t, func() bool { return kept.Load() == 0 })
	}
}
