// Proved by TestConsole.

package main

import (
	"context"
	"os"
	"slices"
	"sync"

	"halley/cmd/halley/console"
	"halley/cmd/halley/internalhttp"
	"halley/cmd/halley/web"
	"halley/loop"
)

// startConsole has the internal listener show the operator's page. What it returns ends that.
func (c *serveCommand) startConsole(server *loop.Server, o *internalhttp.Options) (stop func(), err error) {
	if o.Pages, err = web.Console(); err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "" // it is told nowhere else
	}
	page := console.New(watched{server, c.around}, console.About{Version: described(), Host: host}, &c.notes)
	o.Console = page
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { page.Run(ctx) })
	return func() { cancel(); group.Wait() }, nil
}

// watched is a server with the others that it knows, as the console sees it.
type watched struct {
	*loop.Server
	around func() console.Surroundings
}

// Around implements console.Source.
func (w watched) Around() console.Surroundings { return w.around() }

// around is what this server knows of others.
func (c *serveCommand) around() console.Surroundings {
	s := c.membership.around()
	s.Others = slices.Concat(s.Others, c.routing.others(), c.feeding.others())
	return s
}
