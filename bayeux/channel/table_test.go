package channel

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"unsafe"
)

// own is a channel of one subscriber's own.
func own(s Subscriber) []byte { return fmt.Appendf(nil, "/user/%d/orders", s) }

func TestTrailingSlashIsTheSameChannel(t *testing.T) {
	table := NewTable(4)
	table.Subscribe(1, []byte("/a/"))
	if !table.Has(1, []byte("/a")) || len(table.Match([]byte("/a/"))) != 1 || len(table.Match([]byte("/a"))) != 1 {
		t.Error("/a/ and /a differ")
	}
	if c := table.Unsubscribe(1, []byte("/a")); c != (Change{Changed: true, Edge: true}) {
		t.Errorf("Unsubscribe: %+v", c)
	}
}

func TestUncheckedNamesMatchNothing(t *testing.T) {
	table := NewTable(4)
	table.Subscribe(1, []byte("/**"))
	table.Subscribe(1, []byte("/a/*"))
	for _, name := range []string{"", "a", "a/b", "*", "\xff"} {
		if got := table.Match([]byte(name)); len(got) != 0 {
			t.Errorf("Match(%q) = %v", name, got)
		}
	}
}

func TestUnknownSubscribersHaveNothing(t *testing.T) {
	table := NewTable(4)
	table.Subscribe(1, []byte("/a"))
	table.UnsubscribeAll(1<<31, nil)
	table.Covering(1<<31, []byte("/a"), func(p []byte) bool { t.Errorf("subscribed to %q", p); return true })
	if table.Count(1<<31) != 0 || table.Has(1<<31, []byte("/a")) || table.Unsubscribe(1<<31, []byte("/a")).Changed {
		t.Error("a subscriber that never came has something")
	}
}

func TestResultOutlivesChanges(t *testing.T) {
	table := NewTable(4)
	for s := range Subscriber(100) {
		table.Subscribe(s, []byte("/a"))
	}
	seen := map[Subscriber]bool{}
	for _, s := range table.Match([]byte("/a")) { // as a server does that drops slow sessions while it delivers
		seen[s] = true
		table.UnsubscribeAll(s, nil)
	}
	if len(seen) != 100 || table.Known([]byte("/a")) {
		t.Errorf("%d of 100 seen, known %v", len(seen), table.Known([]byte("/a")))
	}
}

func TestOneSubscriberOfManyPatterns(t *testing.T) {
	const n = 3000
	table := NewTable(4)
	for s := range Subscriber(n) {
		table.Subscribe(0, own(s))
		table.Subscribe(s+1, own(s))
	}
	if table.Count(0) != n {
		t.Errorf("Count = %d", table.Count(0))
	}
	for s := range Subscriber(n) {
		if c := table.Unsubscribe(0, own(s)); c != (Change{Changed: true}) {
			t.Fatalf("%s: %+v", own(s), c)
		}
		if want := n - 1 - int(s); table.Count(0) != want {
			t.Fatalf("Count = %d, want %d", table.Count(0), want)
		}
		if got := table.Match(own(s)); !slices.Equal(got, []Subscriber{s + 1}) {
			t.Fatalf("%s: %v", own(s), got)
		}
	}
}

func TestWhatIsGivenBackIsUsedAgain(t *testing.T) {
	table := NewTable(16)
	round := func() {
		for s := range Subscriber(500) {
			table.Subscribe(s, own(s))
			table.Subscribe(s, []byte("/stock/**"))
		}
		for s := range Subscriber(500) {
			table.UnsubscribeAll(s, nil)
		}
	}
	round()
	nodes, records, heads, text := table.patterns.nodes.Size(), table.records.Size(), len(table.heads), table.patterns.texts.Bytes()
	for range 5 {
		round()
	}
	if table.patterns.nodes.Size() != nodes || table.patterns.texts.Bytes() != text || table.records.Size() != records || len(table.heads) != heads {
		t.Errorf("nodes %d → %d, records %d → %d, heads %d → %d", nodes, table.patterns.nodes.Size(), records, table.records.Size(), heads, len(table.heads))
	}
	for i := range uint32(table.patterns.nodes.Size()) {
		if n := table.patterns.nodes.At(i); n.text != 0 || n.more != 0 {
			t.Fatalf("node %d keeps %+v", i, n)
		}
	}
}

func TestCacheIsBounded(t *testing.T) {
	table := NewTable(64)
	table.Subscribe(1, []byte("/user/**"))
	for s := range Subscriber(10_000) {
		if got := table.Match(own(s)); len(got) != 1 {
			t.Fatalf("%s: %v", own(s), got)
		}
	}
	used := 0
	for _, e := range table.cache.entries {
		used += min(len(e.name), 1)
	}
	if len(table.cache.entries) != 64 || used != 64 {
		t.Errorf("%d entries, %d used, want 64", len(table.cache.entries), used)
	}
}

