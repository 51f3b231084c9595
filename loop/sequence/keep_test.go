package sequence

import (
	"fmt"
	"slices"
	"testing"

	"halley/bayeux/history"
)

// What is too old is forgotten, and the file looked after, and written anew when most of it is forgotten.
func TestLookAfter(t *testing.T) {
	var m mailbox
	o := optionsOf(t, &m, "/h history=5s")
	now := int64(1000)
	o.Now = func() int64 { return now }
	l := opened(t, o)
	l.publish("/h", "1")
	now += 3000
	l.publish("/h", "2")
	l.lookAfter() // there is no file
	now += 2000
	p := new(paper)
	l.file = p
	l.lookAfter()
	if got := l.remembered("/h"); len(got) != 1 || l.Usage().Events != 1 {
		t.Errorf("%v is remembered", got)
	}
	p.bloated = true
	l.lookAfter()
	if want := []string{"look after", "compact", "look after"}; !slices.Equal(p.noted, want) {
		t.Errorf("noted %v, want %v", p.noted, want)
	}
	if u := l.Usage(); u.File.Refused != 7 || !u.Failing {
		t.Errorf("%+v", u)
	}
}

// The newer half stays, and cursors into the older one are refused.
func TestForgetHalf(t *testing.T) {
	var m mailbox
	l := opened(t, optionsOf(t, &m, "/h history=10000"))
	const events = 3 * mostAtOnce
	for n := range events {
		l.publish("/h", fmt.Sprint(n%10))
	}
	l.ForgetHalf()
	if left := l.Usage().Events; left < events/3 || left > events*2/3 {
		t.Errorf("%d events of %d are left", left, events)
	}
	if l.replay("/h", 100).Failure == "" || l.replay("/h", 100+events-2).Failure != "" {
		t.Error("a cursor into what is forgotten is served, or one into what is not is refused")
	}
}

// An image has all that has a history, up to a number, part by part, though it changes meanwhile.
func TestImageByParts(t *testing.T) {
	var m mailbox
	l := opened(t, optionsOf(t, &m, "/h history=10000", "/s snapshot"))
	const events = 2*mostAtOnce + 10
	for range events {
		l.publish("/h", "1")
	}
	l.publish("/s", "1")
	upto := int64(100 + events - 6)
	var ids []int64
	parts, last := 0, int64(0)
	l.image(upto, func(part history.Image) {
		for _, e := range part.Entries {
			ids = append(ids, e.ID)
		}
		parts, last = parts+1, part.Last
		l.publish("/h", "2")
	})
	if len(ids) != events-5 || !slices.IsSorted(ids) || ids[len(ids)-1] != upto || parts != 4 || last < upto {
		t.Errorf("%d events in %d parts, the last number %d", len(ids), parts, last)
	}
}
