package client

import (
	"testing"
	"time"
)

func TestDefaults(t *testing.T) {
	for _, connections := range []struct{ given, want int }{{0, 1}, {1, 1}, {2, 2}, {6, 2}} {
		c := Config{Connections: connections.given}
		c.setDefaults()
		if c.Connections != connections.want || c.Connecting != 64 || c.ReplyTimeout != 20*time.Second || c.Sources != 250 {
			t.Errorf("%d connections given: %+v", connections.given, c)
		}
	}
	c := Config{Connecting: 3, ReplyTimeout: time.Second, Sources: 7}
	c.setDefaults()
	if c.Connecting != 3 || c.ReplyTimeout != time.Second || c.Sources != 7 {
		t.Errorf("what was given has changed: %+v", c)
	}
}
