// Proved by TestCheck.

package websocket

import (
	"bytes"
	"strings"
)

// each calls visit with the items of a comma-separated list, the empty ones left out (RFC 9110, 5.6.1),
// until that returns false, which it then returns too.
func each(list []byte, visit func(item []byte) bool) bool {
	for more := true; more; {
		var item []byte
		item, list, more = bytes.Cut(list, []byte(","))
		item = bytes.Trim(item, " \t")
		if len(item) > 0 && !visit(item) {
			return false
		}
	}
	return true
}

// namesWebSocket tells whether an Upgrade field names websocket, in any case (RFC 6455, 4.2.1).
func namesWebSocket(upgrade []byte) bool {
	return !each(upgrade, func(name []byte) bool { return !bytes.EqualFold(name, []byte("websocket")) })
}

// isToken tells whether s, which is not empty, is a token (RFC 9110, 5.6.2).
func isToken(s []byte) bool {
	for _, c := range s {
		if !alphanumeric(c) && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
