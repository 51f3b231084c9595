package metric

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// kinds are figures by kind.
type kinds [3]uint64

// Label implements Labels.
func (kinds) Label(i int) string { return fmt.Sprint("kind ", i) }

// core and sum are figures as those of a loop are.
type core struct {
	Held int64  `metric:"held" help:"Held."`
	In   uint64 `metric:"in_total" help:"Came in."`
}

type owners struct{ Output, Input int }

type sum struct {
	core
	Busy   time.Duration `metric:"busy_seconds_total" help:"Busy."`
	Errors kinds         `metric:"errors_total" label:"kind" help:"Errors."`
	Kept   owners        `metric:"kept_bytes" label:"owner" help:"Kept."`
	Bytes  int           // is told by nobody, but added up
}

// loops has the figures of each loop beside their sum.
type loops struct {
	Sum     sum
	Failing bool `metric:"failing" help:"Fails."`
	Loops   []struct {
		Lag time.Duration `metric:"lag_seconds" help:"Late."`
	} `label:"loop"`
}

// exported has exported fields alone, as what is added up must.
type exported struct {
	Held   int64
	Busy   time.Duration
	Errors kinds
	Kept   owners
}

func TestAdd(t *testing.T) {
	total := exported{1, time.Second, kinds{0, 1}, owners{10, 20}}
	Add(&total, &exported{-2, time.Minute, kinds{1, 1, 1}, owners{Input: 5}})
	if want := (exported{-1, 61 * time.Second, kinds{1, 2, 1}, owners{10, 25}}); total != want {
		t.Errorf("%+v, want %+v", total, want)
	}
}

func TestEach(t *testing.T) {
	var s loops
	s.Sum.core = core{Held: 3, In: 4}
	s.Sum.Busy, s.Sum.Errors, s.Sum.Kept, s.Failing = 1500*time.Millisecond, kinds{0, 7}, owners{Output: 8}, true
	s.Loops = append(s.Loops, struct {
		Lag time.Duration `metric:"lag_seconds" help:"Late."`
	}{time.Second})
	var got []string
	Each(&s, func(m Metric, label string, value float64) {
		got = append(got, fmt.Sprintf("%s{%s=%s} %g", m.Name, m.Label, label, value))
	})
	want := []string{
		"held{=} 3", "in_total{=} 4", "busy_seconds_total{=} 1.5", "errors_total{kind=kind 1} 7",
		"kept_bytes{owner=output} 8", "kept_bytes{owner=input} 0", "failing{=} 1", "lag_seconds{loop=0} 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// List has what Each may visit, whatever there is.
func TestList(t *testing.T) {
	var got []string
	for _, m := range List(&loops{}) {
		got = append(got, fmt.Sprint(m.Name, " ", m.Label, " ", m.IsCounter(), " ", m.Help))
	}
	want := []string{
		"held  false Held.", "in_total  true Came in.", "busy_seconds_total  true Busy.", "errors_total kind true Errors.",
		"kept_bytes owner false Kept.", "failing  false Fails.", "lag_seconds loop false Late.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// named says itself what tells it apart.
type named struct {
	Name string
	End  int64 `metric:"end" help:"Ends."`
}

// Label implements Labelled.
func (n named) Label() string { return n.Name }

func TestElementsWithLabels(t *testing.T) {
	s := struct {
		Named []named `label:"name"`
	}{[]named{{"a", 1}, {"b", 0}}}
	var got []string
	Each(&s, func(m Metric, label string, value float64) {
		got = append(got, fmt.Sprintf("%s{%s=%s} %g", m.Name, m.Label, label, value))
	})
	if want := []string{"end{name=a} 1", "end{name=b} 0"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
