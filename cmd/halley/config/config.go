// Package config is the configuration of `halley serve`: one struct that gives
// the flags, the environment variables and the entries of a file.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"halley/cmd/halley/internalhttp"
	"halley/loop"
	"halley/loop/access"
	"halley/loop/access/hook"
	"halley/loop/listen"
	"halley/loop/presence"
	"halley/loop/secure"
	"halley/loop/settings"
	"halley/loop/upstream"
)

// Serve is everything that can be set: the settings of the event loops and of the internal listener, whose
// flags stand beside their code, and those of the program itself. A tag of a field is all that is said of
// its flag, see package loop/settings.
type Serve struct {
	Config      File `name:"config" group:"process" placeholder:"FILE" help:"JSON object with flag names for keys, and lines of comment that begin with //; flags and environment variables go before it."`
	CheckConfig bool `name:"check-config" group:"process" env:"-" help:"Validate, print the effective configuration as JSON and leave."`

	Drain    Drain                 `embed:""`
	Loop     loop.Settings         `embed:""`
	TLS      secure.Settings       `embed:""`
	Access   access.Settings       `embed:""`
	Hook     hook.Settings         `embed:""`
	Presence presence.Settings     `embed:""`
	Upstream upstream.Settings     `embed:""`
	Cluster  Cluster               `embed:""`
	Feeds    Feeds                 `embed:""`
	Internal internalhttp.Settings `embed:""`
	Demo     Demo                  `embed:""`
	Process
}

// Drain is how the server goes.
type Drain struct {
	Delay time.Duration `name:"drain-delay" reload:"yes" group:"process" default:"3s" min:"0s" max:"1h" help:"How long everything is served on after SIGTERM, while /health/ready says 503, before the drain; not at all if nobody has asked it."`
}

// Demo is the synthetic market.
type Demo struct {
	On   bool  `name:"demo" group:"demo" help:"Publish a synthetic market to /stock/SYMBOL, for the demo pages; its channels are publish=internal, with a snapshot. Keeps a history of /chat."`
	Rate int   `name:"demo-rate" group:"demo" default:"30" min:"1" max:"100000" help:"Ticks per second of the market, on average."`
	Seed int64 `name:"demo-seed" group:"demo" default:"1" help:"Seed of the market; the same seed gives the same prices."`
}

// Process is how the process runs and logs.
type Process struct {
	GcPercent  int           `name:"gc-percent" group:"process" default:"100" min:"1" help:"Garbage collector percentage, unless GOGC is set."`
	TimerSlack time.Duration `name:"timer-slack" group:"process" default:"2ms" min:"0s" max:"50ms" help:"How late the kernel may wake the process for its own timers, which saves CPU time; 0 is what it is started with."`
	LogLevel   string        `name:"log-level" reload:"yes" group:"process" default:"info" enum:"debug,info,warn,error" help:"Least level that is logged: debug, info, warn or error."`
	LogFormat  string        `name:"log-format" group:"process" default:"text" enum:"text,json" help:"Form of the log on standard error: text or json."`
}

// groups are the headings of help.
func groups() []kong.Group {
	return []kong.Group{
		{Key: "listener", Title: "Public listener (durations such as 500ms, 30s, 5m):"},
		{Key: "tls", Title: "TLS:"},
		{Key: "bayeux", Title: "Bayeux:"},
		{Key: "access", Title: "Who may do what:"},
		{Key: "limits", Title: "Limits (sizes in bytes, KiB, MiB or GiB):"},
		{Key: "streams", Title: "Streams:"},
		{Key: "history", Title: "History, of channels with a rule for it:"},
		{Key: "queue", Title: "Queue of each session:"},
		{Key: "routers", Title: "Routers, to and from other Bayeux servers:"},
		{Key: "cluster", Title: "Cluster, of several servers by way of NATS:"},
		{Key: "feeds", Title: "Feeds, from and to NATS:"},
		{Key: "internal", Title: "Internal listener:"},
		{Key: "demo", Title: "Demo:"},
		{Key: "process", Title: "Process:"},
		{Key: "where", Title: "Where to publish:"},
		{Key: "trust", Title: "Servers of https:"},
		{Key: "replay", Title: "Recorded feed:"},
	}
}

