package loop

import (
	"context"
	"sort"

	"halley/bayeux"
)

// ChannelInfo tells how many subscribers a channel or pattern has.
type ChannelInfo struct {
	Channel     string
	Subscribers int
}

// SessionInfo describes a session to its operator.
type SessionInfo = bayeux.SessionInfo

// listings tell an operator of the sessions on all loops, and end one.
type listings struct{ loops *loops }

// channels is Server.Channels.
func (l *listings) channels(ctx context.Context) ([]ChannelInfo, error) {
	counts := make(map[string]int)
	err := l.collect(ctx, func(r *reactor) func() {
		own := make(map[string]int)
		r.core.Channels(func(pattern []byte, subscribers int) { own[string(pattern)] = subscribers })
		return func() {
			for pattern, n := range own {
				counts[pattern] += n
			}
		}
	})
	if err != nil {
		return nil, err
	}
	list := make([]ChannelInfo, 0, len(counts))
	for pattern, n := range counts {
		list = append(list, ChannelInfo{Channel: pattern, Subscribers: n})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Channel < list[j].Channel })
	return list, nil
}

// subscribers is Server.Subscribers.
func (l *listings) subscribers(ctx context.Context, pattern string) (all int, err error) {
	err = l.collect(ctx, func(r *reactor) func() {
		own := r.core.Subscribers([]byte(pattern))
		return func() { all += own }
	})
	return all, err
}

// sessions is Server.Sessions.
func (l *listings) sessions(ctx context.Context, limit int) ([]SessionInfo, error) {
	var list []SessionInfo
	err := l.collect(ctx, func(r *reactor) func() {
		own := r.core.Sessions(r.now(), limit)
		return func() { list = append(list, own...) }
	})
	if err != nil {
		return nil, err
	}
	return list[:min(limit, len(list))], nil
}

// disconnect is Server.Disconnect.
func (l *listings) disconnect(ctx context.Context, id string) (bool, error) {
	found := false
	err := l.collect(ctx, func(r *reactor) func() {
		a, ok := r.core.Find([]byte(id))
		if !ok {
			return func() {}
		}
		ok = r.core.Disconnect(r.now(), a, &r.fx)
		r.perform()
		return func() { found = ok }
	})
	return found, err
}

// collect runs look on every loop and then, on the caller's goroutine, what it
// returns.
func (l *listings) collect(ctx context.Context, look func(*reactor) func()) error {
	results := make(chan func(), len(l.loops.reactors))
	if err := l.loops.visit(ctx, func(r *reactor) { results <- look(r) }); err != nil {
		return err
	}
	for len(results) > 0 {
		(<-results)()
	}
	return nil
}
