package sequence

import (
	"fmt"
	"testing"

	"halley/bayeux/history"
)

// The snapshots of one server come to another in parts, and stand behind what came there by itself; what the rules there do not keep
// is left out.
func TestRestore(t *testing.T) {
	t.Parallel()
	var m mailbox
	a := opened(t, optionsOf(t, &m, "/s/** snapshot", "/h history=5"))
	b := opened(t, optionsOf(t, &m, "/s/** snapshot", "/s/h history=5", "/s/n conflate"))
	const channels = 2500
	for n := range channels {
		a.publish(fmt.Sprint("/s/", n), fmt.Sprint(n))
	}
	a.publish("/s/h", "h")
	a.publish("/h", "h")
	b.publish("/s/7", "newer")
	restored, parts := 0, 0
	for from, more := int64(0), true; more; parts++ {
		var list []history.Entry
		list, from, more = a.Snapshots(from, 2*mostAtOnce)
		restored += b.Restore(list)
	}
	if restored != channels-1 || parts != 3 {
		t.Errorf("%d channels in %d parts", restored, parts)
	}
	for name, want := range map[string]string{"/s/7": "newer", "/s/8": "8", "/s/2499": "2499"} {
		if e, kept := b.Last(name); !kept || e.Channel != name || e.Event != string(newEvent(name, want)) {
			t.Errorf("%s: %v", name, e)
		}
	}
	if b.past.Has("/s/h") || b.past.Has("/h") {
		t.Error("it has what its rules do not keep")
	}
	for _, name := range []string{"/s/none", "/s/*", "/t"} {
		if e, kept := b.Last(name); kept {
			t.Errorf("%s: %v", name, e)
		}
	}
}
