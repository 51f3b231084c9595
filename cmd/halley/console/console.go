// Package console is the page that an operator leaves open: figures of the server, each second while somebody looks, and those of
// the last hour. The page is a Bayeux client of this package, whose endpoint only the internal listener serves.
package console

import (
	"context"
	"time"

	"github.com/goccy/go-json"

	"halley/cmd/halley/console/samples"
	"halley/loop"
)

// Source is the server that the console shows, as loop.Server is.
type Source interface {
	Stats() loop.Stats
	Unready() []string
	Slow(ctx context.Context, most int) ([]loop.SlowClient, error)
	Top(ctx context.Context, most int) ([]loop.ChannelRate, error)
	// Around are the other servers that this one knows, and what it has to do with them.
	Around() Surroundings
}

// About tells the page what it shows.
type About struct {
	Version string `json:"version"`
	Host    string `json:"host"`
}

// Console samples one server, and shows it.
type Console struct {
	source   Source
	about    About
	notes    *Notes
	ring     *samples.Ring
	endpoint *endpoint
	doctor   *doctor
	ranked   time.Time // when channels were last asked for
}

// maxBody bounds what a page may send at once, in bytes.
const maxBody = 16 << 10

const (
	beat    = time.Second
	shown   = 10 // channels, and slow clients
	timeout = 500 * time.Millisecond
)

// New makes a console. It samples nothing before Run.
func New(source Source, about About, notes *Notes) *Console {
	start := time.Now()
	clock := func() int64 { return start.UnixMilli() + time.Since(start).Milliseconds() }
	return &Console{source: source, about: about, notes: notes, ring: newRing(), endpoint: newEndpoint(clock), doctor: newDoctor()}
}

// Run samples until ctx is done, and then lets all pages go.
func (c *Console) Run(ctx context.Context) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	defer c.endpoint.close()
	first := read(time.Now(), c.source.Stats(), c.source.Around())
	live, row := first, first
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			live, row = c.beat(ctx, now, live, row)
		}
	}
}

// beat does what is due: a view where somebody looks, each time, and a row of the ring now and then. It returns the readings that
// the next ones are compared with.
func (c *Console) beat(ctx context.Context, now time.Time, live, row *reading) (lastLive, lastRow *reading) {
	c.endpoint.tick()
	watched, due := c.endpoint.watched(), now.Sub(row.at) >= samples.Every-beat/2
	if !watched && !due {
		return live, row
	}
	reading := read(now, c.source.Stats(), c.source.Around())
	c.doctor.examine(change{live, reading})
	var added *rowNow
	if due {
		since := change{row, reading}
		added = &rowNow{c.ring.Add(now, since.row()), since.byColumn()}
		row = reading
	}
	if watched {
		c.show(ctx, change{live, reading}, added)
	}
	return reading, row
}

// show publishes a view, with the row that was added to the ring with it, if one was.
func (c *Console) show(ctx context.Context, last change, row *rowNow) {
	f := viewOf(last)
	f.Health = c.doctor.verdict(last.to, c.source.Unready())
	f.Row, f.Notes = row, c.notes.list()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	// What a loop that is stuck does not tell is left out: its lag is there.
	slow, _ := c.source.Slow(ctx, shown)
	top, _ := c.source.Top(ctx, shown)
	f.Slow, f.Top = slowest(slow), ranked(top, max(0.1, last.to.at.Sub(c.ranked).Seconds()))
	c.ranked = last.to.at
	text, err := json.Marshal(f)
	if err == nil {
		c.endpoint.publish(text)
	}
}

// hour is what a page is told first.
type hour struct {
	About
	Channel string        `json:"channel"`
	Table   samples.Table `json:"table"`
}

// Hour is what the last hour was like, as JSON.
func (c *Console) Hour() ([]byte, error) {
	return json.Marshal(hour{c.about, figuresChannel, c.ring.Table()})
}

// MaxBody bounds a batch of Bayeux messages, in bytes.
func (*Console) MaxBody() int { return maxBody }

// Talk answers a batch of Bayeux messages, which may take as long as a connect is held.
func (c *Console) Talk(ctx context.Context, batch []byte) ([]byte, error) {
	return c.endpoint.talk(ctx, batch)
}
