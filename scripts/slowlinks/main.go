// Command slowlinks measures what a client has of a conflated feed over a slow link: how old prices are, how soon a request is
// answered, and whether the last price of each symbol comes. The script slowlink makes the link and runs it on both ends.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"halley/bayeux/client"
)

type commands struct {
	Publish publishCommand `cmd:"" help:"Publish prices, by the internal listener."`
	Follow  followCommand  `cmd:"" help:"Follow them and tell."`
}

func main() {
	var c commands
	parsed := kong.Parse(&c, kong.Name("slowlinks"))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.FatalIfErrorf(parsed.Run())
}

// price is the data of an event. Both ends have the same clock.
type price struct {
	At     int64  // microseconds since 1970
	Number int    // of the round
	Pad    string // to a usual length
}

// publishCommand publishes one price of each symbol in each round.
type publishCommand struct {
	Internal string        `required:"" help:"Address of the internal listener."`
	Symbols  int           `default:"50" help:"Symbols."`
	Every    time.Duration `default:"50ms" help:"From round to round."`
	For      time.Duration `default:"20s" help:"How long."`
}

// Run publishes and leaves.
func (c *publishCommand) Run(ctx context.Context) error {
	ticker := time.NewTicker(c.Every)
	defer ticker.Stop()
	rounds := int(c.For / c.Every)
	for n := 1; n <= rounds && ctx.Err() == nil; n++ {
		var lines []string
		for i := range c.Symbols {
			data, err := json.Marshal(price{time.Now().UnixMicro(), n, strings.Repeat("x", 120)})
			if err != nil {
				return err
			}
			lines = append(lines, fmt.Sprintf(`{"channel":"/price/%d","data":%s}`, i, data))
		}
		response, err := http.Post("http://"+c.Internal+"/publish", "application/json", strings.NewReader(strings.Join(lines, "\n")))
		if err != nil {
			return err
		}
		response.Body.Close()
		<-ticker.C
	}
	fmt.Println(rounds)
	return nil
}

// followCommand is a client.
type followCommand struct {
	Server  string        `required:"" help:"Its address."`
	Kind    string        `default:"websocket" help:"Connection type."`
	Symbols int           `default:"50" help:"Symbols."`
	Rounds  int           `default:"400" help:"Rounds that there will be."`
	Settle  time.Duration `default:"5s" help:"When the measurement begins."`
	Label   string        `help:"First column."`
}

// follower is what it has seen.
type follower struct {
	mu     sync.Mutex
	begun  time.Time
	settle time.Duration
	ages   []time.Duration
	newest map[string]int
}

func (f *follower) hear(m client.Message) {
	var p price
	if json.Unmarshal(m.Data, &p) != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.newest[m.Channel] = max(f.newest[m.Channel], p.Number)
	if time.Since(f.begun) > f.settle {
		f.ages = append(f.ages, time.Since(time.UnixMicro(p.At)))
	}
}

// missing is how many symbols have not had their last price.
func (f *follower) missing(symbols, rounds int) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n = symbols - len(f.newest)
	for _, newest := range f.newest {
		if newest < rounds {
			n++
		}
	}
	return n
}

// Run prints one line.
func (c *followCommand) Run(ctx context.Context) error {
	f := &follower{begun: time.Now(), settle: c.Settle, newest: make(map[string]int)}
	errs := 0
	b, err := client.New("http://"+c.Server+"/bayeux", client.Options{ConnectionTypes: []string{c.Kind}, NetworkDelay: time.Minute,
		OnError: func(error) { errs++ }})
	if err != nil {
		return err
	}
	if err := b.Handshake(ctx); err != nil {
		return err
	}
	if err := b.Subscribe(ctx, "/price/*", f.hear); err != nil {
		return err
	}
	go b.Run(ctx)
	time.Sleep(c.Settle + time.Second)
	var replies []time.Duration
	for i := range 5 {
		asked := time.Now()
		if err := b.Subscribe(ctx, fmt.Sprintf("/other/%d", i), func(client.Message) {}); err != nil {
			return err
		}
		replies = append(replies, time.Since(asked).Round(time.Millisecond))
		time.Sleep(500 * time.Millisecond)
	}
	for end := time.Now().Add(time.Minute); f.missing(c.Symbols, c.Rounds) > 0 && time.Now().Before(end); {
		time.Sleep(100 * time.Millisecond)
	}
	missing := f.missing(c.Symbols, c.Rounds)
	f.mu.Lock()
	defer f.mu.Unlock()
	slices.Sort(f.ages)
	slices.Sort(replies)
	fmt.Printf("%-28s %9v %9v %9v %11v %9v %9d %8d %6d\n", c.Label, share(f.ages, 50), share(f.ages, 99), share(f.ages, 100),
		share(replies, 50), share(replies, 100), len(f.ages), missing, errs)
	return nil
}

// share is the value that so many hundredths do not exceed.
func share(sorted []time.Duration, hundredths int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, len(sorted)*hundredths/100)].Round(time.Millisecond)
}
