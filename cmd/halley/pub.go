package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/goccy/go-json"

	"halley/bayeux/client"
	"halley/cmd/halley/publish"
	"halley/loop/settings"
)

// pubCommand publishes.
type pubCommand struct {
	Channel string `arg:"" optional:"" help:"Channel, or - for lines of {\"channel\":…,\"data\":…} on standard input."`
	Data    string `arg:"" optional:"" name:"json" help:"The message, any JSON value (put -- before one that begins with a minus), or - for one on each line of standard input."`

	Server      string          `env:"-" group:"where" default:"http://127.0.0.1:8081" help:"Internal listener to publish to."`
	InternalKey settings.Secret `group:"where" placeholder:"KEY" help:"Its bearer key."`
	Bayeux      string          `env:"-" group:"where" placeholder:"URL" help:"Publish as a Bayeux client to this endpoint instead."`
	Transport   []string        `env:"-" group:"where" default:"long-polling" enum:"long-polling,websocket,eventsource" help:"Connection types of the Bayeux client in order of preference: long-polling, websocket, eventsource."`

	Trust trust     `embed:""`
	Token tokenFile `name:"token-file" env:"-" group:"where" placeholder:"FILE" help:"Token for the Bayeux endpoint, read anew whenever one is needed."`

	Csv      string   `env:"-" group:"replay" placeholder:"FILE" help:"Publish each row of a file of comma-separated values, plain or gzip; - is standard input, synthetic a generated day of trades."`
	Template string   `env:"-" group:"replay" name:"channel" placeholder:"TEMPLATE" help:"Channel of a row, for example /stock/{symbol} with a column's name in braces."`
	Time     string   `env:"-" group:"replay" placeholder:"COLUMN" help:"Column of milliseconds that paces the rows; without it they go as fast as they can."`
	From     *float64 `env:"-" group:"replay" placeholder:"MS" help:"Leave out rows before this time."`
	To       *float64 `env:"-" group:"replay" placeholder:"MS" help:"Leave out rows at this time or later."`
	Speed    float64  `env:"-" group:"replay" default:"1" help:"How many times faster than recorded; 0 is as fast as possible."`
}

// Run publishes in the way that the arguments ask for.
func (c *pubCommand) Run(env environment) error {
	mode, err := c.mode()
	if err != nil {
		return err
	}
	p, err := c.publisher(env)
	if err != nil {
		return c.Trust.explained(err)
	}
	s := &sender{ctx: env.ctx, to: p, log: env.stderr, begun: time.Now()}
	err = mode(env, s)
	return c.Trust.explained(closing(env, s, err))
}

// mode checks the arguments against each other and picks what to do.
func (c *pubCommand) mode() (func(environment, *sender) error, error) {
	switch {
	case c.Speed < 0:
		return nil, usagef("--speed: must not be negative")
	case c.Channel != "" && c.Channel != "-":
		if err := startsWithSlash(c.Channel); err != nil {
			return nil, err
		}
	}
	switch {
	case c.Csv != "" && c.Data != "":
		return nil, usagef("--csv: the rows are the messages, leave out %q", c.Data)
	case c.Csv != "":
		return c.replay, nil
	case c.Template != "" || c.Time != "" || c.From != nil || c.To != nil:
		return nil, usagef("--channel, --time, --from, --to: need --csv")
	case c.Channel == "":
		return nil, usagef("say which channel to publish to")
	case c.Channel == "-" && c.Data == "":
		return func(env environment, s *sender) error { return sendLines(env, s, "") }, nil
	case c.Data == "-":
		return func(env environment, s *sender) error { return sendLines(env, s, c.Channel) }, nil
	case c.Data == "":
		return nil, usagef("say what to publish: a JSON value, or - for lines on standard input")
	case !json.Valid([]byte(c.Data)):
		return nil, usagef("%q is not JSON (a string needs quotation marks of its own: '\"text\"')", c.Data)
	}
	return c.single, nil
}

// publisher connects to where the messages go.
func (c *pubCommand) publisher(env environment) (publish.Publisher, error) {
	secured, err := c.Trust.config()
	if err != nil {
		return nil, err
	}
	if c.Bayeux == "" {
		p, err := publish.Internal(c.Server, string(c.InternalKey), secured)
		if err != nil {
			return nil, usageError{err}
		}
		return p, nil
	}
	return publish.Bayeux(env.ctx, c.Bayeux, client.Options{
		ConnectionTypes: c.Transport,
		TLS:             secured,
		Token:           c.Token.ask(),
		OnError:         func(err error) { fmt.Fprintf(env.stderr, "halley pub: %v\n", err) },
	})
}

// single publishes the one message of the command line.
func (c *pubCommand) single(_ environment, s *sender) error {
	if err := s.add(publish.Message{Channel: c.Channel, Data: []byte(c.Data)}, "message"); err != nil {
		return err
	}
	return s.flush()
}

// closing ends the connection and reports the counts. A refused message makes
// the command fail, a connection that does not end well does not.
func closing(env environment, s *sender, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(env.ctx), 5*time.Second)
	defer cancel()
	if e := s.to.Close(ctx); err == nil && e != nil {
		fmt.Fprintf(env.stderr, "halley pub: the session is left to expire: %v\n", e) // what was published is published
	}
	s.summary(env.stdout)
	if err == nil && s.refused > 0 {
		err = fmt.Errorf("%d of %d messages were refused", s.refused, s.refused+s.published)
	}
	return err
}

// summary prints what has been done.
func (s *sender) summary(w io.Writer) {
	took := time.Since(s.begun).Seconds()
	fmt.Fprintf(w, "published %d, refused %d, in %.1f s (%.0f/s)\n", s.published, s.refused, took, float64(s.published)/max(took, 0.001))
}
