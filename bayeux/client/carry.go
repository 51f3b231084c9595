// Proved by TestEventsBesideTheEndOfAStream and TestOwnCopyInPublishReply.

package client

import (
	"context"
	"time"
)

// streamPatience is how long the end of a stream may stay away after a reply that
// says it has ended.
const streamPatience = 2 * time.Second

// carry sends a batch and takes the replies.
func (s *shell) carry(ctx context.Context, call *call) error {
	l := call.link
	if !call.connects {
		l.lane.wait(1)
		defer l.lane.wait(-1)
	}
	return l.transport.Send(ctx, Batch{Body: call.body, Answered: call.answered}, func(body []byte) error {
		messages, err := s.receive(body)
		l.awaitEnd(messages)
		handled := s.inbox.put(l.lane, messages)
		if l.manner == polls {
			call.handled = handled
		}
		return err
	})
}

// awaitEnd waits for the end of a stream if messages have come with a reply beside it.
// That is not their way: the stream is about to end, and what it still brings comes
// first.
func (w *wire) awaitEnd(messages []Message) {
	if len(messages) == 0 {
		return
	}
	select {
	case <-w.listened:
	default:
		return
	}
	timer := time.NewTimer(streamPatience)
	defer timer.Stop()
	select {
	case <-w.ended:
	case <-timer.C:
	}
}

// receive takes the messages of one body: it gives back deliveries, and the machine has
// the rest. Any advice takes effect before the handlers run, or a little later.
func (s *shell) receive(body []byte) (deliveries []Message, err error) {
	messages, err := decode(body)
	if err != nil {
		return nil, err
	}
	var replies []Reply
	for i := range messages {
		r := &messages[i]
		if e := dropped(r.Ext); e != nil && r.Successful != nil {
			s.options.OnError(e)
		}
		if r.isDelivery() {
			deliveries = append(deliveries, r.delivery(s.options.Replay))
		}
		if !r.isDelivery() || r.advises() {
			replies = append(replies, *r)
		}
	}
	if replies != nil {
		s.post(replied{replies})
	}
	return deliveries, nil
}
