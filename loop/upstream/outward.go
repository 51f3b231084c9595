// Proved by TestForward, TestForwardToAnother and TestForwardNotBack.

package upstream

import (
	"context"
	"errors"
	"net"
	"time"

	"halley/bayeux/client"
	"halley/bayeux/event"
)

// The bounds of one request to an upstream.
const (
	mostForwarded = 100
	sendTimeout   = 30 * time.Second
	usualRequest  = 64 << 10 // bytes, where the upstream does not tell what it takes
)

// forward passes on what is published here, until ctx is done, and what waits then for as long as farewell allows.
func (u *upstream) forward(ctx, farewell context.Context) {
	for {
		for u.forwardSome(ctx, farewell) {
		}
		select {
		case <-u.outbox.soon:
		case <-ctx.Done():
			return
		}
	}
}

// forwardSome passes on what goes into one request, and tells whether there may be more to do.
func (u *upstream) forwardSome(ctx, farewell context.Context) (more bool) {
	if !u.state.awaitUp(ctx) && farewell.Err() != nil {
		return false
	}
	peer := u.state.peer()
	if u.doubt.parcels > 0 && peer.node != u.doubt.node { // it may have had them, and does not know any more
		u.counts.unconfirmed.Add(uint64(u.doubt.parcels))
		u.outbox.passed(u.doubt.parcels)
		u.doubt = doubt{}
	}
	most := mostForwarded
	if u.singly {
		most = 1
	}
	list := u.outbox.take(most, peer.request()/2)
	if len(list) == 0 {
		return false
	}
	passed, wait := u.send(farewell, peer, list)
	u.outbox.passed(passed)
	if wait > 0 {
		pause(farewell, wait)
	}
	return farewell.Err() == nil
}

// doubt is what was sent to a server, of which nobody knows whether it has come.
type doubt struct {
	node    string
	parcels int
}

// send sends parcels in one request. It tells how many of them are done with, and how long to wait before the next attempt.
func (u *upstream) send(ctx context.Context, peer peer, list []parcel) (passed int, wait time.Duration) {
	messages, of := u.messages(peer, list)
	if len(messages) == 0 {
		return len(list), 0
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	err := u.client.PublishBatch(ctx, messages)
	var refused *client.BatchError
	switch {
	case err == nil:
		u.counts.out.Add(uint64(len(messages)))
		u.doubt, u.singly = doubt{}, false
		return len(list), 0
	case errors.As(err, &refused):
		return u.review(refused, messages, of, len(list))
	case errors.Is(err, client.ErrNoSession), unsent(err):
		return 0, retryWait
	case tooLarge(err):
		if len(messages) == 1 {
			u.refused(&u.counts.outRefused, messages[0].Channel, err)
			u.singly = false
			return len(list), 0
		}
		u.singly = true
		return 0, 0
	case peer.halley: // which drops what it has had
		u.doubt = doubt{peer.node, len(list)}
		return 0, retryWait
	}
	u.counts.unconfirmed.Add(uint64(len(messages)))
	return len(list), retryWait
}

// retryWait is how long to wait after a failure: by then the client knows that the connection is lost.
const retryWait = 100 * time.Millisecond

// messages are the parcels that go to the upstream, and the parcel that each is of: none goes back to where it came from.
func (u *upstream) messages(peer peer, list []parcel) (messages []client.Message, of []int) {
	for i, p := range list {
		data, trail, binary := p.event.Passed()
		if trail.Has(peer.node) {
			continue
		}
		if trail.Ended() {
			u.counts.hops.Add(1)
			continue
		}
		if trail.Origin == "" {
			trail.Origin, trail.Number = u.node.Node(), p.number
		}
		if data == nil {
			data = []byte("null") // the protocol wants some
		}
		m := client.Message{Channel: p.event.Channel(), Data: data, Ext: trail.Past(u.node.Node()).Ext(binary)}
		messages, of = append(messages, m), append(of, i)
	}
	return messages, of
}

// review looks at what the upstream has refused. From the first message on that it could not take now they come again.
func (u *upstream) review(refused *client.BatchError, messages []client.Message, of []int, parcels int) (passed int, wait time.Duration) {
	accepted := len(messages)
	for _, r := range refused.Refused {
		if code := r.Err.Code; code == 401 || code == 402 || code == 503 {
			u.counts.out.Add(uint64(max(r.Index-(len(messages)-accepted), 0)))
			return of[r.Index], retryWait
		}
		accepted--
		u.refused(&u.counts.outRefused, messages[r.Index].Channel, r.Err)
	}
	u.counts.out.Add(uint64(accepted))
	u.doubt, u.singly = doubt{}, false
	return parcels, 0
}

// unsent tells whether a request has certainly not come.
func unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// tooLarge tells whether the upstream refused a request as a whole, so that another attempt would be refused as well.
func tooLarge(err error) bool {
	var status *client.StatusError
	var closed *client.CloseError
	return errors.As(err, &status) && status.Status == 413 || errors.As(err, &closed) && closed.Code == 1009
}

// offer takes an event that goes to the upstream, if it is of its routes out.
func (u *upstream) offer(name []byte, e event.Event, number uint64, now time.Time) {
	if u.sends(name) {
		u.outbox.put(parcel{event: e, number: number, since: now})
	}
}
