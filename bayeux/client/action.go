// Proved by TestMoveFromWebSocketToPoll, TestWebSocketPushes and TestDisconnectAfterRun.

package client

import (
	"context"
	"time"
)

// action is something that the machine wants done. It is begun at once and waits for
// nothing; what takes time goes on in a goroutine, whose outcome is an event.
type action interface{ perform(s *shell) }

// The actions.
type (
	openLink struct {
		link     *link
		clientID string // for which the connection is, empty before there is one
	}
	giveUpOpening struct{ link *link }
	listen        struct{ link *link } // to what is pushed on it
	watch         struct {             // until nothing comes by it for a while
		link  *link
		while time.Duration
	}
	closeLink  struct{ link *link }
	sendBatch  struct{ call *call }
	cancelCall struct{ call *call }
	answerUser struct{ call *call }
	useLane    struct{ lane *lane }  // its messages are next after all that are to be handled
	endLane    struct{ lane *lane }  // no more of them come
	settle     struct{ state state } // told when no handler is at work
	tellError  struct {
		work *operation
		err  error
	}
	finishWork struct {
		work *operation
		err  error
	}
)

func (a openLink) perform(s *shell) {
	l := a.link
	ctx, cancel := context.WithTimeout(context.Background(), s.options.NetworkDelay)
	l.cancel = cancel
	before := s.pushed
	go func() {
		defer cancel()
		if before != nil { // it is the same Transport
			<-before.ended
		}
		s.post(opened{l, l.transport.(Pusher).Open(ctx, a.clientID)})
	}()
}

func (a giveUpOpening) perform(*shell) { a.link.cancel() }

func (a listen) perform(s *shell) {
	l := a.link
	close(l.listened)
	if l.transport == s.options.Transport {
		s.pushed = l
	}
	go func() {
		err := l.transport.(Pusher).Listen(func(body []byte) error {
			messages, err := s.receive(body)
			s.inbox.put(l.lane, messages)
			if err == nil {
				l.lane.awaitRoom()
			}
			return err
		})
		close(l.ended)
		s.post(ended{l, err})
	}()
}

func (a watch) perform(s *shell) {
	go func() {
		a.link.lane.awaitStill(a.while, a.link.ended)
		s.post(stilled{a.link})
	}()
}

func (a closeLink) perform(*shell) {
	l := a.link
	l.shut = make(chan struct{})
	l.lane.hurry()
	go func() {
		defer close(l.shut)
		l.transport.(Pusher).Close()
	}()
}

func (a sendBatch) perform(s *shell) {
	call := a.call
	var ctx context.Context
	ctx, call.cancel = context.WithTimeout(call.ctx, call.patience)
	go func() {
		defer call.cancel()
		call.err = s.carry(ctx, call)
		call.unread = call.link.lane.isPaused()
		s.post(answered{call})
	}()
}

func (a cancelCall) perform(*shell) {
	if a.call.cancel != nil {
		a.call.cancel()
	}
}

func (a answerUser) perform(*shell) { close(a.call.done) }

func (a useLane) perform(s *shell) { s.inbox.use(a.lane) }
func (a endLane) perform(s *shell) { s.inbox.end(a.lane) }

func (a settle) perform(s *shell) {
	idle := s.inbox.settled()
	select {
	case <-idle:
		s.post(settled{a.state})
	default:
		go func() {
			<-idle
			s.post(settled{a.state})
		}()
	}
}

func (a tellError) perform(*shell)  { a.work.tell(a.err) }
func (a finishWork) perform(*shell) { a.work.finish(a.err) }
