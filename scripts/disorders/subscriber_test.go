package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"halley/bayeux/client"
	"halley/scripts/disorders/model"
)

func TestKindsAndPromises(t *testing.T) {
	if all := kinds(); len(all) != 8 {
		t.Errorf("%v", all)
	}
	for _, c := range []struct {
		kind           kind
		follows, exact string
	}{
		{kind{"websocket", true}, "/kept/ /plain/", "/kept/"},
		{kind{"long-polling", false}, "/kept/ /plain/", ""},
		{kind{streams, true}, "/kept/ /plain/", "/kept/"},
		{kind{streams, false}, "/plain/", ""},
	} {
		m := newSubscriber(c.kind, 3, time.Now()).promised()
		if strings.Join(m.Follows, " ") != c.follows || strings.Join(m.Exact, " ") != c.exact || !strings.HasPrefix(m.Name, c.kind.transport+" 3") {
			t.Errorf("%+v: %+v", c.kind, m)
		}
	}
}

// What comes and what is told goes into the diary.
func TestNotes(t *testing.T) {
	s := newSubscriber(kind{"websocket", true}, 0, time.Now())
	s.got(client.Message{Channel: "/kept/0", Data: json.RawMessage("4"), ID: 77})
	s.got(client.Message{Channel: "/kept/0", Data: json.RawMessage(`"4"`)})
	tell := s.options().OnError
	tell(errors.New("a fault that it recovers from"))
	tell(&client.DroppedError{Channels: map[string]uint64{"/plain/*": 3}})
	tell(&client.DroppedError{})
	got := s.promised().Log
	for i := range got {
		got[i].At = 0
	}
	want := []model.Entry{
		{Kind: model.Got, Channel: "/kept/0", Number: 4, ID: 77}, {Kind: model.Got, Channel: "/kept/0", Number: -1},
		{Kind: model.Missed, Channel: "/plain/*"}, {Kind: model.Missed},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if lines := s.diary.lines; len(lines) != 3 || !strings.Contains(lines[0], "that it recovers from") {
		t.Errorf("%q", lines)
	}
	for range maxLines {
		tell(errors.New("again"))
	}
	if n := len(s.diary.lines); n != maxLines {
		t.Errorf("%d lines are kept", n)
	}
	if d := s.diary; !d.has("/kept/0", 4) || d.has("/kept/0", 5) || d.has("/plain/0", 0) {
		t.Error("what it has is not what came")
	}
}

// A client that cannot come says so.
func TestGivingUp(t *testing.T) {
	for _, k := range []kind{{"long-polling", false}, {"no such type", true}} {
		if err := newSubscriber(k, 0, time.Now()).run(t.Context(), "127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "gives up") {
			t.Errorf("%v: %v", k, err)
		}
	}
}

// What a client begins with is asked for again, but not for ever; whoever waits for it hears of either end.
func TestBeginnings(t *testing.T) {
	asked := 0
	if err := persist(t.Context(), func(context.Context) error {
		if asked++; asked < tries {
			return errors.New("busy")
		}
		return nil
	}); err != nil || asked != tries {
		t.Errorf("%v after %d", err, asked)
	}
	busy := errors.New("busy")
	if err := persist(t.Context(), func(context.Context) error { asked++; return busy }); !errors.Is(err, busy) || asked != 2*tries {
		t.Errorf("%v after %d", err, asked)
	}
	s := newSubscriber(kind{"long-polling", false}, 0, time.Now())
	if err := s.run(t.Context(), "127.0.0.1:1"); err == nil {
		t.Error("it has begun nowhere")
	}
	<-s.begun
}