// Options tell kong how to read the tags of Serve. What --config gives is noted in from.
func Options(from *Source) kong.Option {
	return kong.OptionFunc(func(k *kong.Kong) error {
		for _, option := range []kong.Option{
			kong.Bind(from),
			kong.DefaultEnvars("HALLEY"),
			kong.ExplicitGroups(groups()),
			kong.NamedMapper("size", size{}),
			kong.NamedMapper("lines", lines{}),
			kong.Vars{"internal": strconv.Itoa(loop.InternalFiles), "reserved": strconv.Itoa(loop.ReservedFiles)},
		} {
			if err := option.Apply(k); err != nil {
				return err
			}
		}
		return nil
	})
}

// AfterApply fills in what depends on other flags.
func (c *Serve) AfterApply() error {
	c.Loop.Fill(c.Loop.Profile)
	return nil
}

// Validate checks what no other package does. Its errors name the flag.
func (c *Serve) Validate() error {
	for _, s := range []any{&c.Drain, &c.Access, &c.Hook, &c.Presence, &c.Upstream, &c.Cluster, &c.Feeds, &c.TLS, &c.Internal, &c.Demo, &c.Process} {
		if err := settings.Check(s); err != nil {
			return err
		}
	}
	if len(c.Loop.TLSListen) > 0 && !c.TLS.Enabled() {
		return errors.New("--tls-listen: needs --tls-cert or --tls-acme")
	}
	if err := c.checkTokens(); err != nil {
		return err
	}
	return c.checkInternal()
}

// checkInternal checks the internal listener's address, and its connections against the files that there are for them.
func (c *Serve) checkInternal() error {
	if c.Internal.Address != "" {
		if !strings.HasPrefix(c.Internal.Address, "fd:") {
			if err := listen.CheckAddress(c.Internal.Address); err != nil {
				return fmt.Errorf("--internal %w", err)
			}
		}
		if c.Internal.Key == "" && c.Internal.Keys == "" && !Loopback(c.Internal.Address) {
			return fmt.Errorf("--internal %s: whoever reaches it could publish anywhere, see and end sessions: beyond this host it needs --internal-key or --internal-keys",
				c.Internal.Address)
		}
	}
	if c.Internal.TLS && !c.TLS.Enabled() {
		return errors.New("--internal-tls: needs --tls-cert or --tls-acme")
	}
	if most := loop.InternalFiles - c.Internal.Connections; c.Hook.Active() && c.Internal.Connections <= loop.InternalFiles && c.Hook.Connections > most {
		return fmt.Errorf("--hook-connections: must be at most %d beside --internal-connections, of the %d files that are kept back from public connections",
			most, loop.ReservedFiles)
	}
	if c.Internal.Connections > loop.InternalFiles {
		return fmt.Errorf("--internal-connections: must be at most %d, of the %d files that are kept back from public connections",
			loop.InternalFiles, loop.ReservedFiles)
	}
	return nil
}

// Loopback tells whether an address is for this host alone.
func Loopback(address string) bool {
	if strings.HasPrefix(address, "unix:") {
		return true
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// AccessRules are the rules that say who may publish or subscribe.
func (c *Serve) AccessRules() (access []string) {
	for _, rule := range c.LoopSettings().Rules {
		if strings.Contains(rule, "publish=") || strings.Contains(rule, "subscribe=") {
			access = append(access, rule)
		}
	}
	return access
}

// LoopSettings are those of the event loops, with the rules of the demo before those that are given, so that
// these can change them.
func (c *Serve) LoopSettings() loop.Settings {
	s := c.Loop
	var before []string
	if c.Access.Token.On() {
		before = append(before, "/** subscribe=token publish=token")
	}
	if c.Demo.On {
		before = append(before, "/stock/** publish=internal snapshot", "/chat/** history=100 history=24h")
		if c.Access.Token.On() {
			before = append(before, "/stock/** subscribe=any", "/chat/** subscribe=any publish=session")
		}
	}
	s.Rules = append(before, s.Rules...)
	if HasPresence(s.Rules) { // whatever the rules say, nobody else tells who is there
		s.Rules = append(s.Rules, presence.Prefix+"/** publish=internal snapshot")
	}
	return s
}

// HasPresence tells whether one of the rules wants it told who is on a channel.
func HasPresence(rules []string) bool {
	return slices.ContainsFunc(rules, func(rule string) bool { return slices.Contains(strings.Fields(rule), "presence") })
}

// checkTokens refuses rules that ask for a token where there are none.
func (c *Serve) checkTokens() error {
	for _, rule := range c.Loop.Rules {
		if !c.Access.Token.On() && (strings.Contains(rule, "subscribe=token") || strings.Contains(rule, "publish=token")) {
			return fmt.Errorf("--rule %q: there are no tokens without --token-keys or --token-jwks", rule)
		}
	}
	return nil
}
