// Package simulation runs the protocol core with thousands of clients on several
// loops, over a network that fails in every way that a seed may choose, and holds
// what each client sees against a naive model of what it must see.
//
//   - world: the clock, the seed, what happens next; plan: what worlds there are
//   - loop, conn, shared: a driver as the server's, over connections thought of
//   - client, act, read: what clients do and make of what they get
//   - model, view: what was published, and what of it a client has to have
//   - invariants: what holds of each core and session after each call
//   - settle, leak: the checks at rest, and after the last session has gone
//   - bugs: faults of the driver, each of which a run must find
package simulation

import (
	"flag"
	"testing"
)

var (
	simSeed = flag.Uint64("sim.seed", 1, "seed of the first world; a failure prints that of its own")
	simOps  = flag.Int("sim.ops", 200_000, "operations in all worlds together")
)

// TestSimulation runs worlds of every plan.
func TestSimulation(t *testing.T) {
	all := plans()
	for i, p := range all {
		t.Run(p.name, func(t *testing.T) {
			w, err := run(*simSeed+uint64(i), p, *simOps/len(all), noBug)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("seed %d: %d operations, %d events, %d restarts, %d times that nodes lost each other", w.seed, w.step, len(w.model.events), w.restarts, w.severed)
		})
	}
}
