package client

import (
	"reflect"
	"testing"
)

func TestTimersComeInOrder(t *testing.T) {
	var ts timers
	for _, due := range []int64{50, 10, 40, 10, 30} {
		ts.add(timer{due: due, session: int32(due), serial: 1})
	}
	if got := ts.wake(never); got != 10 {
		t.Errorf("the next timer is due at %d", got)
	}
	var got []int64
	for {
		e, ok := ts.pop(40)
		if !ok {
			break
		}
		got = append(got, e.due)
	}
	if want := []int64{10, 10, 30, 40}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if ts.wake(never) != 50 || ts.wake(49) != 49 || (&timers{}).wake(never) != never {
		t.Error("what is left is not the last timer")
	}
}
