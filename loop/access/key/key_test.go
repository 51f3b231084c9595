package key

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"
)

// secret is a key that is long enough.
func secret(i int) string { return fmt.Sprintf("secret-%032d", i) }

func sum(i int) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(secret(i)))) }

func TestRights(t *testing.T) {
	c, err := parse(fmt.Appendf(nil, "a %s publish=/orders/** publish=/stock/* listings end\nb %s\n", secret(1), secret(2)))
	if err != nil {
		t.Fatal(err)
	}
	a, b := c.keys[0], c.keys[1]
	for name, want := range map[string]bool{
		"/orders/1": true, "/orders/1/2": true, "/stock/A": true, "/orders/**": true, "/orders/*": true, "/stock/**": true, // patterns as names: who subscribes to a channel below hears nothing
		"/orders": false, "/stock/A/B": false, "/**": false, "/*": false, "/ordersX": false,
	} {
		if a.Publishes([]byte(name)) != want || a.Names([]byte(name)) != want || b.Publishes([]byte(name)) {
			t.Errorf("%s: want %t, and false without a pattern", name, want)
		}
	}
	for _, tt := range []struct {
		r    Rights
		want bool
	}{{Listings, true}, {End, true}, {Listings | End, true}, {Metrics, false}, {Listings | Metrics, false}, {Console, false}, {Profiles, false}} {
		if a.May(tt.r) != tt.want || b.May(tt.r) {
			t.Errorf("%s: want %t, and false without a word", tt.r, tt.want)
		}
	}
	m := master("k")
	if !m.May(all) || !m.Publishes([]byte("/a/b")) || m.Names([]byte("/a/b")) {
		t.Error("the master key is good for everything, and names no channel")
	}
}

// A key that is refused all the time is logged once a minute, and counted each time.
func TestRefusalsAreToldNowAndThen(t *testing.T) {
	k, now, told := master("k"), time.Unix(1e9, 0), 0
	for range 180 {
		if k.Refused(now) {
			told++
		}
		now = now.Add(time.Second)
	}
	if told != 3 || k.figures().Refused != 180 {
		t.Errorf("told %d times of %+v", told, k.figures())
	}
}
