package listen

import "testing"

// balance is one with so many connections by socket.
func balance(open ...int) *Balance {
	b := NewBalance(len(open))
	for socket, n := range open {
		for range n {
			b.Opened(socket)
		}
	}
	return b
}

// Where the fullest socket gets little more than its share the choice is made by address, and until it gets much more. Of few
// connections nothing is concluded.
func TestBalanceHolds(t *testing.T) {
	for _, c := range []struct {
		open          []int
		begins, stays bool
	}{
		{[]int{0, 0}, false, true},
		{[]int{63, 64}, false, true}, // too few
		{[]int{64, 64}, true, true},
		{[]int{0, 127}, false, true},
		{[]int{0, 128}, false, false}, // one address
		{[]int{560, 440}, true, true},
		{[]int{561, 439}, false, true},
		{[]int{439, 561}, false, true},
		{[]int{650, 350}, false, true},
		{[]int{651, 349}, false, false},
		{[]int{100, 100, 100, 112}, true, true},
		{[]int{100, 100, 100, 180}, false, false},
	} {
		b := balance(c.open...)
		if b.Holds(false) != c.begins || b.Holds(true) != c.stays {
			t.Errorf("%d: begins %v, stays %v", c.open, b.Holds(false), b.Holds(true))
		}
	}
}

// Connections that have closed count no more, and it is time to look once in so many that come.
func TestBalanceCounts(t *testing.T) {
	b := balance(64, 600)
	for range 536 {
		b.Closed(1)
	}
	if !b.Holds(false) {
		t.Error("closed connections count")
	}
	looks := 0
	for range 10 * lookEvery {
		if b.Opened(0) {
			looks++
		}
	}
	if looks != 10 {
		t.Errorf("%d looks", looks)
	}
}
