package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"halley/bayeux/client"
	"halley/scripts/disorders/model"
)

// The channels: one of each kind for each publisher.
const (
	kept  = "/kept/"  // with a history
	plain = "/plain/" // without
)

// kind is how a subscriber connects, and whether it asks for replay.
type kind struct {
	transport string // a connection type, or streams: events without Bayeux
	replay    bool
}

// streams are event-streams without Bayeux.
const streams = "events"

func kinds() (all []kind) {
	for _, transport := range []string{"long-polling", "websocket", "eventsource", streams} {
		all = append(all, kind{transport, true}, kind{transport, false})
	}
	return all
}

// subscriber is a client that notes all that it gets.
type subscriber struct {
	kind  kind
	name  string
	diary *diary
}

func newSubscriber(k kind, n int, began time.Time) *subscriber {
	name := fmt.Sprintf("%s %d", k.transport, n)
	if k.replay {
		name += " with replay"
	}
	return &subscriber{kind: k, name: name, diary: newDiary(began)}
}

// follows are the channels that it is to hear. A stream goes on after the last event that had an id whether it wants or not,
// so one that is to have no replay follows plain channels alone.
func (s *subscriber) follows() []string {
	if s.kind.transport == streams && !s.kind.replay {
		return []string{plain}
	}
	return []string{kept, plain}
}

// promised is what the model is to hold.
func (s *subscriber) promised() model.Subscriber {
	m := model.Subscriber{Name: s.name, Follows: s.follows(), Log: s.diary.entries()}
	if s.kind.replay {
		m.Exact = []string{kept}
	}
	return m
}

// run follows the channels by a server's address until ctx is done.
func (s *subscriber) run(ctx context.Context, address string) error {
	var err error
	if s.kind.transport == streams {
		err = s.stream(ctx, address)
	} else {
		err = s.session(ctx, address)
	}
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("%s gives up: %w", s.name, err)
}

// stream follows an event-stream without Bayeux, which is told of a gap by the stream's end.
func (s *subscriber) stream(ctx context.Context, address string) error {
	query := url.Values{}
	for _, prefix := range s.follows() {
		query.Add("channel", prefix+"*")
	}
	options := s.options()
	onError := options.OnError
	options.OnError = func(err error) {
		var dropped *client.DroppedError
		if !errors.As(err, &dropped) {
			s.diary.note(model.Entry{Kind: model.Broken})
		}
		onError(err)
	}
	return client.Events(ctx, "http://"+address+"/events?"+query.Encode(), options, s.got)
}

func (s *subscriber) session(ctx context.Context, address string) error {
	options := s.options()
	sessions := 0
	options.OnSession = func(told client.Session) {
		s.diary.say("session %s, %v of it have no cursor", told.ID, told.Missed)
		if sessions++; sessions > 1 {
			s.diary.note(model.Entry{Kind: model.Broken})
		}
	}
	c, err := client.New("http://"+address+"/bayeux", options)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Handshake(ctx); err != nil {
		return err
	}
	for _, prefix := range s.follows() {
		var since []client.SubscribeOption
		if s.kind.replay && prefix == kept {
			since = append(since, client.Since(client.Tip))
		}
		if err := c.Subscribe(ctx, prefix+"*", s.got, since...); err != nil {
			return err
		}
	}
	s.diary.note(model.Entry{Kind: model.Began})
	return c.Run(ctx)
}

// options are those of all kinds. What is dropped is noted by channel.
func (s *subscriber) options() client.Options {
	return client.Options{
		ConnectionTypes: []string{s.kind.transport}, Replay: s.kind.replay, NetworkDelay: 3 * time.Second,
		MinBackoff: 100 * time.Millisecond, MaxBackoff: time.Second,
		OnError: func(err error) {
			s.diary.say("%v", err)
			var dropped *client.DroppedError
			if !errors.As(err, &dropped) {
				return // it recovers from this
			}
			for channel := range dropped.Channels {
				s.diary.note(model.Entry{Kind: model.Missed, Channel: channel})
			}
			if len(dropped.Channels) == 0 {
				s.diary.note(model.Entry{Kind: model.Missed})
			}
		},
	}
}

// got notes a message. One that is no number is one that nobody has published.
func (s *subscriber) got(m client.Message) {
	number := -1
	if json.Unmarshal(m.Data, &number) != nil {
		number = -1
	}
	s.diary.note(model.Entry{Kind: model.Got, Channel: m.Channel, Number: number, ID: m.ID})
}
