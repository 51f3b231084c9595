package front

import (
	"hash/maphash"
	"testing"
)

func TestFromBrowser(t *testing.T) {
	for field, want := range map[string]bool{
		"User-Agent: Mozilla/5.0 (X11)": true, "Origin: http://h": true, "Sec-Fetch-Site: same-origin": true,
		"User-Agent: curl/8": false, "Accept: */*": false,
	} {
		if got := FromBrowser(parse(t, "POST /bayeux", field)); got != want {
			t.Errorf("%s: %v", field, got)
		}
	}
}

// Clients of one address are told apart by three fields, each in its place.
func TestWriteClient(t *testing.T) {
	seed, seen := maphash.MakeSeed(), map[uint64]string{}
	sum := func(fields ...string) uint64 {
		var h maphash.Hash
		h.SetSeed(seed)
		WriteClient(&h, parse(t, "POST /bayeux", fields...))
		return h.Sum64()
	}
	for _, field := range []string{"X-Forwarded-For: a", "X-Forwarded-For: b", "User-Agent: a", "User-Agent: b", "Cookie: BAYEUX_BROWSER=a", "Accept: a"} {
		n := sum(field)
		if before, twice := seen[n]; twice {
			t.Errorf("%s and %s are one client", before, field)
		}
		seen[n] = field
	}
	if sum("User-Agent: a", "Accept: b") != sum("User-Agent: a", "Cookie: other=1") {
		t.Error("other fields tell clients apart")
	}
}
