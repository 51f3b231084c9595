package loop

import (
	"unsafe"

	"halley/bayeux"
	"halley/bayeux/history"
	"halley/loop/bus"
)

// fate tells the loop of a session what became of an effect on a connection of this one.
func (r *reactor) fate(p bayeux.Report, quiet bool) {
	r.route(&bus.Message{To: p.Session.Place(), Kind: bus.Report, Quiet: quiet, Report: p})
}

// report tells the core of the loop at to what became of an effect.
func (r *reactor) report(to bayeux.Place, p bayeux.Report) {
	r.route(&bus.Message{To: to, Kind: bus.Report, Report: p})
}

// reported gives the core a report. What follows from it is left in r.fx.
func (r *reactor) reported(p *bayeux.Report) {
	if p.Kind == bayeux.GiveUp {
		r.giveUp(p)
	}
	if p.Past != nil {
		r.server.memory.takes(len(p.Past.Entries)*int(unsafe.Sizeof(history.Entry{})), r.now())
	}
	r.core.Report(r.now(), p, &r.fx)
}
