package loop

import (
	"cmp"
	"context"
	"slices"

	"halley/bayeux"
)

// SessionDetail is all that an operator is shown of one session.
type SessionDetail struct {
	bayeux.SessionDetail
	Address string // of its client, by the connection that its events go out by now; empty where there is none
}

// SlowClient is a connection that does not take what is written to it.
type SlowClient struct {
	Session string // the clientId, of one of its sessions; empty if it has none
	Address string
	Type    string // what it waits with, as in ByType; empty if it waits for no event
	Bytes   int    // that wait below its session's queue
	StuckMs int64  // since some of them left
}

const (
	shownPatterns = 100  // of one session
	slowVisited   = 2000 // of a loop's slow connections, when the worst ones are looked for
)

// session is Server.Session.
func (l *listings) session(ctx context.Context, id string) (*SessionDetail, error) {
	home, ok := bayeux.ParseClientID([]byte(id))
	if !ok || home.Node != l.loops.shared.cfg.node {
		return nil, nil
	}
	d, err := ask(ctx, l.loops, home.Loop, func(r *reactor) *SessionDetail {
		if d, found := r.core.Inspect().Session(r.now(), []byte(id), shownPatterns); found {
			return &SessionDetail{SessionDetail: d}
		}
		return nil
	})
	if d == nil || !d.Open || d.By.Node != home.Node {
		return d, err
	}
	d.Address, err = ask(ctx, l.loops, d.By.Loop, func(r *reactor) string {
		if c := r.conns.find(d.By); c != nil {
			return nameOf(r.peer(c))
		}
		return ""
	})
	return d, err
}

// stuckConn is a SlowClient whose session is known by its address alone.
type stuckConn struct {
	SlowClient
	session *bayeux.Address // nil: it has none
}

// slow is Server.Slow.
func (l *listings) slow(ctx context.Context, most int) ([]SlowClient, error) {
	var all []stuckConn
	err := l.collect(ctx, func(r *reactor) func() {
		own := r.output.stuck(slowVisited)
		return func() { all = append(all, own...) }
	})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	slices.SortFunc(all, func(a, b stuckConn) int { return cmp.Compare(b.Bytes, a.Bytes) })
	all = all[:min(most, len(all))]
	err = l.collect(ctx, func(r *reactor) func() {
		names := make([]string, len(all))
		for i, c := range all {
			if c.session != nil && c.session.Place() == r.place() {
				names[i] = r.core.Inspect().ClientID(*c.session)
			}
		}
		return func() {
			for i, name := range names {
				all[i].Session = cmp.Or(all[i].Session, name)
			}
		}
	})
	list := make([]SlowClient, len(all))
	for i, c := range all {
		list[i] = c.SlowClient
	}
	return list, err
}

// mainSession is the session whose events go by a connection, or one of them; nil if there is none.
func (c *conn) mainSession() *bayeux.Address {
	switch {
	case c.phase == holding, c.phase == streaming:
		held := c.held
		return &held
	case c.phase == upgraded && len(c.stream.sessions) > 0:
		first := c.stream.sessions[0]
		return &first
	}
	return nil
}

// watchFor is how long the channels are ranked after the last question about them, in milliseconds.
const watchFor = 10_000

// top is Server.Top.
func (l *listings) top(ctx context.Context, most int) ([]ChannelRate, error) {
	var all [][]ChannelRate
	err := l.collect(ctx, func(r *reactor) func() {
		own := r.watch.begin(r.now())
		return func() { all = append(all, own) }
	})
	return merged(all, most), err
}
