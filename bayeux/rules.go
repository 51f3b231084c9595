package bayeux

import (
	"fmt"
	"strings"

	"halley/bayeux/channel"
)

// access says who may publish to a channel.
type access uint8

const (
	publishSession  access = iota // whoever has a session
	publishAny                    // anybody
	publishInternal               // only the server's own side
)

// Rule changes how the channels that match its pattern behave. An option that a
// rule does not name stays as the rules before left it.
type Rule struct {
	Pattern string

	publish   *access
	subscribe *bool
}

// ParseRule reads a rule as `--rule` takes it: a channel pattern and options,
// separated by spaces. The options are publish=any|session|internal and
// subscribe=any|none.
func ParseRule(text string, limits channel.Limits) (Rule, error) {
	fields := strings.Fields(text)
	if len(fields) < 2 {
		return Rule{}, fmt.Errorf("rule %q: want a channel pattern and at least one option", text)
	}
	rule := Rule{Pattern: fields[0]}
	if _, err := channel.Check([]byte(rule.Pattern), limits); err != nil {
		return Rule{}, fmt.Errorf("rule %q: %w", text, err)
	}
	for _, option := range fields[1:] {
		if err := rule.set(option); err != nil {
			return Rule{}, fmt.Errorf("rule %q: %w", text, err)
		}
	}
	return rule, nil
}

func (r *Rule) set(option string) error {
	name, value, _ := strings.Cut(option, "=")
	switch name {
	case "publish":
		a, ok := map[string]access{"any": publishAny, "session": publishSession, "internal": publishInternal}[value]
		if !ok {
			return fmt.Errorf("option %q: want publish=any, publish=session or publish=internal", option)
		}
		r.publish = &a
	case "subscribe":
		if value != "any" && value != "none" {
			return fmt.Errorf("option %q: want subscribe=any or subscribe=none", option)
		}
		allowed := value == "any"
		r.subscribe = &allowed
	default:
		return fmt.Errorf("unknown option %q: want publish= or subscribe=", option)
	}
	return nil
}

// behaviour is what all rules together make of a channel.
type behaviour struct {
	publish   access
	subscribe bool
}

// Rules are channel rules in order; of those that match, the last wins per option.
type Rules []Rule

// of tells how the channel name behaves.
func (rules Rules) of(name []byte) behaviour {
	b := behaviour{subscribe: true}
	for i := range rules {
		r := &rules[i]
		if !channel.Matches([]byte(r.Pattern), name) {
			continue
		}
		if r.publish != nil {
			b.publish = *r.publish
		}
		if r.subscribe != nil {
			b.subscribe = *r.subscribe
		}
	}
	return b
}

// subscribable tells whether pattern may be subscribed to: not if a rule that
// says subscribe=none covers it or, with a wildcard, any channel that it matches.
func (rules Rules) subscribable(pattern []byte, wildcard bool) bool {
	if !rules.of(pattern).subscribe {
		return false
	}
	if !wildcard {
		return true
	}
	for i := range rules {
		r := &rules[i]
		if r.subscribe != nil && !*r.subscribe && channel.Matches(pattern, []byte(r.Pattern)) {
			return false
		}
	}
	return true
}
