// Proved by TestChannelsOfAKey.

package internalhttp

import (
	"fmt"

	"github.com/valyala/fasthttp"

	"halley/bayeux/channel"
	"halley/loop/access/key"
)

// forbidden is the first message of a body that its key is not good for.
type forbidden struct {
	itemError
	channel string
}

// forbidden checks the channels of a body against the key that it came with; nil: it may be published.
func forbiddenOf(k *key.Key, items []item) *forbidden {
	for i := range items {
		name := channel.Canonical(items[i].Channel)
		if reason := denied(k, name); reason != "" {
			return &forbidden{itemError{i, reason}, string(name)}
		}
	}
	return nil
}

// denied tells why a key does not do for a channel; empty if it does. k is nil where no key is asked for.
func denied(k *key.Key, name []byte) string {
	if k != nil && !k.Publishes(name) {
		return fmt.Sprintf("the key %q is not good for this channel", k.Name)
	}
	return ""
}

// forbid answers a body that its key is not good for.
func (l *Listener) forbid(ctx *fasthttp.RequestCtx, k *key.Key, bad *forbidden) {
	if k != nil {
		l.gate.refused(ctx, k, fmt.Sprintf("%s: %s", bad.channel, bad.reason))
		ctx.Response.Header.Set("WWW-Authenticate", `Bearer error="insufficient_scope"`)
	}
	reply(ctx, fasthttp.StatusForbidden, map[string]any{"error": bad.reason, "channel": bad.channel, "index": bad.index})
}
