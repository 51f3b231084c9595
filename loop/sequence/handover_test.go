package sequence

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/loop/journal"
)

// leave has a server leave its order.
func leave(t *testing.T, l *Local) (e Estate) {
	t.Helper()
	last, err := l.Leave(func(part history.Image) { e.Parts = append(e.Parts, part) })
	if err != nil {
		t.Fatal(err)
	}
	e.Last = last
	return e
}

// outcome is what became of a publish.
type outcome struct {
	mu   sync.Mutex
	told []error
}

func (o *outcome) all() []error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.told)
}

// order publishes and keeps what became of it.
func order(l *Local, channel, data string) *outcome {
	o := new(outcome)
	l.Publish(event.New([]byte(channel), []byte(data), false), l.rulesOf(channel), func(err error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.told = append(o.told, err)
	})
	return o
}

// numbers are those of what is remembered of a channel.
func numbersOf(l *Local, channel string) (ids []int64) {
	for _, e := range l.replay(channel, history.Earliest).Entries {
		ids = append(ids, e.ID)
	}
	return ids
}

// eventually waits until ok.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not happen")
		}
	}
}

// The successor goes on with the next number, remembers the same, and takes each cursor that the predecessor would have
// taken, with a history file and without. What is published at the predecessor meanwhile waits, and gets its number from
// the successor; its subscribers get all that the successor's get.
func TestHandover(t *testing.T) {
	for _, path := range []string{"", filepath.Join(t.TempDir(), "history")} {
		var old, young mailbox
		options := func(m *mailbox) Options {
			o := onFile(t, optionsOf(t, m, "/h history=10", "/s snapshot", "/f history=2"))
			o.HistoryFile = path
			return o
		}
		a, b := opened(t, options(&old)), New(options(&young))
		for n := range 4 {
			for _, channel := range []string{"/h", "/s", "/f"} {
				order(a, channel, fmt.Sprint(n))
			}
		}
		brought := 0
		eventually(t, func() bool { brought += len(old.events()); return brought == 12 })
		first := numbersOf(a, "/h")
		estate := leave(t, a)
		held := order(a, "/h", "5")
		also := order(a, "/s", "5")
		if err := b.Inherit(estate); err != nil {
			t.Fatal(err)
		}
		for _, channel := range []string{"/h", "/s", "/f"} {
			if got, want := b.remembered(channel), a.remembered(channel); !slices.Equal(got, want) {
				t.Errorf("file %q: of %s %v is remembered, was %v", path, channel, got, want)
			}
		}
		for _, cursor := range first {
			for _, channel := range []string{"/h", "/f", "/**"} {
				if was, is := a.replay(channel, cursor), b.replay(channel, cursor); was.Failure != is.Failure || len(was.Entries) != len(is.Entries) {
					t.Errorf("file %q: %s after %d: %+v, was %+v", path, channel, cursor, is, was)
				}
			}
		}
		b.Tell(func(e history.Entry) { a.Followed(e, false) })
		var lock sync.Mutex // the link's: one order at a time
		a.Follow(func(o Order) bool {
			go func() {
				lock.Lock()
				defer lock.Unlock()
				b.Lead(o, func(failure string) { a.Answer(o.Number, failure) })
			}()
			return true
		})
		order(b, "/h", "6")
		eventually(t, func() bool { return len(numbersOf(b, "/h")) == 6 && len(numbersOf(a, "/h")) == 6 })
		if got, want := numbersOf(b, "/h"), numbersOf(a, "/h"); !slices.Equal(got, want) || got[4] <= estate.Last || got[4] > estate.Last+3 {
			t.Errorf("file %q: numbers %v, the predecessor has %v, and the last was %d", path, got, want, estate.Last)
		}
		eventually(t, func() bool { return len(held.all()) == 1 && len(also.all()) == 1 })
		if err := errors.Join(held.all()[0], also.all()[0]); err != nil {
			t.Errorf("file %q: %v", path, err)
		}
		if got := len(old.events()); got != 3 {
			t.Errorf("file %q: the predecessor's subscribers get %d events, want 3", path, got)
		}
		b.Tell(nil)
		a.Orphan()
		if got := order(a, "/h", "7").all(); len(got) != 1 || !errors.Is(got[0], journal.ErrClosed) {
			t.Errorf("without the successor: %v", got)
		}
		if err := errors.Join(a.Close(), b.Close()); err != nil {
			t.Error(err)
		}
	}
}

// A server whose successor has died before it took over goes on, with what it held in between, in order.
func TestReturn(t *testing.T) {
	for _, path := range []string{"", filepath.Join(t.TempDir(), "history")} {
		var m mailbox
		o := onFile(t, optionsOf(t, &m, "/h history=10"))
		o.HistoryFile = path
		l := opened(t, o)
		order(l, "/h", "1")
		leave(t, l)
		var results []*outcome
		for n := 2; n < 5; n++ {
			results = append(results, order(l, "/h", fmt.Sprint(n)))
		}
		if err := l.Return(); err != nil {
			t.Fatal(err)
		}
		order(l, "/h", "5")
		eventually(t, func() bool { return len(numbersOf(l, "/h")) == 5 })
		for i, e := range m.events() {
			if !strings.Contains(e, fmt.Sprintf(`"data":%d`, i+1)) {
				t.Errorf("file %q: event %d is %s", path, i, e)
			}
		}
		for _, r := range results {
			eventually(t, func() bool { return len(r.all()) == 1 })
			if err := r.all()[0]; err != nil {
				t.Errorf("file %q: %v", path, err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if path == "" {
			continue
		}
		again := opened(t, o)
		if got := numbersOf(again, "/h"); len(got) != 5 {
			t.Errorf("the file has %v", got)
		}
		again.Close()
	}
}

// What may wait while nobody gives numbers is bounded.
func TestHeldIsBounded(t *testing.T) {
	var m mailbox
	o := optionsOf(t, &m, "/h history=10")
	o.File.Most = 3 * orderCost
	l := opened(t, o)
	leave(t, l)
	order(l, "/h", "1")
	order(l, "/h", "2")
	if got := order(l, "/h", "3").all(); len(got) != 1 || !errors.Is(got[0], journal.ErrBusy) {
		t.Errorf("%v", got)
	}
}
