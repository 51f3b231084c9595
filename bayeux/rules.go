package bayeux

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

// ParseRule reads a rule as `--rule` takes it: a channel pattern and options,
// separated by spaces.
func ParseRule(text string, limits channel.Limits) (Rule, error) {
	fields := strings.Fields(text)
	if len(fields) < 2 {
		return Rule{}, fmt.Errorf("rule %q: want a channel pattern and at least one option", text)
	}
	rule := Rule{Pattern: fields[0]}
	if _, err := channel.Check([]byte(rule.Pattern), limits); err != nil {
		return Rule{}, fmt.Errorf("rule %q: %w", text, err)
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

// Of tells how the channel name behaves.
func (rules Rules) Of(name []byte) Behaviour {
	b := Behaviour{subscribe: true}
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

// subscribable tells whether pattern may be subscribed to: not if a rule that
// says subscribe=none covers it or, with a wildcard, any channel that it matches.
func (rules Rules) subscribable(pattern []byte, wildcard bool) bool {
	if !rules.Of(pattern).subscribe {
		return false
	}
	if !wildcard {
		return true
	}
	for i := range rules {
		r := &rules[i]
		if channel.Matches(pattern, []byte(r.Pattern)) && !rules.Of([]byte(r.Pattern)).subscribe {
			return false
		}
	}
	return true
}

// remembers tells whether pattern matches channels of which anything is kept for
// those who come later.
func (rules Rules) remembers(pattern []byte) bool {
	if rules.Of(pattern).Remembered() {
		return true
	}
	for i := range rules {
		r := &rules[i]
		if channel.Matches(pattern, []byte(r.Pattern)) && rules.Of([]byte(r.Pattern)).Remembered() {
			return true
		}
	}
	return false
}
