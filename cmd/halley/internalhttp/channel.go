// Proved by TestOneChannel.

package internalhttp

import (
	"context"
	"strings"

	"github.com/valyala/fasthttp"

	"halley/loop/presence"
)

type whoJSON struct {
	Identity string `json:"identity"`
	Sessions int    `json:"sessions"`
}

type presenceJSON struct {
	Sessions   int       `json:"sessions"`
	Identities []whoJSON `json:"identities"`
}

type oneChannelJSON struct {
	channelJSON
	Presence *presenceJSON `json:"presence,omitempty"`
}

// channel tells of one channel how many subscribe to it, and where it is told who that is, who.
func (l *Listener) channel(ctx *fasthttp.RequestCtx) {
	limit, ok := limitOf(ctx)
	if !ok {
		return
	}
	wait, cancel := context.WithTimeout(context.Background(), lookupTimeout)
	defer cancel()
	name := strings.TrimPrefix(string(ctx.Path()), "/channels")
	subscribers, err := l.backend.Subscribers(wait, name)
	if err != nil {
		unavailable(ctx, err)
		return
	}
	answer := oneChannelJSON{channelJSON: channelJSON{Channel: name, Subscribers: subscribers}}
	if l.options.Presence != nil && l.backend.Attended([]byte(answer.Channel)) {
		answer.Presence = present(l.options.Presence.List(answer.Channel, limit))
	}
	reply(ctx, fasthttp.StatusOK, answer)
}

func present(sessions int, who []presence.Who) *presenceJSON {
	p := &presenceJSON{Sessions: sessions, Identities: make([]whoJSON, len(who))}
	for i, w := range who {
		p.Identities[i] = whoJSON(w)
	}
	return p
}
