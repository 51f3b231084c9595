package spread

import (
	"context"
	"fmt"
	"slices"
	"testing"
)

// What is told is told once; more than can wait is told to all together.
func TestGapsAreBounded(t *testing.T) {
	t.Parallel()
	var c counts
	g := newGaps(&c)
	g.add("/a")
	g.add("/a")
	if list := g.take(); !slices.Equal(list, []string{"/a"}) || len(g.take()) > 0 {
		t.Errorf("%v", list)
	}
	for n := range mostGaps + 10 {
		g.add(fmt.Sprint("/", n))
	}
	if list := g.take(); !slices.Equal(list, []string{all}) || c.gaps.Load() != mostGaps+2 || c.gapsOfAll.Load() != 1 {
		t.Errorf("%d, %d of %d for all", len(list), c.gapsOfAll.Load(), c.gaps.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	var told []string
	g.add("/b")
	g.tell(ctx, func(_ context.Context, pattern string) {
		told = append(told, pattern)
		if cancel(); len(told) == 1 {
			g.add("/c")
		}
	})
	if len(told) == 0 || told[0] != "/b" {
		t.Errorf("%v", told)
	}
}
