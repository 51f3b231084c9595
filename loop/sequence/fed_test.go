package sequence

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"halley/bayeux"
	"halley/bayeux/event"
	"halley/bayeux/history"
)

// fed is a Local of a cluster.
func fed(t *testing.T, m *mailbox, rules ...string) *Local {
	o := optionsOf(t, m, rules...)
	o.Fed = true
	return opened(t, o)
}

// feedOf is an event of a cluster's order.
func feedOf(id int64, channel, data string, here bool) Fed {
	return Fed{history.Entry{ID: id, At: 900, Channel: channel, Event: string(newEvent(channel, data))}, here}
}

// What is caught up with is remembered alone. What is live is brought to the subscribers too, with its number, and told apart by
// where it was published.
func TestFeed(t *testing.T) {
	t.Parallel()
	var m mailbox
	l := fed(t, &m, "/h history=10")
	l.Renew(5000)
	l.Feed([]Fed{feedOf(5000, "/h", "1", false), feedOf(5003, "/h", "2", true)}, false)
	if got := m.take(); got != nil {
		t.Errorf("%v is delivered", got)
	}
	l.Feed([]Fed{feedOf(5004, "/h", "3", false), feedOf(5005, "/h", "4", true), feedOf(5006, "/none", "5", false)}, true)
	var got []string
	for _, letter := range m.take() {
		got = append(got, fmt.Sprint(letter.event, " ", letter.here))
	}
	want := []string{`{"channel":"/h","replayId":5004,"data":3} false`, `{"channel":"/h","replayId":5005,"data":4} true`, `{"channel":"/none","data":5} false`}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := l.remembered("/h"); len(got) != 4 || !strings.Contains(got[1], `"replayId":5003`) {
		t.Errorf("%q is remembered", got)
	}
	if past := l.replay("/h", 5003); len(past.Entries) != 2 || past.Failure != "" || l.last() != 5006 {
		t.Errorf("after 5003: %+v; the last is %d", past, l.last())
	}
	for _, after := range []int64{100, 4998, 5007} {
		if past := l.replay("/h", after); past.Failure == "" {
			t.Errorf("the cursor %d is taken", after)
		}
	}
}

// What other nodes have kept of snapshots stands beside what is fed, too.
func TestRestoredBesideWhatIsFed(t *testing.T) {
	t.Parallel()
	l := fed(t, new(mailbox), "/h history=10", "/s/** snapshot")
	l.Renew(5000)
	l.Feed([]Fed{feedOf(5000, "/h", "1", false)}, false)
	if n := l.Restore([]history.Entry{{Channel: "/s/a", Event: "a"}, {Channel: "/h", Event: "b"}}); n != 1 {
		t.Errorf("%d are restored", n)
	}
	l.Feed([]Fed{feedOf(5001, "/h", "2", false)}, true)
	if past := l.replay("/**", 5000); len(past.Entries) != 2 || past.Entries[0].Event != "a" || past.Entries[1].ID != 5001 {
		t.Errorf("%+v", past)
	}
}

// Before anything is fed, no cursor means anything.
func TestNothingIsFed(t *testing.T) {
	t.Parallel()
	l := fed(t, new(mailbox), "/h history=10", "/s snapshot")
	l.Arrived(newEvent("/s", "1"), l.rulesOf("/s"))
	for _, after := range []int64{0, 1, 100} {
		if past := l.replay("/**", after); past.Failure == "" {
			t.Errorf("the cursor %d is taken", after)
		}
	}
	if past := l.replay("/**", history.Earliest); past.Failure != "" || len(past.Entries) != 1 {
		t.Errorf("%+v", past)
	}
}

