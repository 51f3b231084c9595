package loop

import (
	"unsafe"

	"halley/bayeux"
	"halley/bayeux/history"
	"halley/loop/bus"
)

// written tells the loop of a session that a reply with events was written.
func (r *reactor) written(p reply) {
	r.route(&bus.Message{To: p.session.Place(), Kind: bus.Report, Quiet: !p.stream,
		Report: bayeux.Report{Kind: bayeux.Written, Session: p.session, Upto: p.upto}})
}

// late tells the loop of a session that a group of its events, which has left now, took so
// many milliseconds.
func (r *reactor) late(session bayeux.Address, took int64) {
	r.report(session.Place(), bayeux.Report{Kind: bayeux.Late, Session: session, Took: uint32(took)})
}

// bounced tells the loop of a session that a reply with events was not written.
func (r *reactor) bounced(p reply) {
	r.report(p.session.Place(), bayeux.Report{Kind: bayeux.Bounced, Session: p.session, Upto: p.upto})
}

// gone tells the loop of a session that the connection of its held connect, or of its
// stream, has closed.
func (r *reactor) gone(session bayeux.Address, to bayeux.ReplyTo) {
	r.report(session.Place(), bayeux.Report{Kind: bayeux.Gone, Session: session, To: to})
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
