package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"halley/bayeux/client"
	"halley/cmd/halley/feed"
)

// subCommand prints what is published.
type subCommand struct {
	Channels  []string      `arg:"" name:"channel" help:"Channels or patterns such as /stock/* and /**."`
	Server    string        `env:"-" default:"http://127.0.0.1:8080/bayeux" help:"Bayeux endpoint."`
	Transport []string      `env:"-" default:"long-polling" enum:"long-polling,websocket,eventsource,events" help:"Connection types in order of preference: long-polling, websocket, eventsource; or events, the plain event-stream /events of the server."`
	Trust     trust         `embed:""`
	Token     tokenFile     `name:"token-file" env:"-" placeholder:"FILE" help:"Token for the server, read anew whenever one is needed."`
	Since     string        `env:"-" placeholder:"ID" help:"Begin with what followed a message's replayId, or with earliest or tip, on channels with a history; after a lost connection or session go on where it was."`
	Rate      string        `env:"-" placeholder:"N/s" help:"At most so many messages of a channel in a second, the newest ones."`
	Conflate  bool          `env:"-" help:"Of messages of a channel that come faster than the server's clock ticks, about ten a second, the newest alone."`
	Wait      time.Duration `env:"-" default:"0s" help:"How long to try on if the server cannot be reached at the beginning; 0 gives up at once. After a loss it is tried for ever, and each cause told once, then every minute."`
	Count     int           `env:"-" default:"0" help:"Leave after this many messages; 0 is no limit."`
	Timeout   time.Duration `env:"-" default:"0s" help:"Leave after this time, as a failure if --count is not reached; 0 is no limit."`
}

// plainEvents is the transport without Bayeux.
const plainEvents = "events"

