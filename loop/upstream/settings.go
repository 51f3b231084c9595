// Package upstream passes messages on: to other Bayeux servers, and from them. This server is a client of each.
//
// From an upstream come the messages that somebody here subscribes to, of the patterns of its routes; to it goes what
// is published here, of the patterns of its routes. A message has the servers that it has passed in its ext, so that one
// which has been here ends here (package hops).
package upstream

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"halley/bayeux/channel"
)

// Settings are what an operator may set, see package loop/settings.
type Settings struct {
	Upstreams []string      `name:"upstream" type:"lines" group:"routers" sep:"none" placeholder:"URL" help:"Bayeux server to pass messages to and from, as its client; repeatable (default none)."`
	Routes    []string      `name:"route" type:"lines" group:"routers" sep:"none" placeholder:"ROUTE" help:"Channels that are passed on: PATTERN in|out|both [URL], in from an upstream to subscribers here, out to it; of all upstreams without a URL; repeatable (default none)."`
	Linger    time.Duration `name:"route-linger" group:"routers" default:"30s" min:"0s" max:"1h" help:"How long a subscription of an upstream outlives its last subscriber here."`
	Buffer    int           `name:"route-buffer" type:"size" group:"routers" default:"16MiB" min:"64KiB" max:"4GiB" help:"Messages that wait for one upstream, in bytes; above that the oldest are dropped."`
	Marks     bool          `name:"route-marks" group:"routers" help:"Give each message of this server its id and a number, in ext.halley, so that a server which gets it by two ways publishes it once."`
	Headers   []string      `name:"upstream-header" type:"lines" secret:"yes" group:"routers" sep:"none" placeholder:"HEADER" help:"Header field of the requests to upstreams, as Name: value; repeatable (default none)."`
	TokenFile string        `name:"upstream-token-file" group:"routers" placeholder:"FILE" help:"Token (JWT) for upstreams, as ext.auth.token, read again for each handshake (default none)."`
	CA        string        `name:"upstream-ca" group:"routers" placeholder:"FILE" help:"Certificates (PEM) of the authorities that may vouch for upstreams, in place of the system's."`
	Required  bool          `name:"upstream-required" group:"routers" help:"Without one of its upstreams this server is not ready."`
}

// The most upstreams, and routes of one.
const (
	maxUpstreams = 32
	maxRoutes    = 256
)

// plan is what is passed on from and to one upstream.
type plan struct {
	address string
	in, out [][]byte // patterns; of in none is within another
}

// plans reads the flags.
func (s *Settings) plans() (list []plan, err error) {
	if len(s.Upstreams) == 0 {
		return nil, s.stray()
	}
	if len(s.Upstreams) > maxUpstreams {
		return nil, fmt.Errorf("--upstream: at most %d", maxUpstreams)
	}
	for _, address := range s.Upstreams {
		if err := checkAddress(address); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(list, func(p plan) bool { return p.address == address }) {
			return nil, fmt.Errorf("--upstream %s: given twice", address)
		}
		list = append(list, plan{address: address})
	}
	for _, text := range s.Routes {
		if err := addRoute(list, text); err != nil {
			return nil, fmt.Errorf("--route %q: %w", text, err)
		}
	}
	for i := range list {
		if len(list[i].in)+len(list[i].out) == 0 {
			return nil, fmt.Errorf("--upstream %s: needs a --route", list[i].address)
		}
		if len(list[i].in)+len(list[i].out) > maxRoutes {
			return nil, fmt.Errorf("--route: at most %d of one upstream", maxRoutes)
		}
		list[i].in = widest(list[i].in)
	}
	return list, nil
}

// stray refuses flags that mean nothing without an upstream.
func (s *Settings) stray() error {
	for flag, given := range map[string]bool{
		"--route": len(s.Routes) > 0, "--upstream-header": len(s.Headers) > 0, "--upstream-token-file": s.TokenFile != "",
		"--upstream-ca": s.CA != "", "--upstream-required": s.Required,
	} {
		if given {
			return fmt.Errorf("%s: needs --upstream", flag)
		}
	}
	return nil
}

func checkAddress(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return fmt.Errorf("--upstream: %w", errors.Unwrap(err))
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return fmt.Errorf("--upstream %q: want http://HOST/PATH or https://HOST/PATH", u.Redacted())
	case u.User != nil:
		return fmt.Errorf("--upstream %q: a password stands in --upstream-header, as Authorization: Basic …", u.Redacted())
	case u.Fragment != "":
		return fmt.Errorf("--upstream %q: a fragment is sent to nobody", u.Redacted())
	}
	return nil
}

// addRoute adds a route to the plans that it is of.
func addRoute(list []plan, text string) error {
	words := strings.Fields(text)
	if len(words) < 2 || len(words) > 3 {
		return errors.New("want PATTERN in|out|both [URL]")
	}
	pattern := channel.Canonical([]byte(words[0]))
	switch info, err := channel.Check(pattern, channel.Limits{}); {
	case err != nil:
		return err
	case info.Kind != channel.Broadcast:
		return errors.New("meta and service channels are not passed on")
	}
	in, out := words[1] == "in" || words[1] == "both", words[1] == "out" || words[1] == "both"
	if !in && !out {
		return errors.New("want in, out or both after the pattern")
	}
	found := false
	for i := range list {
		p := &list[i]
		if len(words) == 3 && words[2] != p.address {
			continue
		}
		if found = true; in {
			p.in = append(p.in, pattern)
		}
		if out {
			p.out = append(p.out, pattern)
		}
	}
	if !found {
		return fmt.Errorf("no --upstream is %s", words[2])
	}
	return nil
}

// widest are the patterns that are not within another one.
func widest(patterns [][]byte) (list [][]byte) {
	for i, p := range patterns {
		covered := func(j int, by []byte) bool {
			narrower := channel.Meet(p, by)
			return j != i && string(narrower) == string(p) && (string(by) != string(p) || j < i)
		}
		redundant := false
		for j, by := range patterns {
			redundant = redundant || covered(j, by)
		}
		if !redundant {
			list = append(list, p)
		}
	}
	return list
}

// Marked tells of which channels messages of this server have a mark: all, or those that go out to upstreams, which may come back
// to others by a second way. It is nil for none.
func (s *Settings) Marked() func(name []byte) bool {
	list, err := s.plans()
	if s.Marks {
		return func([]byte) bool { return true }
	}
	var out [][]byte
	for _, p := range list {
		out = append(out, p.out...)
	}
	if err != nil || len(out) == 0 {
		return nil
	}
	return func(name []byte) bool {
		return slices.ContainsFunc(out, func(pattern []byte) bool { return channel.Matches(pattern, name) })
	}
}

// headers reads --upstream-header.
func (s *Settings) headers() (http.Header, error) {
	h := make(http.Header)
	for _, line := range s.Headers {
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" || strings.ContainsAny(name, " \t\r\n\"(),/;<=>?@[\\]{}") || strings.ContainsAny(value, "\r\n") {
			return nil, errors.New("--upstream-header: want Name: value")
		}
		h.Add(name, value)
	}
	return h, nil
}