// What has no history is placed by each node itself, and goes to the others if it was published here, in one order.
func TestBesideWhatIsFed(t *testing.T) {
	t.Parallel()
	var m mailbox
	l := fed(t, &m, "/h history=10", "/s snapshot", "/r rate=1/s")
	l.Renew(5000)
	var spread []string
	for n, channel := range []string{"/s", "/r", "/s"} {
		l.PublishAlso(newEvent(channel, fmt.Sprint(n)), l.rulesOf(channel), func(e event.Event) { spread = append(spread, string(e)) })
		l.Feed([]Fed{feedOf(5000+int64(n), "/h", fmt.Sprint(n), false)}, true)
		l.Arrived(newEvent("/s", fmt.Sprint(10+n)), l.rulesOf("/s"))
	}
	var got, placed []string
	for _, letter := range m.take() {
		got = append(got, fmt.Sprint(letter.here))
		if letter.here {
			placed = append(placed, string(letter.event))
		}
	}
	if want := "true false false true false false true false false"; strings.Join(got, " ") != want || !slices.Equal(placed, spread) || len(placed) != 3 {
		t.Errorf("%q are delivered, spread %q", got, spread)
	}
	if past := l.replay("/**", 5001); len(past.Entries) != 2 || past.Entries[0].Event != `{"channel":"/s","data":12}` || past.Entries[1].ID != 5002 {
		t.Errorf("after 5001: %+v", past)
	}
	l.SetRules(rulesOf(t, "/h snapshot", "/s history=10"))
	l.publish("/h", "20")
	l.Feed([]Fed{feedOf(5003, "/s", "21", true)}, true)
	if past := l.replay("/s", 5002); len(past.Entries) != 1 || past.Entries[0].ID != 5003 {
		t.Errorf("under new rules: %+v", past)
	}
}

// A new order has nothing of the one before, whose cursors are refused.
func TestRenew(t *testing.T) {
	t.Parallel()
	var m mailbox
	l := fed(t, &m, "/h history=5000", "/s snapshot")
	l.Renew(5000)
	for n := range int64(2500) {
		l.Feed([]Fed{feedOf(5000+n, "/h", fmt.Sprint(n), false)}, false)
	}
	l.publish("/s", "1")
	l.Renew(9000)
	l.Feed([]Fed{feedOf(9000, "/h", "new", false)}, true)
	if got := l.remembered("/**"); len(got) != 2 || l.replay("/h", 7000).Failure == "" || l.replay("/h", 8999).Failure != "" {
		t.Errorf("%d are remembered", len(got))
	}
	l.Forget(9000)
	if l.replay("/h", 8999).Failure == "" || l.replay("/h", 9000).Failure != "" {
		t.Error("what may be missing is not refused")
	}
}

// Where a cluster gives the numbers, joins are as gapless as ever.
func TestFedJoins(t *testing.T) {
	t.Parallel()
	var m mailbox
	l := fed(t, &m, "/h history=100000")
	l.options.Queue = history.Part{Messages: 1 << 20, Bytes: 1 << 30}
	l.replays.Queue = l.options.Queue
	l.Renew(5000)
	const events = 500
	var group sync.WaitGroup
	group.Go(func() {
		for n := range int64(events) {
			l.Feed([]Fed{feedOf(5000+n, "/h", fmt.Sprint(n), false)}, true)
		}
	})
	for n := range 50 {
		l.Recall(Query{Ticket: bayeux.Ticket(n), Wanted: []history.Wanted{{Pattern: "/h", Replay: true, After: history.Earliest}}})
	}
	group.Wait()
	delivered := 0
	for _, letter := range m.take() {
		if letter.event != "" {
			delivered++
		} else if n := len(letter.past.Entries); n != delivered {
			t.Fatalf("%d entries after %d events", n, delivered)
		}
	}
	if delivered != events {
		t.Errorf("%d events", delivered)
	}
}

// A query may be refused in its place among the events.
func TestRefuse(t *testing.T) {
	t.Parallel()
	var m mailbox
	l := fed(t, &m, "/h history=10")
	l.Refuse(Query{Ticket: 7}, "503::server_busy")
	if got := m.take(); len(got) != 1 || got[0].query.Ticket != 7 || got[0].past.Failure != "503::server_busy" {
		t.Errorf("%+v", got)
	}
}
