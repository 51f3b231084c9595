package bench

import "testing"

func TestFigure(t *testing.T) {
	if v, err := Figure("memory-halley"); err != nil || v < 100 || v > 10_000 {
		t.Errorf("a poll takes %v bytes, %v", v, err)
	}
	if _, err := Figure("memory"); err == nil {
		t.Error("part of a name is found")
	}
	if _, err := Figure("figure"); err == nil {
		t.Error("the first line is a figure")
	}
}
