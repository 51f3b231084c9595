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
			t.Logf("seed %d: %d operations, %d events, %d restarts", w.seed, w.step, len(w.model.events), w.restarts)
		})
	}
}
