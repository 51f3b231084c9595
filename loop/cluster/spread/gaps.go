// Proved by TestGapsAreBounded and TestLossIsTold.

package spread

import (
	"context"
	"strings"
	"sync"
)

// all is the pattern of every channel.
const all = "/**"

// mostGaps is how many channels and patterns with a gap may wait to be told of; above that all are told together.
const mostGaps = 1000

// gaps are the channels and patterns of which messages from other nodes may be missing, until subscribers are told. There are as many
// tellings as fit behind each other: what is found meanwhile is told once.
type gaps struct {
	counts *counts
	soon   chan struct{} // has one entry when there are some

	mu   sync.Mutex
	wait map[string]bool
}

func newGaps(c *counts) *gaps {
	return &gaps{counts: c, soon: make(chan struct{}, 1), wait: make(map[string]bool)}
}

// add adds a channel or pattern.
func (g *gaps) add(pattern string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.wait[all]:
		return // which is of each
	case pattern == all || len(g.wait) >= mostGaps:
		clear(g.wait)
		g.wait[all] = true
		g.counts.gapsOfAll.Add(1)
	case !g.wait[pattern]:
		g.wait[strings.Clone(pattern)] = true // the event itself is not kept
	default:
		return
	}
	g.counts.gaps.Add(1)
	select {
	case g.soon <- struct{}{}:
	default:
	}
}

func (g *gaps) take() (list []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for p := range g.wait {
		list = append(list, p)
	}
	clear(g.wait)
	return list
}

// tell has subscribers told, until ctx is done.
func (g *gaps) tell(ctx context.Context, told func(ctx context.Context, pattern string)) {
	for {
		for _, pattern := range g.take() {
			told(ctx, pattern)
		}
		select {
		case <-g.soon:
		case <-ctx.Done():
			return
		}
	}
}
