// Proved by TestComes.

package upstream

import (
	"context"
	"errors"
	"time"

	"halley/bayeux/client"
	"halley/bayeux/event"
)

// The bounds of one batch of local publications.
const mostAtOnce = 500

// The wait between attempts to publish while the server is busy.
const (
	firstWait = 5 * time.Millisecond
	lastWait  = 200 * time.Millisecond
)

// came takes a message from the upstream. It is the client's handler, so messages come one at a time and in order.
func (u *upstream) came(m client.Message) {
	if u.left.Load() {
		return
	}
	peer := u.state.peer()
	trail := event.ParseTrail(m.Ext)
	if trail.Origin == "" && m.ID > 0 && peer.halley {
		trail.Origin, trail.Number = peer.node, uint64(m.ID) // it is the same by whatever way it comes
	}
	trail = trail.Past(peer.node)
	u.counts.in.Add(1)
	u.inbox.put(Publication{Channel: []byte(m.Channel), Data: m.Data, Binary: event.Binary(m.Ext), Trail: trail})
}

// publish publishes here what comes, until ctx is done.
func (u *upstream) publish(ctx context.Context) {
	for batch := u.inbox.take(ctx, mostAtOnce); len(batch) > 0; batch = u.inbox.take(ctx, mostAtOnce) {
		for wait := firstWait; len(batch) > 0 && ctx.Err() == nil; {
			err := u.server.Publish(batch)
			var refusal *Refusal
			switch {
			case err == nil:
				batch = nil
			case errors.As(err, &refusal) && refusal.Index < len(batch):
				u.refused(&u.counts.inRefused, string(batch[refusal.Index].Channel), refusal)
				batch = append(batch[:refusal.Index:refusal.Index], batch[refusal.Index+1:]...)
			case errors.Is(err, ErrTooLarge) && len(batch) > 1:
				if u.publishEach(ctx, batch); ctx.Err() == nil {
					batch = nil
				}
			case errors.Is(err, ErrTooLarge):
				u.refused(&u.counts.inRefused, string(batch[0].Channel), err)
				batch = nil
			default: // it is busy, and will have room
				pause(ctx, wait)
				wait = min(2*wait, lastWait)
			}
		}
	}
}

// publishEach publishes one after the other what is too large together.
func (u *upstream) publishEach(ctx context.Context, batch []Publication) {
	for i := range batch {
		for wait := firstWait; ctx.Err() == nil; wait = min(2*wait, lastWait) {
			err := u.server.Publish(batch[i : i+1])
			var refusal *Refusal
			if errors.As(err, &refusal) || errors.Is(err, ErrTooLarge) {
				u.refused(&u.counts.inRefused, string(batch[i].Channel), err)
				break
			}
			if err == nil {
				break
			}
			pause(ctx, wait)
		}
	}
}

// pause waits, unless ctx is done.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
