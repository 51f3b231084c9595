package bayeux

import (
	"strings"
	"testing"
)

// An id is kept whatever its length, and nothing is left of it when it is forgotten.
func TestHeldIDs(t *testing.T) {
	ids := make(longIDs)
	for n := range maxID + 1 {
		id := strings.Repeat("x", n)
		k := ids.keep(3, []byte(id))
		if got := string(ids.of(3, &k)); got != id {
			t.Errorf("%d bytes: %q", n, got)
		}
		if long := n > len(k.text); long != (len(ids) == 1) {
			t.Errorf("%d bytes: %d in the map", n, len(ids))
		}
		if ids.forget(3, &k); len(ids) != 0 || k.n != 0 {
			t.Errorf("%d bytes: %v and %v are left", n, ids, k)
		}
	}
}
