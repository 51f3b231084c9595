package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sync"
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
	begun chan struct{} // closed when it has begun, or cannot
	begin func()        // closes it
}

func newSubscriber(k kind, n int, began time.Time) *subscriber {
	name := fmt.Sprintf("%s %d", k.transport, n)
	if k.replay {
		name += " with replay"
	}
	begun := make(chan struct{})
	return &subscriber{kind: k, name: name, diary: newDiary(began), begun: begun, begin: sync.OnceFunc(func() { close(begun) })}
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

// settled tells whether the last message of a publisher has come or was sent too early, or the subscriber was told about then or later
// that it has missed messages which it is not promised.
func (s *subscriber) settled(p *publisher) bool {
	last := p.last()
	if last < 0 || s.diary.has(p.channel, last) {
		return true
	}
	m, sent := s.promised(), p.sent[last].Sent
	if began, ok := m.Began(); ok && sent <= began {
		return true
	}
	return !m.Promised(p.channel) && m.Told(p.channel, sent-toldBefore, time.Since(s.diary.began))
}

// run follows the channels by a server's address until ctx is done.
func (s *subscriber) run(ctx context.Context, address string) error {
	defer s.begin()
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

// tries is how often a client asks for what it begins with.
const tries = 5

// persist does it again when it fails, as clients do: nothing is to go wrong yet, but machines are busy.
func persist(ctx context.Context, do func(context.Context) error) (err error) {
	for range tries {
		if err = do(ctx); err == nil {
			return nil
		}
		wait(ctx, pauseBetween)
	}
	return err
}

// stream follows an event-stream without Bayeux, which is told of a gap by the stream's end. What comes first is its beginning.
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
	var opened *client.EventStream
	open := func(ctx context.Context) (err error) {
		opened, err = client.OpenEvents(ctx, "http://"+address+"/events?"+query.Encode(), options)
		return err
	}
	if err := persist(ctx, open); err != nil {
		return err
	}
	s.begin()
	return opened.Follow(ctx, s.got)
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
	if err := persist(ctx, c.Handshake); err != nil {
		return err
	}
	for _, prefix := range s.follows() {
		var since []client.SubscribeOption
		if s.kind.replay && prefix == kept {
			since = append(since, client.Since(client.Tip))
		}
		subscribe := func(ctx context.Context) error { return c.Subscribe(ctx, prefix+"*", s.got, since...) }
		if err := persist(ctx, subscribe); err != nil {
			return err
		}
	}
	s.diary.note(model.Entry{Kind: model.Began})
	s.begin()
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
