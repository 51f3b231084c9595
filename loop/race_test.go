//go:build race

package loop

// The race detector makes each event ten times as dear.
const stalledEvents = 1000
