//go:build e2e

// Package e2e drives the halley binary from outside: with a recorded feed, with Go clients under load while its keys,
// certificates and helpers change or fail, and through crashes and restarts. The files in JavaScript have the clients that
// other people wrote, and a real browser.
package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"halley/scripts/nodes"
)

const (
	subscribers = 200
	from, to    = 34_200_000, 34_260_000 // the market's first minute, in ms since midnight
	speed       = 12                     // so that it takes five seconds
	deadline    = 5 * time.Minute        // for a slow machine
)

// Every subscriber gets every row: in order for each symbol, none lost, none
// twice, values digit for digit.
func TestEveryoneGetsTheFeed(t *testing.T) {
	name := feed(t)
	want, rows := window(t, name)
	server := serve(t, slack("--loops=4")...)
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()

	results := make(chan error, subscribers)
	transport := &http.Transport{MaxIdleConnsPerHost: subscribers}
	defer transport.CloseIdleConnections()
	for range subscribers {
		s := subscriber{server: server, http: &http.Client{Transport: transport}, rows: map[string][]string{}}
		if err := s.open(ctx); err != nil {
			t.Fatal(err)
		}
		go func() { results <- s.follow(ctx, want, rows) }()
	}
	server.await(t, ctx, fmt.Sprintf("halley_held_polls %d", subscribers))

	out, err := exec.CommandContext(ctx, binary(t), "pub", "--server="+server.internal, "--csv="+name, "--channel=/stock/{symbol}",
		"--time=ms_since_midnight", fmt.Sprint("--from=", from), fmt.Sprint("--to=", to), fmt.Sprint("--speed=", speed)).CombinedOutput()
	if err != nil {
		t.Fatalf("pub: %v\n%s", err, out)
	}
	failed := 0
	for range subscribers {
		if err := <-results; err != nil {
			failed++
			t.Log(err)
		}
	}
	if failed > 0 {
		t.Errorf("%d of %d subscribers did not get the %d rows as they are", failed, subscribers, rows)
	}
	t.Logf("%d rows to %d subscribers: %d deliveries", rows, subscribers, rows*subscribers)
}

// slack are flags by which a server waits for clients that have little of a machine's time.
func slack(flags ...string) []string {
	return append(flags, "--queue-messages=1000000", "--queue-bytes=256MiB", "--max-interval=5m", "--handshake-storm=0")
}

// subscriber is one Bayeux client over long-polling, written from the
// specification alone.
type subscriber struct {
	server   *process
	http     *http.Client
	clientID string
	rows     map[string][]string // channel → rows, as they came
}

// message holds the fields of a Bayeux message that this reader needs.
type message struct {
	Channel    string          `json:"channel"`
	Successful *bool           `json:"successful"`
	ClientID   string          `json:"clientId"`
	Error      string          `json:"error"`
	Data       json.RawMessage `json:"data"`
}

