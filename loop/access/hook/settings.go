// Package hook asks a program of the operator's, over HTTP, what a client may do.
//
// A question is a POST of JSON. Questions that may be answered at once are: those that a kept answer covers, and those
// that come while the program is known to be down. All others go beside the event loops, with so many connections and
// so many waiting at once, and each has an answer within the time-out: the program's, or the stated one.
package hook

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"halley/bayeux"
)

// Settings are what an operator may set, see package loop/settings.
type Settings struct {
	URL         string        `name:"hook-url" group:"access" placeholder:"URL" help:"Address of a program that is asked what clients may do, by POST (default none)."`
	On          string        `name:"hook-on" group:"access" default:"handshake,subscribe,publish" help:"What --hook-url is asked about: handshake, subscribe and publish, with commas between them."`
	Headers     []string      `name:"hook-header" type:"lines" group:"access" sep:"none" default:"Authorization\nCookie" placeholder:"NAME" help:"Header field of the client's request that the questions carry; repeatable."`
	SecretFile  string        `name:"hook-secret-file" group:"access" placeholder:"FILE" help:"Secret by which requests to --hook-url are signed (HMAC-SHA256), read again when it changes (default none)."`
	CA          string        `name:"hook-ca" group:"access" placeholder:"FILE" help:"Certificates (PEM) of the authorities that may vouch for --hook-url, in place of the system's."`
	Timeout     time.Duration `name:"hook-timeout" group:"access" default:"2s" min:"10ms" max:"1m" help:"How long a client waits at most for the answer of --hook-url."`
	Connections int           `name:"hook-connections" group:"access" default:"16" min:"1" max:"200" help:"Requests to --hook-url at once; they come out of the same files as --internal-connections."`
	Queue       int           `name:"hook-queue" group:"access" default:"1000" min:"0" max:"100000" help:"Questions that may wait for a connection."`
	Cache       int           `name:"hook-cache" type:"size" group:"access" default:"16MiB" min:"0" max:"1GiB" help:"Memory for answers that --hook-url allows to keep (Cache-Control: max-age); 0 keeps none."`
	Events      bool          `name:"hook-events" group:"access" help:"Tell --hook-url of sessions and subscriptions that begin and end, and of channels that have subscribers or none, in batches."`
	EventQueue  int           `name:"hook-events-queue" group:"access" default:"10000" min:"1" max:"1000000" help:"Events that may wait for --hook-url; further ones are given up, and it is told how many."`
	Failure     string        `name:"hook-failure" group:"access" default:"deny" enum:"deny,allow" help:"What holds while --hook-url does not answer: deny or allow."`
}

// Active tells whether a hook is asked at all.
func (s *Settings) Active() bool { return s.URL != "" }

// operations are what a hook is asked about, by name.
func operations() map[string]bayeux.Operation {
	return map[string]bayeux.Operation{"handshake": bayeux.OpHandshake, "subscribe": bayeux.OpSubscribe, "publish": bayeux.OpPublish}
}

// nameOf is an operation's name in --hook-on and in questions; empty: it is never asked about.
func nameOf(o bayeux.Operation) string {
	switch o {
	case bayeux.OpHandshake:
		return "handshake"
	case bayeux.OpSubscribe:
		return "subscribe"
	case bayeux.OpPublish:
		return "publish"
	}
	return ""
}

// asked is a set of operations.
type asked uint8

func (a asked) has(o bayeux.Operation) bool { return a&(1<<o) != 0 }

// parseOn reads --hook-on.
func parseOn(text string) (on asked, err error) {
	for name := range strings.SplitSeq(text, ",") {
		o, known := operations()[strings.TrimSpace(name)]
		if !known {
			return 0, fmt.Errorf("--hook-on %q: want handshake, subscribe, publish, or some of them with commas between them", text)
		}
		on |= 1 << o
	}
	return on, nil
}

// checkURL reads --hook-url.
func checkURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--hook-url: %w", err)
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.Hostname() == "":
		return nil, fmt.Errorf("--hook-url %q: want http://HOST/PATH or https://HOST/PATH", text)
	case u.User != nil:
		return nil, errors.New("--hook-url: a password there would be printed with the configuration: --hook-secret-file proves who asks")
	case u.Fragment != "":
		return nil, fmt.Errorf("--hook-url %q: a fragment is sent to nobody", text)
	}
	return u, nil
}
