package bayeux

import (
	"fmt"
	"testing"
)

// A subscribe that would wait for the past, where too much waits already, leaves no interest behind.
func TestRefusedJoinLeavesNothing(t *testing.T) {
	cfg := testConfig()
	cfg.MaxAsks = 1
	cfg.Rules = rulesOf(t, cfg, "/h/** history=10")
	b := newBacklog(t, false, cfg, 0, 0)
	interest := map[string]int{}
	subscribe := func(name string) {
		batch := scanned(t, fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":%q}`, b.id, name))
		b.server.Handle(b.now, Request{To: ReplyTo{Serial: 77}}, &batch, &b.fx)
		for i := range b.fx.List {
			switch e := &b.fx.List[i]; e.Kind {
			case AddInterest:
				interest[string(b.fx.Pattern(e))]++
			case RemoveInterest:
				interest[string(b.fx.Pattern(e))]--
			}
		}
		b.fx.Reset()
	}
	subscribe("/h/waits")
	for i := range 5 {
		subscribe(fmt.Sprintf("/h/refused/%d", i))
	}
	subscribe("/h/waits") // refused too, but the first one waits still
	if len(b.server.joins) != 1 || b.server.joins["/h/waits"] != 1 {
		t.Errorf("joins %v", b.server.joins)
	}
	for name, n := range interest {
		if want := map[bool]int{true: 1}[name == "/h/waits"]; min(n, 1) != want {
			t.Errorf("interest in %s: %d", name, n)
		}
	}
}
