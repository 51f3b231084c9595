package client

import (
	"halley/bench/plan"
	"testing"
)

func TestChurnEndsByItsCount(t *testing.T) {
	for _, step := range []struct {
		name          string
		begin         int64
		idle          []int
		count, cycles int
		want          bool
	}{
		{"not begun", 0, []int{6}, 0, 0, false},
		{"without end", 1, []int{6}, 0, 1000, true},
		{"some left", 1, []int{6}, 5, 4, true},
		{"all begun", 1, []int{6}, 5, 5, false},
		{"called off", 1, []int{6}, -1, 0, false},
		{"all are under way", 1, nil, 5, 4, false},
	} {
		c := churn{begin: step.begin, idle: step.idle, pace: plan.Pace{Count: step.count}, cycles: step.cycles}
		due := c.wake(never) != never
		if _, ok := c.take(1); ok != step.want || due != step.want {
			t.Errorf("%s: %v, due %v", step.name, ok, due)
		}
	}
}

// Churning clients begin one by one, and again when their cycle is over.
func TestChurnGoesRound(t *testing.T) {
	config := sampleConfig("")
	config.Churners = 2
	c := newChurn(newRoster(&config))
	c.start(0, 3, 1)
	first, _ := c.take(1)
	second, _ := c.take(1)
	if _, ok := c.take(1); first != 22 || second != 21 || ok {
		t.Errorf("sessions %d and %d begin, a third %v", first, second, ok)
	}
	c.end(first, true, 5)
	c.end(second, false, 5)
	if c.took.Count() != 1 || c.failed != 1 {
		t.Errorf("%d completed, %d failed", c.took.Count(), c.failed)
	}
	if again, ok := c.take(1); again != second || !ok {
		t.Errorf("session %d begins again, %v", again, ok)
	}
	c.start(0, 0, 1)
	c.stop()
	if _, ok := c.take(1); ok {
		t.Error("a cycle begins after the end")
	}
}
