package console

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"halley/loop"
)

// Each other server is shown with what came and went in the last second. One that is away, or loses something, is told of.
func TestOthers(t *testing.T) {
	now := time.Now()
	at := func(seconds int, others ...Other) *reading {
		s := loop.Stats{Loops: make([]loop.LoopStats, 1)}
		return read(now.Add(time.Duration(seconds)*time.Second), s, Surroundings{others, []Fact{{"Grown", Rate, 7 * float64(seconds)}, {fmt.Sprint("At ", seconds), Bytes, 5}}})
	}
	before := at(0, Other{Kind: Upstream, Name: "a", Up: true, In: 10, Out: 5}, Other{Kind: Import, Name: "a", Up: true, In: 7, Lost: 1})
	after := at(2, Other{Kind: Import, Name: "a", Up: true, In: 17, Lost: 2}, Other{Kind: Upstream, Name: "a", In: 110, Out: 6, Waiting: 3, Lag: time.Second},
		Other{Kind: Node, Name: "new", Up: true, In: 1000})
	c := change{before, after}
	want := []otherNow{
		{Kind: Import, Name: "a", Up: true, In: 5, Lost: 2, Losing: true},
		{Kind: Upstream, Name: "a", In: 50, Out: 0.5, Waiting: 3, LagMs: 1000},
		{Kind: Node, Name: "new", Up: true},
	}
	if got := viewOf(c).Others; !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	if got := viewOf(c).Facts; !slices.Equal(got, []factNow{{"Grown", Rate, 7}, {"At 2", Bytes, 5}}) {
		t.Errorf("got %+v", got)
	}
	d := newDoctor()
	d.examine(c)
	if h := d.verdict(after, nil); h.Level != attention || !slices.Equal(h.Reasons, []string{"Messages from or to other servers are being lost", "Not connected: a"}) {
		t.Errorf("%+v", h)
	}
	if h := d.verdict(at(int(stays/time.Second)+3, after.around.Others[2]), nil); h.Level != well {
		t.Errorf("%+v", h)
	}
	var many []Other
	for n := range 2 * mostOthers {
		many = append(many, Other{Kind: Node, Name: fmt.Sprint(n)})
	}
	crowd := at(3, many...)
	if n := len((change{after, crowd}).others()); n != mostOthers {
		t.Errorf("%d are shown", n)
	}
	if h := newDoctor().verdict(crowd, nil); len(h.Reasons) != mostAbsent+1 {
		t.Errorf("%q", h.Reasons)
	}
}
