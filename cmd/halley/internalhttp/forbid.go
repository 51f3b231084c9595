// Proved by TestChannelsOfAKey and TestChannelsThatNeedAKey.

package internalhttp

import (
	"fmt"

	"github.com/valyala/fasthttp"

	"halley/bayeux/channel"
	"halley/loop"
	"halley/loop/access/key"
)

// forbidden is the first message of a body that its key is not good for.
type forbidden struct {
	itemError
	channel string
}

// forbiddenOf checks the channels of a body against the key that it came with; nil: it may be published.
func forbiddenOf(rules Ruler, k *key.Key, items []loop.Publication) *forbidden {
	for i := range items {
		name := channel.Canonical(items[i].Channel)
		if reason := denied(rules, k, name); reason != "" {
			return &forbidden{itemError{i, reason}, string(name)}
		}
	}
	return nil
}

// denied tells why a key does not do for a channel; empty if it does. k is nil where no key is asked for.
func denied(rules Ruler, k *key.Key, name []byte) string {
	switch {
	case k != nil && !k.Publishes(name):
		return fmt.Sprintf("the key %q is not good for this channel", k.Name)
	case rules.KeyNeeded(name) && (k == nil || !k.Names(name)):
		return "the channel takes a key of --internal-keys alone that names it"
	}
	return ""
}

// forbid answers a body that its key is not good for.
func (g *gate) forbid(ctx *fasthttp.RequestCtx, k *key.Key, bad *forbidden) {
	if k != nil {
		g.refused(ctx, k, fmt.Sprintf("%s: %s", bad.channel, bad.reason))
		ctx.Response.Header.Set("WWW-Authenticate", `Bearer error="insufficient_scope"`)
	}
	reply(ctx, fasthttp.StatusForbidden, map[string]any{"error": bad.reason, "channel": bad.channel, "index": bad.index})
}
