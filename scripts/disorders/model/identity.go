// Proved by TestPlantedFaults, TestRecovery and TestPatternsThatAreToldOf.

package model

import (
	"fmt"
	"strings"
	"time"
)

// identity is one message.
type identity struct {
	channel string
	number  int
}

// String names the message.
func (i identity) String() string { return fmt.Sprintf("%d of %s", i.number, i.channel) }

// identities are which message each of the server's numbers stands for, whoever has seen it.
type identities struct {
	messages map[int64]identity
	ids      map[identity]int64
}

// judge looks at the numbers that a subscriber was given: they rise, and stand for one message in the whole cluster.
func (k *identities) judge(s *Subscriber) (faults []Fault) {
	last := int64(0)
	for _, e := range s.Log {
		if e.Kind != Got || e.ID == 0 {
			continue
		}
		fault := func(format string, args ...any) {
			faults = append(faults, Fault{s.Name, e.Channel, e.At, fmt.Sprintf(format, args...)})
		}
		this := identity{e.Channel, e.Number}
		if e.ID <= last && begins(e.Channel, s.Exact) {
			fault("id %d came after %d", e.ID, last)
		}
		if other, ok := k.messages[e.ID]; ok && other != this {
			fault("id %d stands for %v and for %v", e.ID, other, this)
		}
		if other, ok := k.ids[this]; ok && other != e.ID {
			fault("%v has the ids %d and %d", this, other, e.ID)
		}
		k.messages[e.ID], k.ids[this], last = this, e.ID, max(last, e.ID)
	}
	return faults
}

// matches tells whether a pattern that was told of is about a channel.
func matches(pattern, channel string) bool {
	if pattern == "" || pattern == "*" || pattern == channel {
		return true
	}
	if prefix, ok := strings.CutSuffix(pattern, "/**"); ok {
		return strings.HasPrefix(channel, prefix+"/")
	}
	prefix, ok := strings.CutSuffix(pattern, "/*")
	rest, below := strings.CutPrefix(channel, prefix+"/")
	return ok && below && !strings.Contains(rest, "/")
}

// Recovery is how long after a time each subscriber that broke off was served again: until its first message of the
// channels of a prefix after it broke off last. Those that did not break off before until are not in it. What never came
// counts as if it came at until.
func (r *Run) Recovery(at, until time.Duration, prefix string) (times []time.Duration) {
	for _, s := range r.Subscribers {
		broken, back := false, until
		for _, e := range s.Log {
			switch {
			case e.At < at || e.At > until:
			case e.Kind == Broken:
				broken, back = true, until
			case e.Kind == Got && broken && back == until && strings.HasPrefix(e.Channel, prefix):
				back = e.At
			}
		}
		if broken {
			times = append(times, back-at)
		}
	}
	return times
}
