// Proved by TestSuccession.

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"halley/cmd/halley/internalhttp"
	"halley/cmd/halley/metrics"
	"halley/loop"
	"halley/loop/listen"
)

// internalListener is the internal listener at work, or nil.
type internalListener struct {
	listener *internalhttp.Listener
	socket   net.Listener
	leavable *listen.Leavable // the socket below
	done     chan error
	stop     func()          // ends the console
	serving  context.Context // until close
	end      context.CancelFunc
}

// leave leaves new connections to a successor.
func (i *internalListener) leave() {
	if i != nil {
		i.listener.Leave()
		i.leavable.Leave()
	}
}

// openInternal listens at the address of the internal listener, or takes the socket that is given for it.
func (c *serveCommand) openInternal() (net.Listener, error) {
	if inherited := inheritedInternal(c.predecessor, c.Internal.Address); inherited != nil {
		return inherited, nil
	}
	name, given := strings.CutPrefix(c.Internal.Address, "fd:")
	if !given {
		return net.Listen(listen.NetworkOf(c.Internal.Address), c.Internal.Address)
	}
	sockets := c.given[name]
	if len(sockets) != 1 {
		return nil, fmt.Errorf("%s: %d sockets of this name were given (LISTEN_FDNAMES), want one", c.Internal.Address, len(sockets))
	}
	return sockets[0], nil
}

// listenInternal opens the internal listener, if there is to be one.
func (c *serveCommand) listenInternal(server *loop.Server, log *slog.Logger) (*internalListener, error) {
	if c.Internal.Address == "" {
		return nil, nil
	}
	opened, err := c.openInternal()
	if err != nil {
		return nil, fmt.Errorf("--internal: %w", err)
	}
	leavable := listen.NewLeavable(opened)
	server.Offer(internalSocket+" "+c.Internal.Address, leavable)
	var socket net.Listener = leavable
	if c.Internal.TLS {
		socket = tls.NewListener(socket, c.certificates.Internal())
	}
	own := c.Internal
	own.MaxPublish = maxPublish(&c.Serve, server.MaxMemory())
	var l *internalhttp.Listener
	figures := func() any { f := l.Figures(); return &f }
	sources := append(c.attendants.sources(), metrics.Source{Of: new(internalhttp.Figures), Take: figures}, c.ofCertificates(), c.routing.source(), ofTokens(c.access.Tokens()))
	sources = append(append(sources, c.membership.sources()...), c.feeding.sources()...)
	options := internalhttp.Options{
		Settings:    own,
		MaxMessages: loop.MailboxMessages(c.Loop.MaxMailbox),
		MaxDepth:    c.Loop.Scanner.MaxDepth,
		Keys:        c.keys,
		Cluster:     c.membership.status(),
		Metrics:     metrics.Handler(server.Stats, sources...),
		Presence:    c.attendants.presence,
		Subject:     c.access.Subject,
		Spans:       c.traces.Spans(),
		Log:         log,
	}
	stop, err := c.startConsole(server, &options)
	if err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	l = internalhttp.New(server, options)
	i := &internalListener{listener: l, socket: socket, leavable: leavable, done: make(chan error, 1), stop: stop}
	i.serving, i.end = context.WithCancel(context.Background())
	go func() {
		if c.predecessor != nil { // it answers until this server does
			listening(i.serving, server)
		}
		err := l.Serve(socket)
		if err != nil {
			log.Error("the internal listener has ended; the server goes on without it", "error", err)
		}
		i.done <- err
	}()
	return i, nil
}

func (i *internalListener) address() string {
	if i == nil {
		return "off"
	}
	return i.socket.Addr().String()
}

// close waits a moment for requests in progress.
func (i *internalListener) close() error {
	if i == nil {
		return nil
	}
	i.stop()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	i.end()
	err := i.listener.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil // whoever is still at it is cut off
	}
	return errors.Join(err, <-i.done)
}
