// Proved by TestWrongKeysAreCountedAndLimited and TestKeysAreCounted.

package internalhttp

import "halley/loop/access/key"

// Figures are what the internal listener has done since its start, see package loop/metric.
type Figures struct {
	Foreign   uint64        `metric:"internal_foreign_refused_total" help:"Requests of the internal listener refused for their Host, or since a page of another site sent them."`
	WrongKeys uint64        `metric:"internal_wrong_keys_total" help:"Requests of the internal listener with a wrong key."`
	Limited   uint64        `metric:"internal_keys_limited_total" help:"Requests of the internal listener whose key was not looked at: too many wrong ones had come from their address."`
	Keys      []key.Figures `label:"key"`
}

// Figures are what the listener has done.
func (l *Listener) Figures() Figures {
	c := &l.gate.count
	return Figures{Foreign: c.foreign.Load(), WrongKeys: c.wrong.Load(), Limited: c.limited.Load(), Keys: l.gate.ring.Figures()}
}
