package loop

import (
	"fmt"
	"reflect"
	"testing"

	"halley/bayeux"
	"halley/bayeux/history"
	"halley/bayeux/queue"
	"halley/httpparse"
	"halley/loop/journal"
	"halley/loop/settings"
)

// A tag that repeats a constant of the code has to say the same.
func TestTagsAgreeWithTheCode(t *testing.T) {
	tags := make(map[string]reflect.StructTag)
	settings.Each(&Settings{}, func(f settings.Field) { tags[f.Name] = f.Tag })
	for _, tt := range []struct {
		flag, tag string
		want      any
	}{
		{"loops", "max", MaxLoops},
		{"hold", "min", tickEvery}, // a timer's tick is the shortest hold that makes sense
		{"max-header", "default", settings.FormatSize(httpparse.DefaultMaxHeader)},
		{"max-header-fields", "default", httpparse.DefaultMaxHeaderFields},
		{"max-target", "default", settings.FormatSize(httpparse.DefaultMaxTarget)},
		{"profile", "enum", bayeux.Salesforce + ","},
		{"steer", "enum", SteerAuto + "," + SteerOn + "," + SteerOff},
		{"slow", "enum", queue.DropOldest + "," + queue.Conflate + "," + queue.Disconnect},
		{"history-sync", "enum", journal.Always + "," + journal.Interval + "," + journal.Never},
		{"history-expired", "enum", history.Refused + "," + history.FromEarliest + "," + history.FromTip},
	} {
		if got, want := tags[tt.flag].Get(tt.tag), fmt.Sprint(tt.want); got != want {
			t.Errorf("--%s has %s %s, the code %s", tt.flag, tt.tag, got, want)
		}
	}
}

// What an operator sets reaches the protocol core, which has one loop's share of the sessions.
func TestCoreConfig(t *testing.T) {
	s, err := New(config(func(c *Config) {
		c.Loops, c.MaxSessions, c.CallbackPolling = 4, 100, false
		c.Profile, c.Slow, c.Hold, c.AdvertiseHosts = "salesforce", "conflate", 5e9, []string{"push.example"}
	}))
	if err != nil {
		t.Fatal(err)
	}
	got := coreConfig(s.shared, 2)
	equal(t, fmt.Sprintln(got.Place.Loop, got.MaxSessions, got.NoCallback, got.Profile, got.Slow, got.Hold, got.Hosts, got.QueueBytes),
		"2 25 true salesforce conflate 5s [push.example] 2097152\n")
}