func (s *subscriber) open(ctx context.Context) error {
	replies, err := s.send(ctx, `{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}`)
	if err != nil {
		return err
	}
	s.clientID = replies[0].ClientID
	_, err = s.send(ctx, fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":"/stock/*"}`, s.clientID))
	return err
}

// follow holds one connect after the other until all rows came, and a moment
// longer, for what should not come.
func (s *subscriber) follow(ctx context.Context, want map[string][]string, rows int) error {
	connect := fmt.Sprintf(`{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling"}`, s.clientID)
	for got := 0; got < rows; {
		messages, err := s.send(ctx, connect)
		if err != nil {
			return fmt.Errorf("after %d rows: %w", got, err)
		}
		got += s.take(messages)
	}
	last := fmt.Sprintf(`{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling","advice":{"timeout":500}}`, s.clientID)
	messages, err := s.send(ctx, last)
	if err != nil {
		return err
	}
	s.take(messages)
	return compare(want, s.rows)
}

// take keeps the rows among the messages and returns how many there were.
func (s *subscriber) take(messages []message) (rows int) {
	for _, m := range messages {
		if m.Data != nil {
			s.rows[m.Channel] = append(s.rows[m.Channel], string(m.Data))
			rows++
		}
	}
	return rows
}

// send posts one message and returns the answer; a reply that is not successful is an error.
func (s *subscriber) send(ctx context.Context, body string) ([]message, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.server.public+"/bayeux", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := s.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var messages []message
	if err := json.NewDecoder(response.Body).Decode(&messages); err != nil {
		return nil, fmt.Errorf("status %d: %w", response.StatusCode, err)
	}
	for _, m := range messages {
		if m.Successful != nil && !*m.Successful {
			return nil, fmt.Errorf("%s: %s", m.Channel, m.Error)
		}
	}
	if len(messages) == 0 {
		return nil, fmt.Errorf("status %d: no message", response.StatusCode)
	}
	return messages, nil
}

// compare says where the rows of a channel first differ from those of the feed.
func compare(want, got map[string][]string) error {
	for channel, rows := range want {
		for i, row := range rows {
			if i >= len(got[channel]) || got[channel][i] != row {
				return fmt.Errorf("%s: row %d of %d (%d came) should be %s", channel, i, len(rows), len(got[channel]), row)
			}
		}
		if len(got[channel]) > len(rows) {
			return fmt.Errorf("%s: %d rows too many", channel, len(got[channel])-len(rows))
		}
	}
	if len(got) > len(want) {
		return fmt.Errorf("%d channels instead of %d", len(got), len(want))
	}
	return nil
}

// feed names the recorded feed, or makes a small one of the same form where there is none.
func feed(t *testing.T) string {
	t.Helper()
	name := os.Getenv("HALLEY_FEED")
	if name == "" {
		name = filepath.Join("..", "..", "..", "shared", "data", "trades-2013-10-07.csv.gz")
	}
	if _, err := os.Stat(name); err == nil {
		return name
	}
	t.Logf("%s is absent: a generated feed takes its place", name)
	var b strings.Builder
	b.WriteString("ms_since_midnight,symbol,price,size,exchange\n")
	random := rand.New(rand.NewPCG(1, 1758))
	for i := range 3000 {
		row := fmt.Sprintf("%d,%s,%.4f,%d,P\n", from+20*i, []string{"SPY", "IBM", "AIG"}[random.IntN(3)], 100+random.Float64(), 100*(1+random.IntN(9)))
		b.WriteString(strings.Repeat(row, 1+random.IntN(2))) // exact repeats occur in life too
	}
	name = filepath.Join(t.TempDir(), "feed.csv")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// window reads the rows that the test replays, as JSON objects by channel.
func window(t *testing.T, name string) (want map[string][]string, rows int) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var in io.Reader = file
	if strings.HasSuffix(name, ".gz") {
		if in, err = gzip.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	records, err := csv.NewReader(in).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want = map[string][]string{}
	for _, r := range records[1:] {
		if ms, err := strconv.Atoi(r[0]); err != nil || ms < from || ms >= to {
			continue
		}
		row := fmt.Sprintf(`{"ms_since_midnight":%s,"symbol":%q,"price":%s,"size":%s,"exchange":%q}`, r[0], r[1], r[2], r[3], r[4])
		want["/stock/"+r[1]] = append(want["/stock/"+r[1]], row)
		rows++
	}
	if rows < 1000 {
		t.Fatalf("%s has only %d rows in the window", name, rows)
	}
	return want, rows
}

// process is a running `halley serve`.
type process struct {
	public, internal string
}

// binary is the program under test.
func binary(t *testing.T) string {
	t.Helper()
	name := os.Getenv("HALLEY_BIN")
	if name == "" {
		t.Fatal("HALLEY_BIN must name the halley binary")
	}
	return name
}

// serve starts a server on free ports until the test ends.
func serve(t *testing.T, flags ...string) *process {
	t.Helper()
	listen, internal := freeAddress(t), freeAddress(t)
	arguments := append([]string{"serve", "--listen=" + listen, "--internal=" + internal, "--drain-delay=0", "--drain-timeout=1s"}, flags...)
	var log bytes.Buffer
	command := exec.Command(binary(t), arguments...)
	command.Stdout, command.Stderr = &log, &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		if err := command.Wait(); err != nil {
			t.Errorf("serve: %v\n%s", err, &log)
		}
	})
	p := &process{public: "http://" + listen, internal: "http://" + internal}
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	p.await(t, ctx, "halley_held_polls 0")
	return p
}

// await waits until the metrics have the line.
func (p *process) await(t *testing.T, ctx context.Context, line string) {
	t.Helper()
	for {
		if text, err := get(ctx, p.internal+"/metrics"); err == nil && strings.Contains(text, "\n"+line+"\n") {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %q", line)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func get(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}

// freeHost is the host of all that the tests start, but for the nodes of a cluster.
func freeHost() string { return nodes.NewNetwork(os.Getpid()).Host(100) }

// given is how many addresses freeAddress has given out.
var given atomic.Int64

// freeAddress is one that no other process uses: nothing takes it before the server of the test does, or while that is away.
// Connections come from 127.0.0.1 and take no port here. It is not listened on to see whether it is free: a process that another
// test starts at that moment would have the socket until it has become another program.
func freeAddress(t *testing.T) string {
	t.Helper()
	for {
		address := fmt.Sprintf("%s:%d", freeHost(), 20_000+given.Add(1))
		if !taken(address) {
			return address
		}
	}
}

// taken tells whether somebody listens.
func taken(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err == nil {
		conn.Close()
	}
	return err == nil
}
