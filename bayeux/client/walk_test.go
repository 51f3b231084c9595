package client

import (
	"math/rand/v2"
	"testing"
	"time"
)

// walker lets anything happen to a machine, in any order.
type walker struct {
	*rig
	random *rand.Rand
	good   bool // nothing fails any more
}

// happen lets one thing happen: to what is under way, or by a user's wish.
func (w *walker) happen() {
	kinds := []string{longPollingType, eventSourceType, webSocketType}
	switch n := w.random.IntN(12); {
	case n < 5 && len(w.calls) > 0:
		w.answerOne()
	case n < 7 && len(w.links) > 0:
		w.opens(w.fault(errCut, &StatusError{Status: 404}, &StatusError{Status: 403}, errHeldBack))
	case n == 7:
		w.settle()
	case n == 8 && len(w.watch) > 0:
		w.take(stilled{w.watch[0]})
		w.watch = w.watch[1:]
	case n == 9 && len(w.open) > 0:
		if l := w.open[w.random.IntN(len(w.open))]; l.phase == isClosed || !w.good {
			w.ends(l, w.fault(errCut, nil, nil))
		}
	case n == 10 && !w.good:
		w.wish(kinds[w.random.IntN(3)])
	default:
		w.pass(time.Duration(w.random.IntN(3000)) * time.Millisecond)
	}
}

// fault is one of some errors, or nil.
func (w *walker) fault(errs ...error) error {
	if w.good || w.random.IntN(3) > 0 {
		return nil
	}
	return errs[w.random.IntN(len(errs))]
}

// answerOne answers any call: with success, a refusal or an error. A call that has been
// cancelled or whose connection is closed fails.
func (w *walker) answerOne() {
	n := w.random.IntN(len(w.calls))
	c := w.calls[n]
	w.calls = append(w.calls[:n:n], w.calls[n+1:]...)
	fields := ""
	if !w.good && w.random.IntN(8) == 0 {
		fields = `"successful":false,"error":"402::session_unknown","advice":{"reconnect":"handshake"}`
	}
	if c.err = w.fault(errCut); c.err == nil && !c.link.carries() {
		c.err = ErrConnectionEnded
	}
	if c.err == nil {
		w.replies(c, fields)
	}
	w.take(answered{c})
}

// wish is something that a user does.
func (w *walker) wish(kind string) {
	switch w.random.IntN(4) {
	case 0:
		w.take(asked{newInquiry(w.t.Context(), func(s *session) []request { return []request{{Channel: "/b", ClientID: s.id}} })})
	case 1:
		w.take(stopped{w.work, errCut})
		w.run()
	case 2:
		w.take(released{})
	default:
		w.take(preferred{kind})
	}
}

// check looks for what must never be.
func (w *walker) check() {
	w.t.Helper()
	missing := 0
	for _, c := range w.calls {
		missing += c.missing
	}
	if w.m.work == nil || w.m.state == (turning{}) || missing > len(w.m.pending) {
		w.t.Fatalf("%T, work %v; %d replies are missing, %d awaited", w.m.state, w.m.work, missing, len(w.m.pending))
	}
	live := 0
	for _, l := range w.open {
		if l.live() && l != w.m.link {
			live++
		}
		if l.calls < 0 {
			w.t.Fatal("more calls are answered than sent")
		}
	}
	if live > 1 {
		w.t.Fatalf("%d connections are open beside the one in use", live)
	}
}

// Whatever happens, the machine comes back to a session that is connected, once nothing
// fails any more.
func TestMachineComesBack(t *testing.T) {
	for seed := range uint64(300) {
		r := newRig(t, Options{ConnectionTypes: []string{webSocketType, eventSourceType, longPollingType}, Replay: true})
		r.m.table.set(registration{pattern: "/a", cursor: 7})
		w := &walker{rig: r, random: rand.New(rand.NewPCG(seed, 1))}
		w.run()
		for range 300 {
			w.happen()
			w.check()
		}
		w.good = true
		for range 500 {
			w.happen()
			w.check()
		}
		if w.m.session == nil || !w.m.link.live() {
			t.Fatalf("seed %d: %T, session %v, last did %q", seed, w.m.state, w.m.session, w.did[max(len(w.did)-12, 0):])
		}
		w.drain(t, "after the walk")
	}
}
