package sequence

import (
	"slices"
	"testing"

	"halley/bayeux/history"
	"halley/loop/journal"
)

// wrote has events of channels with a history written to a file and closes it.
func wrote(t *testing.T, o Options, channels ...string) {
	t.Helper()
	l := opened(t, o)
	result := make(chan error, 1)
	for _, channel := range channels {
		l.Publish(newEvent(channel, "1"), o.Rules.Of([]byte(channel)), func(err error) { result <- err })
		if err := <-result; err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// A later run has what the file has, and goes on behind the numbers that may have been given, or with
// its own first one.
func TestNumbersGoOn(t *testing.T) {
	for first, want := range map[int64]int64{100: 103 + unwritten, 10 * unwritten: 10 * unwritten} {
		var m mailbox
		o := onFile(t, optionsOf(t, &m, "/h history=10"))
		wrote(t, o, "/h", "/h", "/h")
		o.First = first
		l := opened(t, o)
		if got := l.remembered("/h"); len(got) != 3 || l.past.Next() != want {
			t.Errorf("%v; the next number is %d, want %d", got, l.past.Next(), want)
		}
		if l.replay("/h", 101).Failure != "" || l.replay("/h", 5*unwritten).Failure == "" {
			t.Error("a cursor of the run before is refused, or one that nobody was given is served")
		}
		l.Close()
	}
}

// A channel that has no history any more has forgotten what the file has of it, and so its cursors are refused.
func TestRulesChanged(t *testing.T) {
	var m mailbox
	o := onFile(t, optionsOf(t, &m, "/a history=10", "/b history=10"))
	wrote(t, o, "/a", "/b", "/a")
	o.Rules = rulesOf(t, "/b history=10")
	l := opened(t, o)
	defer l.Close()
	if l.remembered("/a") != nil || len(l.remembered("/b")) != 1 {
		t.Errorf("%v and %v are remembered", l.remembered("/a"), l.remembered("/b"))
	}
	if l.replay("/a", 100).Failure == "" || l.replay("/b", 100).Failure != "" {
		t.Error("a cursor of a history that is gone is served, or another one refused")
	}
}

// Each kind of record is remembered as what it tells.
func TestLoad(t *testing.T) {
	entry := func(id int64, channel string) history.Entry {
		return history.Entry{ID: id, Channel: channel, Event: "1"}
	}
	for name, row := range map[string]struct {
		records []journal.Record
		events  int
		refused []int64 // cursors of /h
		served  []int64
	}{
		"events": {[]journal.Record{{Kind: journal.Event, Entry: entry(5, "/h")}, {Kind: journal.Event, Entry: entry(6, "/h")}}, 2, []int64{-5}, []int64{1, 5}},
		"floor":  {[]journal.Record{{Kind: journal.Floor, Entry: entry(4, "/h")}, {Kind: journal.Event, Entry: entry(6, "/h")}}, 1, []int64{3}, []int64{4}},
		"gone":   {[]journal.Record{{Kind: journal.Gone, Entry: entry(4, "")}, {Kind: journal.Last, Entry: entry(6, "")}}, 0, []int64{3}, []int64{4}},
		"all":    {[]journal.Record{{Kind: journal.Event, Entry: entry(5, "/h")}, {Kind: journal.All, Entry: entry(7, "")}}, 1, []int64{6}, []int64{7}},
		"first version": {[]journal.Record{{Kind: journal.Event, Entry: entry(5, "/h")}, {Kind: journal.Event, Entry: entry(7, "")}},
			1, []int64{3}, []int64{4, 5}},
	} {
		l := New(optionsOf(t, new(mailbox), "/h history=10"))
		for _, r := range row.records {
			l.load(r)
		}
		l.past.Begin(100, 0)
		if got := l.remembered("/h"); len(got) != row.events {
			t.Errorf("%s: %v is remembered", name, got)
		}
		valid := func(after int64) bool { return l.replay("/h", after).Failure == "" }
		if slices.ContainsFunc(row.refused, valid) || slices.ContainsFunc(row.served, func(after int64) bool { return !valid(after) }) {
			t.Errorf("%s: cursors are not what the file says", name)
		}
	}
}

// Somebody may look at the figures while the history file is read.
func TestUsageWhileItOpens(t *testing.T) {
	var m mailbox
	o := onFile(t, optionsOf(t, &m, "/h history=10"))
	wrote(t, o, "/h", "/h", "/h")
	l := New(o)
	done, looked := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(looked)
		for {
			l.Usage()
			select {
			case <-done:
				return
			default:
			}
		}
	}()
	err := l.Open()
	close(done)
	<-looked
	if err != nil || l.Usage().Events != 3 {
		t.Errorf("%v, %+v", err, l.Usage())
	}
	l.Close()
}