func TestOnlyWildcardsEmptyTheCache(t *testing.T) {
	table := NewTable(1024)
	table.Subscribe(1, []byte("/stock/*"))
	name := []byte("/stock/SPY")
	cached := func() bool { return table.cache.holds(table.cache.entry(name), name) }
	table.Match(name)
	table.Subscribe(2, []byte("/stock/*")) // a new subscriber of a known pattern
	if !cached() {
		t.Error("emptied by a subscriber")
	}
	table.cache.forget([]byte("/bond/X"))
	if !cached() {
		t.Error("emptied by the literal of another channel")
	}
	table.Subscribe(3, name)
	if cached() {
		t.Error("not emptied by its own literal")
	}
	table.Match(name)
	table.Subscribe(3, []byte("/**"))
	if cached() {
		t.Error("not emptied by a wildcard")
	}
	if got := len(table.Match(name)); got != 3 {
		t.Errorf("%d subscribers, want 3", got)
	}
}

func TestForgottenLiteralDoesNotMatchForAnother(t *testing.T) {
	table, a, b := NewTable(16), []byte("/a"), []byte("/b")
	table.Subscribe(1, a)
	if got := table.Match(a); len(got) != 1 {
		t.Fatal(got)
	}
	table.Unsubscribe(1, a)
	table.Subscribe(2, b) // takes over the node of /a
	if got := table.Match(a); len(got) != 0 {
		t.Errorf("/a reaches %v", got)
	}
}

func TestCountsOfManyAreForgotten(t *testing.T) {
	table := NewTable(4)
	for s := range Subscriber(3 * few) {
		table.Subscribe(0, own(s))
		table.Subscribe(1, own(s))
	}
	table.UnsubscribeAll(0, nil)
	for s := range Subscriber(3 * few) {
		table.Unsubscribe(1, own(s))
	}
	if len(table.many) != 0 {
		t.Errorf("left behind: %v", table.many)
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	table := NewTable(1) // every other match is a miss
	for s := range Subscriber(100) {
		table.Subscribe(s, []byte("/stock/*"))
		table.Subscribe(s, []byte("/**"))
	}
	names := [][]byte{[]byte("/stock/SPY"), []byte("/stock/AAPL"), []byte("/none")}
	for _, name := range names {
		table.Match(name)
	}
	if n := testing.AllocsPerRun(100, func() {
		for _, name := range names {
			table.Match(name)
			table.Match(name)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// heap is the live memory that fill's result adds. The collector runs before and after, so that only what is kept counts.
func heap(fill func() *Table) (table *Table, bytes int) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	table = fill()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(table)
	return table, int(after.HeapAlloc) - int(before.HeapAlloc)
}

// slack is what append has taken in advance.
func slack(t *Table) int {
	free := func(spare, size int) int { return spare * size }
	n := free(t.records.Room()-t.records.Size(), int(unsafe.Sizeof(record{}))) + free(cap(t.heads)-len(t.heads), 4) + free(cap(t.out), 4)
	for i := range uint32(t.lists.Size()) {
		list := *t.lists.At(i)
		n += free(cap(list)-len(list), 4)
	}
	return n
}

func TestSubscriptionTakesAtMost24Bytes(t *testing.T) {
	const subscribers = 40_000
	for _, each := range []int{1, 2, 3, 10} {
		table, bytes := heap(func() *Table {
			table := NewTable(1)
			for s := range Subscriber(subscribers) {
				for p := range each {
					table.Subscribe(s, fmt.Appendf(nil, "/stock/%d", p))
				}
			}
			return table
		})
		per := float64(bytes-slack(table)) / (subscribers * float64(each))
		t.Logf("%d subscribers of %d patterns: %.1f bytes a subscription, %.1f with the slack", subscribers, each, per, float64(bytes)/(subscribers*float64(each)))
		if per > 24 { // 16 to 20, and the table itself and what the runtime keeps
			t.Errorf("%.1f bytes a subscription, want 24", per)
		}
	}
}

// A channel of one subscriber takes a node, its text, a slot and a record, and hardly anything of the allocator's.
func TestOwnChannelTakesAtMost72Bytes(t *testing.T) {
	for _, subscribers := range []int{1500, 2000, 2500, 3000, 5000, 8000} { // wherever the slots are between two sizes
		const each = 20
		_, bytes := heap(func() *Table {
			table := NewTable(1)
			for s := range Subscriber(subscribers) {
				for p := range each {
					table.Subscribe(s, fmt.Appendf(nil, "/user/%05d/channel/%02d", s, p))
				}
			}
			return table
		})
		per := float64(bytes) / float64(subscribers*each)
		if t.Logf("%d subscribers of %d channels each: %.1f bytes a channel", subscribers, each, per); per > 72 {
			t.Errorf("%.1f bytes a channel, want 72", per)
		}
	}
}