// Run subscribes and prints until it is told to stop.
func (c *subCommand) Run(env environment) error {
	if c.Count < 0 || c.Timeout < 0 || c.Wait < 0 {
		return usagef("--count, --timeout, --wait: must not be negative")
	}
	for _, channel := range c.Channels {
		if err := startsWithSlash(channel); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(env.ctx)
	defer cancel()
	if c.Timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	secured, err := c.Trust.config()
	if err != nil {
		return err
	}
	p := &printer{w: env.stdout, left: c.Count, full: make(chan struct{})}
	faults := &complaints{w: env.stderr, command: "halley sub", now: time.Now}
	options := client.Options{
		ConnectionTypes: c.Transport,
		TLS:             secured,
		Token:           c.Token.ask(),
		Replay:          c.Since != "",
		OnSession:       func(client.Session) { faults.forget() },
		OnError:         func(err error) { faults.say(c.explained(err)) },
	}
	if err := c.subscribe(ctx, options, p); err != nil && env.ctx.Err() == nil {
		return c.explained(err) // unless it is only that someone has interrupted
	}
	return p.result(c.Count)
}

// explained is an error that names the flag which may help.
func (c *subCommand) explained(err error) error { return c.Trust.explained(c.Token.explained(err)) }

// subscribe prints what comes by the transport that is asked for.
func (c *subCommand) subscribe(ctx context.Context, o client.Options, p *printer) error {
	if slices.Contains(c.Transport, plainEvents) {
		return c.stream(ctx, o, p)
	}
	bayeux, err := client.New(c.Server, o)
	if err != nil {
		return usagef("--server: %w", err)
	}
	return c.follow(ctx, bayeux, p, o.OnError)
}

// stream follows the plain event-stream.
func (c *subCommand) stream(ctx context.Context, o client.Options, p *printer) error {
	switch {
	case len(c.Transport) > 1:
		return usagef("--transport: events stands alone: it is not Bayeux")
	case c.Rate != "" || c.Conflate:
		return usagef("--rate, --conflate: the plain event-stream cannot ask for them")
	}
	address, err := c.eventsURL()
	if err != nil {
		return err
	}
	return until(ctx, p, func(ctx context.Context) error {
		var events *client.EventStream
		err := patiently(ctx, c.Wait, o.OnError, func(ctx context.Context) (err error) {
			events, err = client.OpenEvents(ctx, address, o)
			return err
		})
		if err != nil {
			return err
		}
		return events.Follow(ctx, p.print)
	})
}

// eventsURL is where the server of the endpoint has its plain event-stream.
func (c *subCommand) eventsURL() (string, error) {
	u, err := url.Parse(c.Server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", usagef("--server: %q is no http or https URL", c.Server)
	}
	query := url.Values{"channel": c.Channels}
	if c.Since != "" {
		id, err := parseSince(c.Since)
		if err != nil {
			return "", err
		}
		query.Set("lastEventId", strconv.FormatInt(id, 10))
	}
	u.Path, u.RawPath, u.RawQuery = "/events", "", query.Encode()
	return u.String(), nil
}

// follow runs the client until ctx is done, the count is reached, or the
// server ends it.
func (c *subCommand) follow(ctx context.Context, bayeux *client.Client, p *printer, tell func(error)) error {
	wanted, err := c.wanted()
	if err != nil {
		return err
	}
	defer leave(ctx, bayeux)
	if err := patiently(ctx, c.Wait, tell, bayeux.Handshake); err != nil {
		return err
	}
	for i, pattern := range c.Channels {
		if err := bayeux.Subscribe(ctx, pattern, p.unless(c.Channels[:i]), wanted...); err != nil {
			return err
		}
	}
	return until(ctx, p, bayeux.Run)
}

// wanted is what the flags say of each subscription.
func (c *subCommand) wanted() (list []client.SubscribeOption, err error) {
	if c.Since != "" {
		id, err := parseSince(c.Since)
		if err != nil {
			return nil, err
		}
		list = append(list, client.Since(id))
	}
	switch {
	case c.Rate != "":
		interval, err := parseRate(c.Rate)
		if err != nil {
			return nil, err
		}
		list = append(list, client.Every(interval))
	case c.Conflate:
		list = append(list, client.Every(time.Millisecond))
	}
	return list, nil
}

func parseSince(text string) (int64, error) {
	switch text {
	case "earliest":
		return client.Earliest, nil
	case "tip":
		return client.Tip, nil
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, usagef("--since %q: want the replayId of a message, earliest or tip", text)
	}
	return id, nil
}

func parseRate(text string) (time.Duration, error) {
	number, ok := strings.CutSuffix(text, "/s")
	perSecond, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !(perSecond >= 0.001 && perSecond <= 1000) {
		return 0, usagef("--rate %q: want N/s with N between 0.001 and 1000", text)
	}
	return time.Duration(float64(time.Second) / perSecond), nil
}

// until runs what brings messages until it ends or enough of them have come.
func until(ctx context.Context, p *printer, run func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	select {
	case <-p.full:
		cancel()
		<-done
		return nil
	case err := <-done:
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
}

// leave tells the server, for a moment even after ctx is done.
func leave(ctx context.Context, c *client.Client) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_ = c.Disconnect(ctx) // the session expires anyway
}

// printer writes messages, one line each.
type printer struct {
	w    io.Writer
	full chan struct{} // closed when enough has been printed

	mu   sync.Mutex
	left int // messages still wanted, 0 for no limit
	done bool
	err  error
	line []byte
}

// unless is a handler that leaves alone what an earlier pattern has: a message
// of several patterns is printed once.
func (p *printer) unless(earlier []string) client.Handler {
	return func(m client.Message) {
		for _, pattern := range earlier {
			if client.Matches(pattern, m.Channel) {
				return
			}
		}
		p.print(m)
	}
}

// print writes one message.
func (p *printer) print(m client.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return
	}
	p.line = appendLine(p.line[:0], m)
	if _, p.err = p.w.Write(p.line); p.err != nil {
		p.finish()
		return
	}
	if p.left > 0 {
		if p.left--; p.left == 0 {
			p.finish()
		}
	}
}

func (p *printer) finish() {
	p.done = true
	close(p.full)
}

// result judges the end.
func (p *printer) result(count int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.err != nil:
		return p.err
	case p.left > 0:
		return fmt.Errorf("%d of %d messages came", count-p.left, count)
	}
	return nil
}

// appendLine writes {"channel":…,"replayId":…,"data":…}, the number only where the
// channel has a history. Data keeps its bytes unless it has
// line breaks, which the line cannot hold.
func appendLine(dst []byte, m client.Message) []byte {
	dst = append(dst, `{"channel":`...)
	dst = feed.AppendString(dst, m.Channel)
	if m.ID != 0 {
		dst = strconv.AppendInt(append(dst, `,"replayId":`...), m.ID, 10)
	}
	if m.Data != nil {
		dst = append(dst, `,"data":`...)
		dst = appendData(dst, m.Data)
	}
	return append(dst, "}\n"...)
}

func appendData(dst, data []byte) []byte {
	if !bytes.ContainsAny(data, "\r\n") {
		return append(dst, data...)
	}
	var b bytes.Buffer
	if json.Compact(&b, data) != nil {
		return append(dst, data...)
	}
	return append(dst, b.Bytes()...)
}
