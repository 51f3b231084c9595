// Proved by TestFirstLines and TestServerOutlivesItsLogAndHangups.

package main

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	"halley/cmd/halley/system"
	"halley/loop"
	"halley/loop/listen"
)

// announce logs the addresses once the server listens, what strangers may do, and what
// may not be meant.
func (c *serveCommand) announce(ctx context.Context, server *loop.Server, internal string, log *slog.Logger) {
	if !listening(ctx, server) {
		return
	}
	system.Supervisor{Log: log}.Ready()
	addresses := server.Addresses()
	log.Info("listening", "page", pageURL(server.Listeners()), "addresses", addresses, "internal", internal, "version", described())
	for _, line := range whoMay(&c.Serve) {
		log.Info(line.who, line.may...)
	}
	for _, doubt := range c.doubts {
		log.Warn(doubt)
	}
}

// listening waits until the server listens; false if ctx is done before.
func listening(ctx context.Context, server *loop.Server) bool {
	for !server.Ready() {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	return true
}

// pageURL is where a browser on this host finds the start page: none does by a unix socket.
func pageURL(listeners []listen.Listener) string {
	i := slices.IndexFunc(listeners, func(l listen.Listener) bool { return l.Network == listen.TCP })
	if i < 0 {
		return "none"
	}
	scheme := "http://"
	if listeners[i].TLS {
		scheme = "https://"
	}
	host, port, err := net.SplitHostPort(listeners[i].Address)
	if err != nil {
		return scheme + listeners[i].Address + "/"
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + net.JoinHostPort(host, port) + "/"
}
