package loop

import (
	"reflect"
	"testing"

	"halley/httpparse"
	"halley/loop/metric"
)

// Every figure has a name of its own and says what it tells.
func TestFigures(t *testing.T) {
	known := make(map[string]bool)
	for _, m := range metric.List(&Stats{}) {
		if known[m.Name] || m.Help == "" {
			t.Errorf("%s: twice, or without help", m.Name)
		}
		known[m.Name] = true
	}
}

// Whatever one loop counts is in the sum of all, so no counter can be forgotten there.
func TestTotalsOfLoops(t *testing.T) {
	s := made(t, func(c *Config) { c.Loops, c.Attended = 3, func() int { return 7 } })
	for i := range s.census.parts {
		fill(reflect.ValueOf(&s.census.parts[i].totals).Elem(), int64(i+1))
	}
	var six Totals
	fill(reflect.ValueOf(&six).Elem(), 1+2+3)
	six.Kept.History, six.Kept.Presence = 0, 7 // are of all loops together
	if got := s.Stats().Totals; got != six {
		t.Errorf("%+v, want %+v", got, six)
	}
}

// fill gives every number in v the value n.
func fill(v reflect.Value, n int64) {
	switch {
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case v.Kind() == reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case v.CanInt():
		v.SetInt(n)
	default:
		v.SetUint(uint64(n))
	}
}

func TestKindsHaveNames(t *testing.T) {
	for kind := range httpparse.KindCount {
		if (ByKind{}).Label(int(kind)) == "" {
			t.Errorf("kind %d has no name", kind)
		}
	}
}
