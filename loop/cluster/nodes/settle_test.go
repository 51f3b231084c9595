package nodes

import (
	"context"
	"testing"
	"time"
)

// A node that begins waits for two heartbeats of the others, for who has heard of it and is not ready for it, and for nobody longer
// than until it would be gone.
func TestSettle(t *testing.T) {
	t.Parallel()
	var w world
	settles := func(n *member) time.Duration {
		t.Helper()
		began := w.now
		n.Settle(t.Context())
		return w.now - began
	}
	first := w.join(t, 1)
	if took := settles(first); took <= 2*timeout/beats || took > 3*timeout/beats {
		t.Errorf("alone it took %v", took)
	}
	second := w.join(t, 2)
	if w.net.Deliver(); settles(second) > 3*timeout/beats {
		t.Errorf("%v", second.All())
	}
	if _, joined := second.Joined(1); !joined {
		t.Error("it has not joined the first one")
	}
	second.slow = true
	second.Torn(1, 0)
	if took := settles(second); took <= 3*timeout/beats || took > timeout+timeout/beats {
		t.Errorf("with what is closed for another one it took %v", took)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	began := w.now
	if second.Settle(ended); w.now-began > timeout/beats {
		t.Errorf("it goes on for %v after its end", w.now-began)
	}
}
