//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"halley/bayeux/client"
)

const (
	restartWindow = 10 * time.Second      // --drain-timeout
	restartFeed   = 10 * time.Millisecond // between two messages
	// restartChannels have these in turn, and each subscriber has one of them: so the test measures the server rather than
	// what thousands of clients on one machine can read.
	restartChannels = 100
)

// restartClients is how many subscribers there are: HALLEY_RESTART_CLIENTS, or as many as any machine stands.
func restartClients(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("HALLEY_RESTART_CLIENTS"))
	if err != nil {
		return 600
	}
	return n
}

// A server is replaced by another one under a feed of 100 messages a second, with subscribers over long-polling, websockets
// and event-streams, and a history. All come back within the drain window, spread over it; each gets each message once, in
// order; no connection is refused, the publisher's neither, and no publish fails.
func TestRestartWithoutAStorm(t *testing.T) {
	t.Parallel()
	dir, s := restartable(t)
	s.flags = append(s.flags, "--history-file="+filepath.Join(dir, "history"))
	restart(t, s, restartClients(t), "http://"+s.listen+"/bayeux", nil)
}

// So it is for clients that speak TLS, which resume their sessions of TLS at the later server.
func TestRestartOverTLS(t *testing.T) {
	t.Parallel()
	dir, s := restartable(t)
	host, address := signed(t, "restarted"), freeAddress(t)
	host.into(t, filepath.Join(dir, "crt"), filepath.Join(dir, "key"))
	s.flags = append(s.flags, "--tls-listen="+address, "--tls-cert="+filepath.Join(dir, "crt"), "--tls-key="+filepath.Join(dir, "key"),
		"--tls-ticket-keys="+filepath.Join(dir, "tickets"))
	page := restart(t, s, restartClients(t)/2, "https://"+address+"/bayeux", &tls.Config{RootCAs: host.pool()})
	if strings.Contains(page, "\nhalley_tls_handshakes_resumed_total 0\n") {
		t.Error("no session of TLS was resumed")
	}
}

// restartable is a server whose later one takes over, and the folder of its files.
func restartable(t *testing.T) (dir string, s *mortal) {
	dir = t.TempDir()
	return dir, &mortal{listen: freeAddress(t), internal: freeAddress(t), flags: []string{
		"--rule=/feed/* history=100000", "--control=" + filepath.Join(dir, "control"), "--loops=2",
		"--drain-timeout=" + restartWindow.String(), "--drain-delay=0", "--handshake-storm=0"}}
}

// restart has a later server take over from s under a feed, and judges what so many subscribers have had of it. secure is
// what they know of TLS. It returns the later one's metrics.
func restart(t *testing.T, s *mortal, clients int, url string, secure *tls.Config) (page string) {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s.start(t, ctx)
	first := s.command
	defer func() { _ = first.Process.Kill() }()
	crowd := newCrowd(t, ctx, url, clients, secure)
	feed := startFeed(ctx, s)
	feed.await(t, ctx, 2*restartChannels)

	begun := time.Now()
	s.start(t, ctx) // the successor, with the same flags
	defer func() { _ = s.command.Process.Kill() }()
	returns := watchReturns(ctx, "http://"+s.internal, clients)
	if err := first.Wait(); err != nil {
		t.Errorf("the predecessor ended with %v", err)
	}
	ended := time.Since(begun)
	bins := returns()
	feed.await(t, ctx, 2*restartChannels)
	last := feed.stop()

	t.Logf("%d clients; the predecessor was gone after %v; returns: %v", clients, ended, bins)
	spread(t, bins, clients, ended)
	crowd.judge(t, last)
	if n := feed.failed.Load(); n > 0 {
		t.Errorf("%d publishes failed, the last one: %v", n, feed.fault.Load())
	}
	page, err := s.get(ctx, "/metrics")
	if err != nil {
		t.Error(err)
	}
	return page
}

