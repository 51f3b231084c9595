// Proved by TestHealth and TestHealthAddress.

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"halley/cmd/halley/config"
)

// healthCommand asks a server on this host how it is. It finds the server's internal listener by the flags,
// variables and file that the server itself has.
type healthCommand struct {
	Ready  bool          `env:"-" help:"Ask whether it should get new clients, and not only whether it lives."`
	Server string        `env:"-" placeholder:"URL" help:"Internal listener to ask (default: the one that the flags of serve name, on this host)."`
	Wait   time.Duration `env:"-" default:"5s" help:"How long the answer may take."`
	trust
	config.Serve
}

// healthBytes is as much of an answer as is read.
const healthBytes = 4096

// errNotWell says that the server has answered, and how.
var errNotWell = errors.New("the server is not well")

// Run prints the answer, and fails unless it is good.
func (c *healthCommand) Run(env environment) error {
	url, err := c.url()
	if err != nil {
		return err
	}
	trusted, err := c.trust.config()
	if err != nil {
		return err
	}
	if trusted == nil && c.Server == "" {
		// The certificate is for the names of clients and not for this address, and the question is no secret.
		trusted = &tls.Config{InsecureSkipVerify: true}
	}
	ctx, cancel := context.WithTimeout(env.ctx, c.Wait)
	defer cancel()
	return ask(ctx, env.stdout, url, &http.Transport{TLSClientConfig: trusted, DisableKeepAlives: true})
}

// ask gets a URL, and takes any status but 200 for a failure.
func ask(ctx context.Context, out io.Writer, url string, by http.RoundTripper) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return usagef("--server: %w", err)
	}
	response, err := by.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, healthBytes))
	if err != nil {
		return err
	}
	text := strings.TrimSpace(string(body))
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: %s %s", errNotWell, response.Status, text)
	}
	_, err = fmt.Fprintln(out, text)
	return err
}

// url is what to ask.
func (c *healthCommand) url() (string, error) {
	server, path := c.Server, "/health/live"
	if c.Ready {
		path = "/health/ready"
	}
	switch {
	case server != "":
		return strings.TrimSuffix(server, "/") + path, nil
	case c.Internal.Address == "":
		return "", usagef("--internal: the server has no internal listener, which answers this")
	case strings.HasPrefix(c.Internal.Address, "fd:"):
		return "", usagef("--internal %s: only systemd knows the address; give it with --server", c.Internal.Address)
	}
	scheme := "http://"
	if c.Internal.TLS {
		scheme = "https://"
	}
	return scheme + ownAddress(c.Internal.Address) + path, nil
}

// ownAddress is where this host reaches what listens on an address.
func ownAddress(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	switch ip, err := netip.ParseAddr(host); {
	case host == "":
		host = "localhost"
	case err == nil && ip.IsUnspecified() && ip.Is4():
		host = "127.0.0.1"
	case err == nil && ip.IsUnspecified():
		host = "::1"
	}
	return net.JoinHostPort(host, port)
}
