// Proved by TestLostAndFound.

package upstream

import (
	"context"
	"sync"
)

// mostGaps is how many patterns with a gap may wait to be told of; above that the routes are told of instead.
const mostGaps = 1000

// gaps are the patterns of which messages from the upstream may have been missed, until subscribers are told.
type gaps struct {
	soon chan struct{} // has one entry when there are some

	mu     sync.Mutex
	routes [][]byte
	wait   map[string]bool
}

func newGaps(routes [][]byte) *gaps {
	return &gaps{soon: make(chan struct{}, 1), routes: routes, wait: make(map[string]bool)}
}

// add adds patterns or channels; * is any.
func (g *gaps) add(patterns ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range patterns {
		if p == "*" || len(g.wait) >= mostGaps {
			g.all()
		} else {
			g.wait[p] = true
		}
	}
	select {
	case g.soon <- struct{}{}:
	default:
	}
}

func (g *gaps) all() {
	clear(g.wait)
	for _, r := range g.routes {
		g.wait[string(r)] = true
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
func (u *upstream) tellGaps(ctx context.Context) {
	for {
		for _, pattern := range u.gaps.take() {
			u.counts.gaps.Add(1)
			u.server.TellMissed(ctx, pattern)
		}
		select {
		case <-u.gaps.soon:
		case <-ctx.Done():
			return
		}
	}
}
