package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"halley/bayeux/client"
	"halley/scripts/disorders/model"
)

// finished is a run of two publishers of which everyone has all.
func finished() *run {
	r := &run{options: &options{Telling: time.Second, Rate: 80}, world: &world{}, began: time.Now()}
	for _, channel := range []string{"/kept/0", "/plain/0"} {
		p := &publisher{channel: channel}
		for n := range 3 {
			at := time.Duration(n+1) * time.Hour
			p.sent = append(p.sent, model.Publication{Channel: channel, Number: n, Sent: at, Answered: at + time.Second, Outcome: model.Acknowledged})
		}
		r.publishers = append(r.publishers, p)
	}
	for _, k := range kinds() {
		s := newSubscriber(k, 0, r.began)
		s.diary.note(model.Entry{Kind: model.Began})
		for n := range 3 {
			for i, channel := range s.follows() {
				s.got(client.Message{Channel: channel + "0", Data: json.RawMessage{byte('0' + n)}, ID: int64((n + 1) * (1 - i) * (len(s.follows()) - 1))})
			}
		}
		r.subscribers = append(r.subscribers, s)
	}
	return r
}

// The end is awaited: all have the last message of what they follow.
func TestSettling(t *testing.T) {
	r := finished()
	if !r.settled() {
		t.Error("a run in which all have all goes on")
	}
	r.publishers[0].sent = append(r.publishers[0].sent, model.Publication{Channel: "/kept/0", Number: 3, Sent: time.Since(r.began), Outcome: model.Acknowledged})
	if r.settled() {
		t.Error("a message that is missing is not awaited")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	r.settle(ended) // does not wait for ever
	late := newSubscriber(kinds()[0], 1, r.began)
	if late.settled(r.publishers[0]) {
		t.Error("who has heard nothing is not awaited")
	}
	late.diary.note(model.Entry{Kind: model.Began})
	if !late.settled(r.publishers[0]) || !late.settled(&publisher{channel: "/kept/1"}) {
		t.Error("a message that was sent before, or none, is awaited")
	}
	for _, s := range r.subscribers {
		if s.kind.transport == streams && !s.kind.replay {
			continue
		}
		if s.settled(r.publishers[0]) {
			t.Errorf("%s has a message that has not come", s.name)
		}
		s.diary.note(model.Entry{Kind: model.Broken})
		if s.settled(r.publishers[0]) == s.kind.replay {
			t.Errorf("%s was told that it has missed something", s.name)
		}
	}
}

// The model is asked with all that the run has, and its faults are told.
func TestJudging(t *testing.T) {
	if got := finished().judge(nil); len(got.faults) != 0 || got.delivered != 45 || got.published[model.Acknowledged] != 6 || got.longest != time.Second {
		t.Errorf("%+v", got)
	}
	r := finished()
	r.subscribers[0].got(client.Message{Channel: "/kept/0", Data: json.RawMessage("1"), ID: 2})
	r.subscribers[3].diary.log = r.subscribers[3].diary.log[:4]
	got := r.judge([]happening{{kills: true, from: 0, next: 61 * time.Minute}, {from: 0, next: time.Hour}})
	for _, want := range []string{"1 came twice", "never came, and nothing told of it"} {
		if !strings.Contains(strings.Join(got.faults, "\n"), want) {
			t.Errorf("no %q in %q", want, got.faults)
		}
	}
	if got.outage != time.Second { // the first one
		t.Errorf("a publish took %v", got.outage)
	}
	if len(got.recovery) != 0 {
		t.Errorf("%v, though nobody broke off", got.recovery)
	}
}

// Half of the messages go to channels with a history, and each kind has a publisher that is a Bayeux client.
func TestPlan(t *testing.T) {
	r := &run{options: &options{Rate: 80}, world: &world{}}
	r.plan(browser{})
	channels := map[string]int{}
	for _, p := range r.publishers {
		channels[p.channel[:len(p.channel)-1]]++
		if p.every != 100*time.Millisecond {
			t.Errorf("%s publishes every %v", p.channel, p.every)
		}
	}
	if channels[kept] != publishersOfEach || channels[plain] != publishersOfEach {
		t.Errorf("%v", channels)
	}
}
