// Proved by TestWhoMay.

package main

import (
	"fmt"
	"slices"

	"halley/bayeux/rules"
	"halley/cmd/halley/config"
	"halley/cmd/halley/metrics"
	"halley/loop/access/token"
)

// line is one of the lines that tell at the start who may do what.
type line struct {
	who string
	may []any
}

// whoMay tells what strangers may do, and those with a token.
func whoMay(c *config.Serve) []line {
	all := "all channels"
	if c.Access.Token.On() {
		all = "nothing"
	}
	open := []any{"publish", all, "subscribe", all}
	if access := c.AccessRules(); len(access) > 0 {
		open = append(open, "but", access)
	}
	lines := []line{{"whoever reaches the page's address may, with no login", open}}
	if t := &c.Access.Token; t.On() {
		lines = append(lines, line{"with a token a client may what its claim names", []any{"claim", t.Claim, "keys", t.Keys + t.JWKS, "issuer", t.Issuer,
			"audience", t.Audience, "bound to", c.Access.Bind}})
	}
	if h := &c.Hook; h.Active() {
		lines = append(lines, line{"a program is asked, too", []any{"about", h.On, "when it does not answer", h.Failure}})
	}
	return lines
}

// openDoubt is the doubt that anybody may publish where others than this host come; empty if not so.
func openDoubt(c *config.Serve) string {
	open := beyondHere(append(slices.Clone(c.Loop.Listen), c.Loop.TLSListen...))
	if open == "" || !anybodyPublishes(c) {
		return ""
	}
	return fmt.Sprintf("whoever reaches %s may publish: --token-keys, --token-jwks or a --rule such as '/** publish=internal' says who may", open)
}

// unnamed is a channel that no rule has in mind, nor one for a single level.
const unnamed = "/\x00/\x00"

// anybodyPublishes tells whether a client needs nothing to publish to a channel that no rule names.
func anybodyPublishes(c *config.Serve) bool {
	var list rules.Rules
	for _, text := range c.LoopSettings().Rules {
		if rule, err := rules.Parse(text, c.Loop.Channel); err == nil {
			list = append(list, rule)
		}
	}
	who := list.Of([]byte(unnamed)).Publish
	return who == rules.SessionOnly || who == rules.Anybody
}

// beyondHere is the first address that others than this host reach, empty if there is none.
func beyondHere(addresses []string) string {
	if i := slices.IndexFunc(addresses, func(a string) bool { return !config.Loopback(a) }); i >= 0 {
		return addresses[i]
	}
	return ""
}

// ofTokens are the figures of tokens, if there are any.
func ofTokens(a *token.Authority) metrics.Source {
	return metrics.Source{Of: new(token.Figures), Take: func() any {
		f := new(token.Figures)
		if a != nil {
			*f = a.Figures()
		}
		return f
	}}
}
