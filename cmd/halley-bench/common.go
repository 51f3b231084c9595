// Proved by TestCommonFlagsReachTheOptions and TestRecordsCanBeComparedAndShown.

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"halley/bench/report"
	"halley/bench/run"
)

// common are the flags of every scenario.
type common struct {
	URL                      []string      `help:"Bayeux endpoint of the server; given again, those of further nodes, to which subscribers and publishers are dealt out in turn." default:"http://127.0.0.1:8080/bayeux" sep:"none" placeholder:"URL" group:"server"`
	PublishURL               []string      `help:"Publish by POST to this URL (an array of {channel,data}) instead of as a Bayeux client; given again, each publisher has one in turn." sep:"none" placeholder:"URL" group:"server"`
	CA                       string        `help:"Authorities in PEM that servers of https are of, in place of the system's." name:"ca" placeholder:"FILE" group:"server"`
	PID                      []int         `help:"Watch what this process costs; given again, those of all nodes, in the order of their URLs." name:"pid" group:"server"`
	ServerCmd                string        `help:"Start this server, watch what it costs, and end it afterwards. The shell replaces itself by it." placeholder:"COMMAND" group:"server"`
	Path                     string        `help:"Path and query that events, sockets and polls ask for (default: /events?channel=… for events, else that of the URL)." group:"server"`
	Hello                    string        `help:"What sockets say first." group:"server"`
	Suffixes                 bool          `help:"Add /handshake, /connect and so on to the path, as CometD's client does." group:"server"`
	Subscribers              int           `help:"Subscribers in all." default:"1000" group:"clients"`
	ConnectionType           string        `help:"How subscribers connect: long-polling, callback-polling, websocket, eventsource (GET <mount>/<clientId>), xhr-streaming, iframe or mime-message-block; without Bayeux: events (GET /events?channel=…), sockets (a websocket) or polls (GET, the next with If-None-Match)." default:"long-polling" group:"clients"`
	ConnectionsPerSubscriber int           `help:"1, or 2 as browsers do: the held poll on one, everything else on the other. A websocket and events always have 1, the other streams 2." default:"1" group:"clients"`
	Channel                  string        `help:"Channel; in ticker and soak {symbol} stands for the symbol (default: /bench, /bench/{symbol})." group:"clients"`
	Size                     int           `help:"Bytes of data in a message." default:"128" group:"clients"`
	Publishers               int           `help:"Publishing clients; a channel belongs to one of them." default:"1" group:"clients"`
	ConnectRate              float64       `help:"New subscribers a second; 0 is as fast as the server answers." default:"0" group:"clients"`
	Connecting               int           `help:"Subscribers on their way from dial to held at the same time." default:"64" group:"clients"`
	Sources                  int           `help:"Source addresses of 127.0.0.0/8 to spread loopback connections over." default:"250" group:"clients"`
	Procs                    int           `help:"Generator processes; the subscribers are split among them." default:"1" group:"clients"`
	Settle                   time.Duration `help:"Pause between the ramp and the first message." default:"1s" group:"clients"`
	Drain                    time.Duration `help:"Give up when nothing has arrived for so long." default:"10s" group:"clients"`
	JSON                     string        `help:"Write the record of the run here." name:"json" placeholder:"FILE" group:"output"`
	HTML                     string        `help:"Write a self-contained page with plots here." name:"html" placeholder:"FILE" group:"output"`
	Label                    string        `help:"What is being measured, for tables and plots (default: the server's command, or its URL)." group:"output"`
	Commit                   string        `help:"Commit of the server, for the record (default: that of this program)." group:"output"`
	Quiet                    bool          `help:"Show no progress." short:"q" group:"output"`
	Force                    bool          `help:"Run even though the pre-flight checks say that this host cannot carry it." group:"output"`
}

func (c *common) options(scenario string) run.Options {
	o := run.Options{
		Scenario: scenario, Label: c.Label, URLs: c.URL, PublishURLs: c.PublishURL, CA: c.CA, PIDs: c.PID, ServerCommand: c.ServerCmd,
		ConnectionType: c.ConnectionType, Connections: c.ConnectionsPerSubscriber, Suffixes: c.Suffixes, Path: c.Path, Hello: c.Hello, Channel: c.Channel,
		Subscribers: c.Subscribers, Size: c.Size, Publishers: c.Publishers,
		ConnectRate: c.ConnectRate, Connecting: c.Connecting, Sources: c.Sources, Processes: c.Procs,
		Settle: c.Settle, Drain: c.Drain, Commit: c.Commit, Flags: os.Args[1:],
	}
	if o.Label == "" {
		o.Label = cmp.Or(c.ServerCmd, strings.Join(c.URL, " "))
	}
	if o.Commit == "" {
		o.Commit = report.BuildCommit()
	}
	if o.Channel == "" {
		o.Channel = "/bench"
		if scenario == "ticker" || scenario == "soak" {
			o.Channel = "/bench/{symbol}"
		}
	}
	return o
}

// execute runs a scenario and writes what was asked for.
func (c *common) execute(ctx context.Context, scenario string, more func(*run.Options)) error {
	o := c.options(scenario)
	more(&o)
	record, err := c.measure(ctx, o)
	if err != nil {
		return err
	}
	if err := c.write(record); err != nil {
		return err
	}
	if record.Fault != "" {
		return errUnequal
	}
	return nil
}

// measure checks the host and carries out one run.
func (c *common) measure(ctx context.Context, o run.Options) (*report.Run, error) {
	if err := checkHost(os.Stderr, os.DirFS("/"), o, c.Force); err != nil {
		return nil, err
	}
	view := newView(c.Quiet)
	defer view.close()
	return run.Run(ctx, o, view)
}

func (c *common) write(r *report.Run) error {
	if err := r.Text(os.Stdout); err != nil {
		return err
	}
	if c.JSON != "" {
		if err := r.Save(c.JSON); err != nil {
			return err
		}
	}
	if c.HTML == "" {
		return nil
	}
	return writeHTML(c.HTML, r)
}

func writeHTML(path string, runs ...*report.Run) error {
	var page strings.Builder
	if err := report.HTML(&page, runs); err != nil {
		return fmt.Errorf("HTML report: %w", err)
	}
	return os.WriteFile(path, []byte(page.String()), 0o644)
}

type workerCommand struct{}

// Run works for the process that started this one.
func (workerCommand) Run() error { return run.Work(os.Stdin, os.Stdout) }