// restartLate is how late a slow machine may be: by that much the predecessor may go later, and that many seconds' clients may come
// back at once.
const restartLate = 20 * time.Second

// spread judges whether so many clients have come back over the window, and in how long.
func spread(t *testing.T, bins []bin, clients int, ended time.Duration) {
	t.Helper()
	all, back := time.Duration(0), 0
	usual := float64(clients) / (restartWindow.Seconds() * 3 / 4) // in a second
	for _, b := range bins {
		all, back = all+b.lasted, back+b.count
		if most := 4 * usual * max(b.lasted.Seconds(), 1); float64(b.count) > most {
			t.Errorf("%d came back within %v, more than %.0f", b.count, b.lasted, most)
		}
	}
	if ended > restartWindow+restartLate || all > restartWindow+restartLate || back < clients {
		t.Errorf("gone after %v, %d back after %v", ended, back, all)
	}
}

// crowd is many subscribers.
type crowd struct {
	members []*member
	refused atomic.Int64 // connections
	fault   atomic.Value
}

// member is one of them.
type member struct {
	kind    string
	channel int64
	mu      sync.Mutex
	first   int64 // message
	last    int64
	at      time.Time     // of the last one
	gap     time.Duration // the longest time between two
	fault   string
}

// heard takes a message.
func (m *member) heard(data int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.first < 0:
		m.first = data
	case data != m.last+restartChannels && m.fault == "":
		m.fault = fmt.Sprintf("%d came after %d", data, m.last)
	}
	if !m.at.IsZero() {
		m.gap = max(m.gap, time.Since(m.at))
	}
	m.last, m.at = data, time.Now()
}

// newCrowd subscribes so many clients, a third of each kind, and returns when all hear.
func newCrowd(t *testing.T, ctx context.Context, url string, count int, secure *tls.Config) *crowd {
	t.Helper()
	if secure != nil {
		secure.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	c := &crowd{}
	dialer := &net.Dialer{Timeout: 20 * time.Second, KeepAlive: -1}
	var ready sync.WaitGroup
	slots := make(chan struct{}, 50) // that shake hands at once
	for i := range count {
		m := &member{kind: []string{"long-polling", "websocket", "eventsource"}[i%3], channel: int64(i % restartChannels), first: -1}
		c.members = append(c.members, m)
		transport := &http.Transport{MaxIdleConnsPerHost: 4, TLSClientConfig: secure.Clone(), DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil && ctx.Err() == nil {
				c.refused.Add(1)
				c.fault.Store(err.Error())
			}
			return conn, err
		}}
		b, err := client.New(url, client.Options{HTTP: &http.Client{Transport: transport}, ConnectionTypes: []string{m.kind}, Replay: true})
		if err != nil {
			t.Fatal(err)
		}
		ready.Add(1)
		go func() {
			slots <- struct{}{}
			err := b.Handshake(ctx)
			if err == nil {
				err = b.Subscribe(ctx, fmt.Sprint("/feed/", m.channel), func(message client.Message) {
					var data int64
					if json.Unmarshal(message.Data, &data) == nil {
						m.heard(data)
					}
				}, client.Since(client.Tip))
			}
			<-slots
			if err != nil {
				t.Error(err)
			}
			ready.Done()
			_ = b.Run(ctx) // until the test ends
		}()
	}
	ready.Wait()
	return c
}

