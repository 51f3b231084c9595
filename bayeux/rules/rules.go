// Package rules has the channel rules: who may publish and subscribe, what is conflated,
// held back, remembered. Together they make a behaviour of each channel.
package rules

import (
	"fmt"
	"strings"

	"halley/bayeux/channel"
)

// Rule changes how the channels that match its pattern behave. An option that a
// rule does not name stays as the rules before left it.
type Rule struct {
	Pattern string
	options []option
}

// Parse reads a rule as `--rule` takes it: a channel pattern and options,
// separated by spaces.
func Parse(text string, limits channel.Limits) (Rule, error) {
	fields := strings.Fields(text)
	if len(fields) < 2 {
		return Rule{}, fmt.Errorf("rule %q: want a channel pattern and at least one option", text)
	}
	rule := Rule{Pattern: string(channel.Canonical([]byte(fields[0])))}
	switch info, err := channel.Check([]byte(rule.Pattern), limits); {
	case err != nil:
		return Rule{}, fmt.Errorf("rule %q: %w", text, err)
	case info.Kind != channel.Broadcast:
		return Rule{}, fmt.Errorf("rule %q: no rule holds for meta and service channels", text)
	}
	if star := strings.Index(rule.Pattern, "*"); star >= 0 && rule.Pattern[star-1:] != "/*" && rule.Pattern[star-1:] != "/**" {
		return Rule{}, fmt.Errorf("rule %q: a pattern has * or ** as its last segment alone", text)
	}
	for _, field := range fields[1:] {
		o, err := parseOption(field)
		if err != nil {
			return Rule{}, fmt.Errorf("rule %q: %w", text, err)
		}
		rule.options = append(rule.options, o)
	}
	return rule, nil
}

// Rules are channel rules in order; of those that match, the last wins per option.
type Rules []Rule

// Behaviours are those of each kind of channels that the rules tell apart.
func (rules Rules) Behaviours() (list []Behaviour) {
	for i := range rules {
		for _, name := range appendKinds(nil, []byte(rules[i].Pattern)) {
			list = append(list, rules.Of(name))
		}
	}
	return list
}

// WantTokens tells whether any of the rules asks for a token.
func (rules Rules) WantTokens() bool {
	for i := range rules {
		b := Rules{rules[i]}.Of([]byte(rules[i].Pattern))
		if b.Publish == TokenOnly || b.Subscribe == WithToken {
			return true
		}
	}
	return false
}

// Snapshots are the patterns of the rules that give new subscribers a channel's last event.
func (rules Rules) Snapshots() (patterns []string) {
	for i := range rules {
		if (Rules{rules[i]}).Of([]byte(rules[i].Pattern)).Snapshot {
			patterns = append(patterns, rules[i].Pattern)
		}
	}
	return patterns
}

// Of works out how the channel name behaves.
func (rules Rules) Of(name []byte) Behaviour {
	var b Behaviour
	for i := range rules {
		if r := &rules[i]; channel.Matches([]byte(r.Pattern), name) {
			for _, o := range r.options {
				b = o(b)
			}
		}
	}
	b.Keep.Snapshot, b.Keep.Paced = b.Snapshot, b.Interval > 0
	return b
}
