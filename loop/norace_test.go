//go:build !race

package loop

const stalledEvents = 6000

// raceDetector takes memory of its own, of which the runtime says nothing.
const raceDetector = false
