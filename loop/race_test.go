//go:build race

package loop

// The race detector makes each event ten times as dear.
const stalledEvents = 1000

// raceDetector takes memory of its own, of which the runtime says nothing.
const raceDetector = true