// judge waits until all have the last message, and tells what anybody has missed.
func (c *crowd) judge(t *testing.T, last int64) {
	t.Helper()
	late := time.Now().Add(deadline)
	bad := 0
	for _, m := range c.members {
		last := last - (last-m.channel)%restartChannels // of its channel
		for {
			m.mu.Lock()
			first, at, fault := m.first, m.last, m.fault
			m.mu.Unlock()
			if at < last && time.Now().Before(late) {
				time.Sleep(10 * time.Millisecond)
				continue
			}
			if fault != "" || at != last || first != m.channel {
				if bad++; bad <= 10 {
					t.Errorf("%s: %d to %d of %d; %s", m.kind, first, at, last, fault)
				}
			}
			break
		}
	}
	for _, kind := range []string{"long-polling", "websocket", "eventsource"} {
		var gaps []time.Duration
		for _, m := range c.members {
			if m.kind == kind {
				m.mu.Lock()
				gaps = append(gaps, m.gap.Round(100*time.Millisecond))
				m.mu.Unlock()
			}
		}
		slices.Sort(gaps)
		t.Logf("%s: without a message for %v (median), %v at most", kind, gaps[len(gaps)/2], gaps[len(gaps)-1])
	}
	if bad > 0 || c.refused.Load() > 0 {
		t.Errorf("%d of %d clients missed something or got it twice; %d connections were refused: %v", bad, len(c.members), c.refused.Load(), c.fault.Load())
	}
}

// ticking publishes numbers one after the other.
type ticking struct {
	sent    atomic.Int64
	stopped chan struct{}
	ended   chan int64
	failed  atomic.Int64
	fault   atomic.Value
}

func startFeed(ctx context.Context, s *mortal) *ticking {
	f := &ticking{stopped: make(chan struct{}), ended: make(chan int64, 1)}
	go func() {
		ticker := time.NewTicker(restartFeed)
		defer ticker.Stop()
		for n := int64(0); ; n++ {
			select {
			case <-f.stopped:
				f.ended <- n - 1
				return
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if err := publishOnce(s, n); err != nil {
				f.failed.Add(1)
				f.fault.Store(err.Error())
			}
			f.sent.Add(1)
		}
	}()
	return f
}

// await waits until so many more have been published.
func (f *ticking) await(t *testing.T, ctx context.Context, messages int64) {
	t.Helper()
	end := f.sent.Load() + messages
	eventually(t, ctx, "the feed to go on", func() bool { return f.sent.Load() >= end })
}

func publishOnce(s *mortal, n int64) error {
	body := strings.NewReader(fmt.Sprintf(`{"channel":"/feed/%d","data":%d}`, n%restartChannels, n))
	request, err := http.NewRequest(http.MethodPost, "http://"+s.internal+"/publish", body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	// Go's client sends it once more when its idle connection has ended meanwhile. Should it come twice, subscribers see it.
	request.Header.Set("Idempotency-Key", strconv.FormatInt(n, 10))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	text, _ := io.ReadAll(response.Body)
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d: %s", response.StatusCode, text)
	}
	return nil
}

// stop ends the feed and returns the last number.
func (f *ticking) stop() int64 {
	close(f.stopped)
	return <-f.ended
}

// bin is how many clients came back in some time, a second or more where the machine was slow.
type bin struct {
	count  int
	lasted time.Duration
}

func (b bin) String() string { return fmt.Sprintf("%d in %v", b.count, b.lasted) }

// watchReturns counts the handshakes at the successor second by second, until all have come.
func watchReturns(ctx context.Context, internal string, clients int) func() []bin {
	done := make(chan []bin, 1)
	go func() {
		var bins []bin
		begun, last, before := time.Now(), time.Now(), 0
		for before < clients && ctx.Err() == nil && time.Since(begun) < 2*restartWindow+restartLate {
			time.Sleep(time.Until(last.Add(time.Second)))
			now, at := handshakes(internal), time.Now()
			bins = append(bins, bin{now - before, at.Sub(last).Round(time.Millisecond)})
			before, last = now, at
		}
		done <- bins
	}()
	return func() []bin { return <-done }
}

// handshakes are those that a server has had.
func handshakes(internal string) (n int) {
	response, err := http.Get(internal + "/metrics")
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	_, rest, _ := strings.Cut(string(text), "\nhalley_handshakes_total ")
	line, _, _ := strings.Cut(rest, "\n")
	f, _ := strconv.ParseFloat(line, 64)
	return int(f)
}
