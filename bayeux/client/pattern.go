// Proved by TestMatches.

package client

import "strings"

// Matches reports whether a channel is of a pattern: itself, any one more
// segment for a last segment *, one or more for ** (Bayeux 1.0, 2.2.1).
// Wildcards reach neither meta nor service channels.
func Matches(pattern, channel string) bool {
	if pattern == channel {
		return true
	}
	cut := strings.LastIndexByte(pattern, '/')
	if cut < 0 || strings.HasPrefix(channel, "/meta/") || strings.HasPrefix(channel, "/service/") {
		return false
	}
	base, last := pattern[:cut+1], pattern[cut+1:]
	rest, ok := strings.CutPrefix(channel, base)
	if !ok || rest == "" {
		return false
	}
	return last == "**" || last == "*" && !strings.Contains(rest, "/")
}
