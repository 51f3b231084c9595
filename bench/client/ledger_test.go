package client

import (
	"fmt"
	"halley/bench/reconcile"
	"testing"
)

// A report that was handed out does not change when more is refused.
func TestReportsOfRefusalsStayAsTheyAre(t *testing.T) {
	r := newRecord(true, 1)
	r.refuse(0, 0)
	early := r.void
	r.refuse(0, 1)
	if fmt.Sprint(early) != "[[{0 1}]]" || fmt.Sprint(r.void) != "[[{0 2}]]" {
		t.Errorf("early %v, late %v", early, r.void)
	}
}

// When a message was due is known to the process that publishes it.
func TestPlannedTimes(t *testing.T) {
	here, elsewhere := newRecord(true, 2), newRecord(false, 2)
	if here.number(1, 70) != 0 || here.number(1, 80) != 1 {
		t.Error("the numbers of a symbol do not rise from 0")
	}
	for n, want := range map[uint32]int64{0: 70, 1: 80, 2: 5} {
		if got := here.plannedAt(1, n, 5); got != want {
			t.Errorf("message %d was due at %d, want %d", n, got, want)
		}
	}
	if got := elsewhere.plannedAt(1, 0, 5); got != 5 {
		t.Errorf("a process that does not publish says %d", got)
	}
}

func TestALedgerWithoutASymbol(t *testing.T) {
	l := Ledger{Sent: []uint32{3}, Void: [][]reconcile.Span{{{From: 1, To: 2}}}}
	if p := l.Published(0); p.Total != 3 || p.Count() != 2 {
		t.Errorf("%+v", p)
	}
	if p := l.Published(1); p.Total != 0 || p.Void != nil {
		t.Errorf("%+v of a symbol that nothing was published of", p)
	}
}
