package bayeux

import (
	"testing"
	"time"
)

// Times that somebody has set stay; the others are those that clients of the profile expect.
func TestFill(t *testing.T) {
	for _, c := range []struct {
		set, want Timing
		profile   Profile
	}{
		{want: Timing{Hold: 28 * time.Second, MaxInterval: 15 * time.Second}},
		{want: Timing{Hold: 110 * time.Second, MaxInterval: 40 * time.Second}, profile: Salesforce},
		{Timing{Hold: time.Second}, Timing{Hold: time.Second, MaxInterval: 15 * time.Second}, ""},
		{Timing{MaxInterval: time.Hour}, Timing{Hold: 110 * time.Second, MaxInterval: time.Hour}, Salesforce},
		{Timing{Interval: time.Minute}, Timing{Hold: 28 * time.Second, Interval: time.Minute, MaxInterval: 15 * time.Second}, ""},
	} {
		got := c.set
		if got.Fill(c.profile); got != c.want {
			t.Errorf("%+v of %q: %+v, want %+v", c.set, c.profile, got, c.want)
		}
	}
}

func TestPeriods(t *testing.T) {
	cfg := Config{
		Timing:        Timing{Hold: time.Second, Interval: 2 * time.Second, MaxInterval: time.Minute, MaxInactivity: time.Hour},
		MultiInterval: 1500*time.Millisecond + 999*time.Microsecond,
	}
	if got, want := newPeriods(&cfg), (periods{1000, 2000, 60_000, 1500, 3_600_000}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
