package main

import (
	"encoding/json"
	"testing"
	"time"

	"halley/bayeux/client"
)

func TestShare(t *testing.T) {
	values := []time.Duration{1 * time.Second, 2 * time.Second, 3 * time.Second, 9 * time.Second}
	for hundredths, want := range map[int]time.Duration{0: time.Second, 50: 3 * time.Second, 99: 9 * time.Second, 100: 9 * time.Second} {
		if got := share(values, hundredths); got != want {
			t.Errorf("%d: %v, want %v", hundredths, got, want)
		}
	}
	if share(nil, 50) != 0 {
		t.Error("of none")
	}
}

// What was heard counts once the time to settle is over; the last of each symbol is looked for from the start.
func TestFollower(t *testing.T) {
	f := &follower{begun: time.Now().Add(-time.Minute), settle: time.Hour, newest: make(map[string]int)}
	hear := func(channel string, number int) {
		data, err := json.Marshal(price{At: time.Now().UnixMicro(), Number: number})
		if err != nil {
			t.Fatal(err)
		}
		f.hear(client.Message{Channel: channel, Data: data})
	}
	hear("/price/0", 1)
	f.settle = time.Second
	hear("/price/0", 3)
	hear("/price/1", 2)
	if len(f.ages) != 2 || f.missing(2, 3) != 1 || f.missing(3, 3) != 2 || f.missing(2, 2) != 0 {
		t.Errorf("%d ages, missing %d", len(f.ages), f.missing(2, 3))
	}
}
